"""A log that cannot go on is closed, and a successor opened whose first entry holds the checkpoint it ended with.

When a backup was restored, entries that a published checkpoint covers are gone, and the tree as it is would contradict
what others hold. Nothing can be signed under the old name again. The old tree goes into a schema of its own, where its
proofs are served and it never grows; a new log of another name begins in the same tables. Its first entry names the old
log's last checkpoint, so whoever followed the old one can follow on, and sees where it broke.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.ledger import tiles
from casefile_api.ledger.batch import LOCK
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    SignerKey,
    VerifierKey,
    check_key_name,
    open_checkpoint,
    parse_verifier_key,
    sign_checkpoint,
)
from casefile_api.ledger.entries import SealedEntry, write_entries
from casefile_api.ledger.search_rows import FILED
from casefile_api.tenancy import AS_OWNER, SEQUENCER_ROLE, WORKER_ROLE

ACTION = "open_successor_log"

_CLOSED = text("select number, origin, tree_size, note, closed_at from audit_succession order by number")
_KEPT = text("select number from audit_succession where to_regclass(format('log_%s.audit_leaf', number)) is not null")
_CLOSE = text(
    "insert into audit_succession (number, origin, tree_size, note, closed_at)"
    " values (:number, :origin, :size, :note, :at)"
)
_FILE_FIRST = text(f"{FILED} from audit_leaf l join audit_entry e on e.id = l.entry_id where l.leaf_index = 0")
_NEWEST_NOTE = text("select note from audit_checkpoint order by tree_size desc, id desc limit 1")


@dataclass(frozen=True, slots=True)
class ClosedLog:
    """A log that was closed: its number, its name and the checkpoint it ended with."""

    number: int
    origin: str
    tree_size: int
    note: str
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How a log ends: the checkpoint that its successor will hold, the alarm that ended it, and the names used up."""

    number: int
    checkpoint: Checkpoint
    note: str
    alarm: str
    names: frozenset[str]


def succession_line(checkpoint: Checkpoint) -> str:
    """The old log's checkpoint as the successor's first entry names it: origin, size and root in one line."""
    return f"{checkpoint.origin} {checkpoint.tree_size} {b64encode(checkpoint.root_hash).decode()}"


async def closed_logs(reader: AsyncConnection | AsyncSession) -> list[ClosedLog]:
    """The logs that were closed, the first one first."""
    return [
        ClosedLog(row.number, row.origin, row.tree_size, row.note, row.closed_at)
        for row in await reader.execute(_CLOSED)
    ]


async def kept_logs(reader: AsyncConnection | AsyncSession) -> list[ClosedLog]:
    """Those of the closed logs whose tree is where it was put, as all are unless somebody moved it."""
    there = set((await reader.execute(_KEPT)).scalars())
    return [log for log in await closed_logs(reader) if log.number in there]


async def present_log(reader: AsyncConnection | AsyncSession) -> int:
    """The number of the log that grows: one more than there are closed ones."""
    number: int = (await reader.execute(text("select count(*) + 1 from audit_succession"))).scalar_one()
    return number


async def enter_log(reader: AsyncConnection | AsyncSession, number: int | None) -> None:
    """Read a closed log in the transaction at hand: what is in its schema goes before what is in the present one.

    Raises Invalid where no log of this number was closed.
    """
    if number is None:
        return
    known = await reader.execute(text("select from audit_succession where number = :number"), {"number": number})
    if known.one_or_none() is None:
        fault = Fault("unknown", "Leave it out, or name the number of a closed log.", parameter="log")
        raise Invalid("No log of that number was closed.", fault)
    await reader.execute(text("select set_config('search_path', :path, true)"), {"path": f"log_{number}, public"})


async def listed_keys(session: AsyncSession, signers: list[SignerKey]) -> list[VerifierKey]:
    """The keys that the log lists, and those of the key file."""
    listed = (await session.execute(text("select verifier_key from audit_log_key"))).scalars()
    return [*map(parse_verifier_key, listed), *(signer.verifier for signer in signers)]


async def find_ending(session: AsyncSession, kept: str | None, signers: list[SignerKey]) -> Ending:
    """How the present log ends, in the transaction at hand, which holds off every batch from here on.

    Raises WrongState where the log grows well, or where no good checkpoint of it is at hand.
    """
    await session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    alarm = (await session.execute(text("select code from log_alarm"))).scalar_one_or_none()
    if alarm is None:
        raise WrongState("The log grows as it should; a successor would only make it harder to follow.")
    note = kept or (await session.execute(_NEWEST_NOTE)).scalar_one_or_none()
    if note is None:
        raise WrongState("There is no checkpoint that a successor could hold.")
    try:
        checkpoint = open_checkpoint(note, await listed_keys(session, signers))
    except CheckpointError as fault:
        reason = f"The checkpoint kept outside is not good ({fault}): bring back the one that was kept."
        raise WrongState(reason) from None
    closed = await closed_logs(session)
    names = frozenset({checkpoint.origin, *(log.origin for log in closed)})
    return Ending(len(closed) + 1, checkpoint, note, alarm, names)


def successor_name(wanted: str | None, ending: Ending) -> str:
    """The name of the successor: as wanted, or the first log's with the number behind it.

    Raises WrongState for a name that is none, or that this log or one before it had.
    """
    old = ending.checkpoint.origin
    first = old.removesuffix(f"/{ending.number}") if ending.number > 1 else old
    name = wanted or f"{first}/{ending.number + 1}"
    try:
        check_key_name(name)
    except CheckpointError as fault:
        raise WrongState(f"{name}: {fault}.") from None
    if name in ending.names:
        raise WrongState("The successor needs a name that none had before it: two logs of one name would be a fork.")
    return name


async def close_log(session: AsyncSession, ending: Ending, at: datetime) -> None:
    """Close the present log, as the owner of the tables, in the transaction at hand."""
    old = ending.checkpoint
    values = {"number": ending.number, "origin": old.origin, "size": old.tree_size, "note": ending.note, "at": at}
    await session.execute(text(AS_OWNER))
    await session.execute(_CLOSE, values)
    await session.execute(text("select close_audit_log(:number)"), {"number": ending.number})
    await session.execute(text("delete from log_alarm"))
    await session.execute(text(f"set local role {WORKER_ROLE}"))


async def begin_log(session: AsyncSession, signers: list[SignerKey], entry: SealedEntry, at: datetime) -> str:
    """Begin the successor with its first entry, and sign it; the note that it is published by."""
    await write_entries(session, [entry])
    await session.execute(text(f"set local role {SEQUENCER_ROLE}"))
    note = await _sign_first(session, signers, entry, at)
    await session.execute(text(f"set local role {WORKER_ROLE}"))
    return note


async def _sign_first(session: AsyncSession, signers: list[SignerKey], entry: SealedEntry, at: datetime) -> str:
    """Do what the sequencer does in a batch, for the one entry with which a log begins."""
    origin = signers[0].name
    await session.execute(
        text("insert into audit_log (id, origin, created_at) values (1, :origin, :at)"), {"origin": origin, "at": at}
    )
    for signer in signers:
        values = {"key": signer.verifier.text(), "at": at}
        await session.execute(text("insert into audit_log_key values (:key, :at)"), values)
    await session.execute(text("delete from audit_pending where entry_id = :id"), {"id": entry.id})
    leaf: dict[str, Any] = {"id": entry.id, "leaf": entry.leaf_hash}
    await session.execute(text("insert into audit_leaf (leaf_index, entry_id, leaf_hash) values (0, :id, :leaf)"), leaf)
    await session.execute(_FILE_FIRST)
    for tile, hashes in tiles.append(0, {}, [entry.leaf_hash]).items():
        stored = {"level": tile.level, "number": tile.number, "hashes": hashes}
        await session.execute(
            text("insert into audit_tile (level, number, hashes) values (:level, :number, :hashes)"), stored
        )
    note = sign_checkpoint(Checkpoint(origin, 1, entry.leaf_hash), signers)
    signed = {"root": entry.leaf_hash, "note": note, "at": at}
    await session.execute(text("insert into audit_checkpoint values (1, 1, :root, :note, :at)"), signed)
    return note
