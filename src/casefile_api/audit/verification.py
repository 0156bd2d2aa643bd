"""The whole log of a database verified: everything recomputed, nothing believed but the log's own key.

Used by `casefile-api audit verify`, by tests and by operations alike. It reads beside a running service: what is added
meanwhile lies beyond the newest checkpoint at the start, and is left to the next time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from casefile_api.audit.checkpoint_checks import StoredCheckpoint, verify_checkpoints, verify_outside
from casefile_api.audit.findings import Advance, Meaning, Report, no_progress
from casefile_api.audit.log_verification import LogWalk, verify_entry
from casefile_api.audit.tree_walk import tile_name
from casefile_api.audit.version_verification import verify_versions
from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    SignerKey,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
)
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.ledger.log_keys import key_file, load_private_keys
from casefile_api.ledger.tiles import TileId, tile_width
from casefile_api.ledger.tree import EMPTY_ROOT
from casefile_api.settings import Settings
from casefile_api.vault import Vault

_CHECKPOINTS = text("select id, tree_size, root_hash, note from audit_checkpoint order by id")
_BEYOND = text(
    "select leaf_index from audit_leaf where leaf_index < 0 or leaf_index >= "
    "(select coalesce(max(tree_size), 0) from audit_checkpoint) order by leaf_index limit 1000"
)
_TILE_LENGTHS = text(
    "select level, number, octet_length(hashes) / 32 as width,"
    " (select coalesce(max(tree_size), 0) from audit_checkpoint) as size from audit_tile"
)
_UNPLACED = text(
    """
    select e.id from audit_entry e
    where not exists (select from audit_leaf l where l.entry_id = e.id)
        and not exists (select from audit_pending p where p.entry_id = e.id)
    order by e.occurred_at limit 1000
    """
)
_WAITING = text("select e.* from audit_pending p join audit_entry e on e.id = p.entry_id limit 5000")
_WAITING_FOR_NOTHING = text(
    """
    select p.entry_id, exists (select from audit_leaf l where l.entry_id = p.entry_id) as placed from audit_pending p
    where not exists (select from audit_entry e where e.id = p.entry_id)
        or exists (select from audit_leaf l where l.entry_id = p.entry_id)
    """
)
_OWNERS = text(
    "select e.id, e.owner, c.organisation from audit_entry e join case_file c on c.id = e.case_file_id"
    " where e.owner is not null and e.owner <> c.organisation limit 1000"
)


@dataclass(frozen=True, slots=True)
class Believed:
    """What a verification starts from, none of it from the database."""

    keys: Collection[VerifierKey]
    """The log's public keys, as known outside."""
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    """Signed notes kept outside, by the name of their file."""


async def believed_beside(
    database: Database,
    settings: Settings,
    keys: Collection[VerifierKey] = (),
    checkpoints: Mapping[str, str] | None = None,
) -> Believed:
    """What is known outside the database here: the log's own key and the newest checkpoint, where they are kept.

    Raises Misconfigured where there is no key to believe.
    """
    async with database.connection() as connection:
        origin = (await connection.execute(text("select origin from audit_log"))).scalar_one_or_none() or ""
    own = (
        [SignerKey(origin, key).verifier for key in load_private_keys(settings)] if key_file(settings).exists() else []
    )
    if not own and not keys:
        raise Misconfigured(
            "The log's key is not here: give its public key with --public-key, as /public-key shows it."
        )
    kept = KeptCheckpoint.beside_key(settings)
    note = kept.read()
    beside = {str(kept.path): note} if note is not None else {}
    return Believed([*own, *keys], {**beside, **(checkpoints or {})})


async def verify_database(
    database: Database, vault: Vault | None, believed: Believed, advance: Advance = no_progress
) -> Report:
    """Verify entries, leaves, tiles, checkpoints and (with a vault to open them) versions."""
    report = Report()
    async with database.connection() as connection:
        origin = (await connection.execute(text("select origin from audit_log"))).scalar_one_or_none()
        listed = _keys(
            report, (await connection.execute(text("select verifier_key from audit_log_key"))).scalars().all()
        )
        rows = [
            StoredCheckpoint(row.id, row.tree_size, bytes(row.root_hash), row.note)
            for row in await connection.execute(_CHECKPOINTS)
        ]
        alarm = (await connection.execute(text("select detail from log_alarm"))).scalar_one_or_none()
    if alarm is not None:
        report.add("log", origin or "", f"the sequencer signs nothing: {alarm}", Meaning.NOT_VOUCHED)
    newest = max(rows, key=lambda row: (row.tree_size, row.number), default=None)
    signed = Checkpoint(origin or "", newest.tree_size, newest.root_hash) if newest else Checkpoint("", 0, EMPTY_ROOT)
    outside = {name: _size_of(note) for name, note in believed.checkpoints.items()}
    walk = LogWalk(database, report, signed, {row.tree_size for row in rows} | set(outside.values()))
    await walk.walk(advance)
    verify_checkpoints(report, rows, walk.roots, signed.origin, believed.keys, listed)
    for name, note in believed.checkpoints.items():
        verify_outside(report, name, note, signed.tree_size, walk.roots, believed.keys)
    await _verify_unsigned(database, report)
    if vault is not None:
        await verify_versions(database, vault, report, advance)
    return report


def _keys(report: Report, texts: Sequence[str]) -> list[VerifierKey]:
    keys = []
    for key in texts:
        try:
            keys.append(parse_verifier_key(key))
        except CheckpointError as fault:
            report.add("key", key[:80], str(fault), Meaning.CHECKPOINT_ALTERED)
    return keys


def _size_of(note: str) -> int:
    """The size that a note claims, so that the root of that size is worked out on the way; 0 where it says nothing."""
    try:
        return parse_checkpoint(parse_note(note).text).tree_size
    except CheckpointError:
        return 0


async def _verify_unsigned(database: Database, report: Report) -> None:
    """What no checkpoint covers: entries that wait, and rows that the service would not have left."""
    async with database.connection() as connection:

        async def rows(query: Any) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        for row in await rows(_BEYOND):
            wrong = "it lies beyond the newest checkpoint"
            report.add("leaf", row.leaf_index, wrong, Meaning.ENTRY_UNPLACED)
        for row in await rows(_TILE_LENGTHS):
            if row.width > tile_width(TileId(row.level, row.number), row.size):
                name = tile_name(TileId(row.level, row.number))
                report.add("tile", name, "it holds hashes beyond the newest checkpoint", Meaning.TILE_ALTERED)
        for row in await rows(_UNPLACED):
            report.add("entry", row.id, "it is neither in the tree nor waiting for it", Meaning.ENTRY_UNPLACED)
        for row in await rows(_WAITING):
            report.count("entries waiting")
            verify_entry(report, row, None)
        for row in await rows(_WAITING_FOR_NOTHING):
            wrong = "it waits for a leaf and has one" if row.placed else "it waits for a leaf and is missing"
            report.add("entry", row.entry_id, wrong, Meaning.ENTRY_UNPLACED if row.placed else Meaning.ENTRY_REMOVED)
        for row in await rows(_OWNERS):
            wrong = f"it is kept under the force {row.owner} and its case file is of {row.organisation}"
            report.add("entry", row.id, wrong, Meaning.INDEX_ALTERED)
