"""Published checkpoints held against the recomputed tree and the keys. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from casefile_api.audit.findings import Meaning, Report
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    VerifierKey,
    open_checkpoint,
    parse_note,
    parse_verifier_key,
)

FIRST_NAMED = 3


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of the checkpoints table."""

    number: int
    tree_size: int
    root_hash: bytes
    note: str

    @property
    def name(self) -> str:
        """How it is named in a report."""
        return f"{self.number} (of {self.tree_size} entries)"


class CheckpointJudge:
    """Holds each checkpoint's signature and root against the keys and the recomputed tree, one after the other.

    A key that is merely listed in the database vouches for older checkpoints only, since whoever rewrites the database
    can list a key of their own: the newest must be signed by a trusted key.
    """

    def __init__(
        self, report: Report, origin: str, trusted: Collection[VerifierKey], listed: Collection[VerifierKey]
    ) -> None:
        self._report = report
        self._origin = origin
        self._trusted = trusted
        self._listed = listed
        self._known = [*trusted, *listed]
        self._signed: set[VerifierKey] = set()
        self._rewritten = 0
        self._newest: StoredCheckpoint | None = None

    def judge(self, row: StoredCheckpoint, root: bytes) -> None:
        """Judge a checkpoint by the root that the entries of its size lead to."""
        self._report.count("checkpoints")
        wrong = self._wrong_note(row)
        before = self._newest
        if wrong is None and before is not None and (before.note, before.tree_size) == (row.note, row.tree_size):
            wrong = f"it is checkpoint {before.number} once more"
        self._newest = row
        if wrong is not None:
            self._report.add("checkpoint", row.name, wrong, Meaning.CHECKPOINT_ALTERED)
        elif root != row.root_hash:
            self._rewritten += 1
            if self._rewritten <= FIRST_NAMED:
                wrong = f"well signed, but the first {row.tree_size} entries no longer lead to its root"
                self._report.add("checkpoint", row.name, wrong, Meaning.HISTORY_REWRITTEN)

    def finish(self) -> None:
        """Judge the last one as the newest, and say how many more the entries do not fit."""
        if self._newest is not None and not _opens(self._newest.note, self._trusted):
            wrong = "the newest one is not signed by the log's own key"
            self._report.add("checkpoint", self._newest.name, wrong, Meaning.NOT_VOUCHED)
        if self._rewritten > FIRST_NAMED:
            rest = self._rewritten - FIRST_NAMED
            self._report.notes.append(f"{rest} later checkpoints do not fit the entries either")

    def judge_list(self) -> None:
        """Judge the list of keys that whoever asks is given: those that sign stand in it, and nobody else's."""
        for key in self._signed.difference(self._listed):
            wrong = "it signs the log and is not listed: whoever asks for the log's keys is not given it"
            self._report.add("key", key.text(), wrong, Meaning.KEYS_ALTERED)
        for key in set(self._listed).difference(self._signed, self._trusted):
            wrong = "it is listed as a key of the log, and no checkpoint that is kept bears its signature"
            self._report.add("key", key.text(), wrong, Meaning.KEYS_ALTERED)

    def _wrong_note(self, row: StoredCheckpoint) -> str | None:
        try:
            opened = open_checkpoint(row.note, self._known)
            signed = parse_note(row.note)
            by = signed.verified_by(self._known)
        except CheckpointError as fault:
            return str(fault)
        self._signed.update(by)
        if len(by) < len(signed.signatures):
            return "it bears a signature by a key that is not the log's"
        if opened != Checkpoint(self._origin, row.tree_size, row.root_hash):
            return "its note says something else than its columns"
        return None


def _opens(note: str, keys: Collection[VerifierKey]) -> bool:
    try:
        open_checkpoint(note, keys)
    except CheckpointError:
        return False
    return True


def readable_keys(report: Report, texts: Collection[str]) -> list[VerifierKey]:
    """The keys that a log lists; one that is none is named."""
    keys = []
    for key in texts:
        try:
            keys.append(parse_verifier_key(key))
        except CheckpointError as fault:
            report.add("key", key[:80], str(fault), Meaning.KEYS_ALTERED)
    return keys


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
