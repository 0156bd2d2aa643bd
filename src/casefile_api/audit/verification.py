"""The whole log of a database verified: everything recomputed, nothing believed but the log's own key.

Used by `casefile-api audit verify`, by tests and by operations alike. It reads beside a running service: what is added
meanwhile lies beyond the newest checkpoint at the start, and is left to the next time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from casefile_api.audit.checkpoint_checks import CheckpointJudge, readable_keys, verify_outside
from casefile_api.audit.cosignature_verification import verify_cosignatures
from casefile_api.audit.cosigning import configured_witnesses
from casefile_api.audit.findings import Advance, Meaning, Report, no_progress
from casefile_api.audit.log_verification import LogWalk, verify_entry
from casefile_api.audit.numbering import verify_numbering
from casefile_api.audit.succession_verification import verify_closed_logs
from casefile_api.audit.time_stamp_verification import verify_time_stamps
from casefile_api.audit.version_verification import verify_versions
from casefile_api.audit.vouched import find_vouched
from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    SignerKey,
    VerifierKey,
    parse_checkpoint,
    parse_note,
)
from casefile_api.ledger.cosignatures import NOBODY, Quorum
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint, Retained
from casefile_api.ledger.log_keys import key_file, load_private_keys
from casefile_api.ledger.succession import ClosedLog
from casefile_api.ledger.tree import EMPTY_ROOT
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.vault import Vault

_NEWEST = text("select tree_size, root_hash from audit_checkpoint order by tree_size desc, id desc limit 1")
# The name in the database, and the one that checkpoints are signed under: the same, where some of the newest bear it.
_ORIGINS = text(
    """
    select named, case when bool_or(under = named) then named else mode() within group (order by under) end
    from (select (select origin from audit_log) as named) log left join (
        select split_part(note, E'\\n', 1) as under from audit_checkpoint order by tree_size desc, id desc limit 100
    ) newest on true group by named
    """
)
_BEYOND = text(
    "select leaf_index from audit_leaf where leaf_index < 0 or leaf_index >= "
    "(select coalesce(max(tree_size), 0) from audit_checkpoint) order by leaf_index limit 1000"
)
_UNPLACED = """
    select e.id from audit_entry e
    where not exists (select from audit_leaf l where l.entry_id = e.id)
        and not exists (select from audit_pending p where p.entry_id = e.id){elsewhere}
    order by e.occurred_at limit 1000
    """
_FILED_FOR_NOTHING = text(
    "select leaf_index, id from audit_search s"
    " where not exists (select from audit_leaf l where l.leaf_index = s.leaf_index) order by leaf_index limit 1000"
)
_WAITING = text("select e.* from audit_pending p join audit_entry e on e.id = p.entry_id limit 5000")
_WAITING_FOR_NOTHING = text(
    """
    select p.entry_id, exists (select from audit_leaf l where l.entry_id = p.entry_id) as placed from audit_pending p
    where not exists (select from audit_entry e where e.id = p.entry_id)
        or exists (select from audit_leaf l where l.entry_id = p.entry_id)
    """
)
# The owner is no part of the hashed entry, but follows from it: the force of the case file, where one was found.
_OWNERS = text(
    """
    select e.id, e.owner, c.organisation from audit_entry e left join case_file c on c.id = e.case_file_id
    where e.owner is not null and (e.case_file_id is null or e.owner <> c.organisation)
        or e.owner is null and c.id is not null and e.outcome = 'allowed'
    limit 1000
    """
)


@dataclass(frozen=True, slots=True)
class Believed:
    """What a verification starts from, none of it from the database."""

    keys: Collection[VerifierKey]
    """The log's public keys, as known outside."""
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    """Signed notes kept outside, by the name of their file."""
    quorum: Quorum = NOBODY
    """The witnesses that are known outside, and how many of them must have vouched for one checkpoint."""
    settings: Settings | None = None
    """Where they name the certificate above a time-stamping authority, the kept time-stamps are verified."""


async def believed_beside(
    database: Database,
    settings: Settings,
    keys: Collection[VerifierKey] = (),
    checkpoints: Mapping[str, str] | None = None,
    quorum: Quorum | None = None,
    retained: Retained | None = None,
) -> Believed:
    """What is known outside the database here: the log's own key and the newest checkpoint, where they are kept.

    Raises Misconfigured where there is no key to believe.
    """
    async with database.connection(WORKER) as connection:
        named, signed = (await connection.execute(_ORIGINS)).one()
    origin = signed or named or ""
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
    if retained is not None and (locked := await retained.newest(origin, [*own, *keys])) is not None:
        beside["retained in the bucket"] = locked
    configured = Quorum(tuple(witness.key for witness in configured_witnesses(settings)))
    return Believed([*own, *keys], {**beside, **(checkpoints or {})}, quorum or configured, settings)


async def verify_database(
    database: Database, vault: Vault | None, believed: Believed, advance: Advance = no_progress
) -> Report:
    """Verify entries, leaves, tiles, checkpoints and (with a vault to open them) versions."""
    report = Report()
    async with database.connection(WORKER) as connection:
        named, signed_under = (await connection.execute(_ORIGINS)).one()
        listed = readable_keys(
            report, (await connection.execute(text("select verifier_key from audit_log_key"))).scalars().all()
        )
        newest = (await connection.execute(_NEWEST)).one_or_none()
        alarm = (await connection.execute(text("select detail from log_alarm"))).scalar_one_or_none()
        vouched = await find_vouched(connection, report)
    origin = signed_under or named
    if signed_under is not None and named != signed_under:
        wrong = f"its checkpoints are signed under this name, and the database calls it {named or 'nothing'}"
        report.add("log", signed_under, wrong, Meaning.NAME_ALTERED)
    if alarm is not None:
        report.add("log", origin or "", f"the sequencer signs nothing: {alarm}", Meaning.NOT_VOUCHED)
    size, root = (newest.tree_size, bytes(newest.root_hash)) if newest is not None else (0, EMPTY_ROOT)
    signed = Checkpoint(origin or "", size, root)
    judge = CheckpointJudge(report, signed.origin, believed.keys, listed)
    walk = LogWalk(database, report, signed, judge, [_size_of(note) for note in believed.checkpoints.values()], vouched)
    await walk.walk(advance)
    judge.judge_list()
    for name, note in believed.checkpoints.items():
        verify_outside(report, name, note, signed.tree_size, walk.roots, believed.keys)
    await verify_cosignatures(database, report, believed.quorum, signed.tree_size)
    await verify_numbering(database, report)
    if believed.settings is not None:
        await verify_time_stamps(database, believed.settings, report, signed.tree_size)
    root_hash = report.root_hash
    closed = await verify_closed_logs(database, report, believed.keys, advance)
    report.root_hash = root_hash  # of the log that grows
    await _verify_unplaced(database, report, closed)
    if vault is None:
        report.notes.append("Versions of case files were not verified: the master key that opens them is not here.")
    else:
        await verify_versions(database, vault, report, advance, vouched.erased_cases)
    return report


def _size_of(note: str) -> int:
    """The size that a note claims, so that the root of that size is worked out on the way; 0 where it says nothing."""
    try:
        return parse_checkpoint(parse_note(note).text).tree_size
    except CheckpointError:
        return 0


async def _verify_unplaced(database: Database, report: Report, closed: Sequence[ClosedLog]) -> None:
    """Entries that wait for their leaf, and entries and leaves that the service would not have left so."""
    async with database.connection(WORKER) as connection:

        async def rows(query: Any) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        for row in await rows(_BEYOND):
            wrong = "it lies beyond the newest checkpoint"
            report.add("leaf", row.leaf_index, wrong, Meaning.ENTRY_UNPLACED)
        elsewhere = "".join(
            f" and not exists (select from log_{log.number}.audit_leaf l where l.entry_id = e.id)" for log in closed
        )
        for row in await rows(text(_UNPLACED.format(elsewhere=elsewhere))):
            report.add("entry", row.id, "it is neither in the tree nor waiting for it", Meaning.ENTRY_UNPLACED)
        for row in await rows(_WAITING):
            report.count("entries waiting")
            verify_entry(report, row, None)
        for row in await rows(_WAITING_FOR_NOTHING):
            wrong = "it waits for a leaf and has one" if row.placed else "it waits for a leaf and is missing"
            report.add("entry", row.entry_id, wrong, Meaning.ENTRY_UNPLACED if row.placed else Meaning.ENTRY_REMOVED)
        for row in await rows(_FILED_FOR_NOTHING):
            wrong = f"searches find it at leaf {row.leaf_index}, which there is not"
            report.add("entry", row.id, wrong, Meaning.INDEX_ALTERED)
        for row in await rows(_OWNERS):
            wrong = f"it is kept under the force {row.owner} and its case file is of {row.organisation or 'none'}"
            report.add("entry", row.id, wrong, Meaning.INDEX_ALTERED)
