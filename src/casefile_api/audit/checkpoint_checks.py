"""Published checkpoints held against the recomputed tree and the keys. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from casefile_api.audit.findings import Meaning, Report
from casefile_api.ledger.checkpoints import Checkpoint, CheckpointError, VerifierKey, open_checkpoint

FIRST_NAMED = 3


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of the checkpoints table."""

    number: int
    tree_size: int
    root_hash: bytes
    note: str


def verify_checkpoints(
    report: Report,
    rows: Iterable[StoredCheckpoint],
    roots: Mapping[int, bytes],
    origin: str,
    trusted: Collection[VerifierKey],
    listed: Collection[VerifierKey],
) -> None:
    """Verify each checkpoint's signature, numbering and root; the newest must be signed by a trusted key.

    A key that is merely listed in the database vouches for older checkpoints only, since whoever rewrites the database
    can list a key of their own.
    """
    expected, previous, newest = 1, 0, None
    rewritten: list[StoredCheckpoint] = []
    for row in rows:
        report.count("checkpoints")
        name = f"{row.number} (of {row.tree_size} entries)"
        if row.number != expected:
            gone = f"{expected}" if row.number == expected + 1 else f"{expected} to {row.number - 1}"
            report.add("checkpoint", gone, "missing: the numbering has a gap", Meaning.CHECKPOINT_ALTERED)
        if row.tree_size < previous:
            report.add("checkpoint", name, "it is smaller than the one before it", Meaning.CHECKPOINT_ALTERED)
        expected, previous, newest = row.number + 1, row.tree_size, row
        wrong = _wrong_note(row, origin, [*trusted, *listed])
        if wrong is not None:
            report.add("checkpoint", name, wrong, Meaning.CHECKPOINT_ALTERED)
        elif roots.get(row.tree_size) != row.root_hash:
            rewritten.append(row)
    _name_rewritten(report, rewritten)
    if newest is not None and not _opens(newest.note, trusted):
        name = f"{newest.number} (of {newest.tree_size} entries)"
        report.add("checkpoint", name, "the newest one is not signed by the log's own key", Meaning.NOT_VOUCHED)


def _wrong_note(row: StoredCheckpoint, origin: str, keys: Collection[VerifierKey]) -> str | None:
    try:
        opened = open_checkpoint(row.note, keys)
    except CheckpointError as fault:
        return str(fault)
    if opened != Checkpoint(origin, row.tree_size, row.root_hash):
        return "its note says something else than its columns"
    return None


def _opens(note: str, keys: Collection[VerifierKey]) -> bool:
    try:
        open_checkpoint(note, keys)
    except CheckpointError:
        return False
    return True


def _name_rewritten(report: Report, rewritten: list[StoredCheckpoint]) -> None:
    """The first checkpoints that the entries no longer lead to say from where on history was rewritten."""
    for row in rewritten[:FIRST_NAMED]:
        wrong = f"well signed, but the first {row.tree_size} entries no longer lead to its root"
        report.add("checkpoint", f"{row.number} (of {row.tree_size} entries)", wrong, Meaning.HISTORY_REWRITTEN)
    if len(rewritten) > FIRST_NAMED:
        rest = len(rewritten) - FIRST_NAMED
        report.notes.append(f"{rest} later checkpoints do not fit the entries either")


def verify_outside(
    report: Report, name: str, note: str, size: int, roots: Mapping[int, bytes], keys: Collection[VerifierKey]
) -> None:
    """Verify a checkpoint kept outside the database against the recomputed tree."""
    report.count("checkpoints kept outside")
    try:
        kept = open_checkpoint(note, keys)
    except CheckpointError as fault:
        report.add("checkpoint file", name, str(fault), Meaning.NOT_VOUCHED)
        return
    if kept.tree_size > size:
        wrong = f"it covers {kept.tree_size} entries and the database's tree has {size}"
        report.add("checkpoint file", name, wrong, Meaning.OLD_BACKUP)
    elif roots.get(kept.tree_size) != kept.root_hash:
        wrong = f"the first {kept.tree_size} entries do not lead to its root"
        report.add("checkpoint file", name, wrong, Meaning.HISTORY_REWRITTEN)
