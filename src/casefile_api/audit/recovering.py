"""Recovering from a log that cannot go on: the successor is opened, told of, and kept outside like every checkpoint."""

from dataclasses import dataclass

from sqlalchemy import text

from casefile_api.audit.alarming import watchers
from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import SignerKey
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint, Retained
from casefile_api.ledger.log_keys import load_private_keys
from casefile_api.ledger.succession import (
    ACTION,
    begin_log,
    close_log,
    closed_logs,
    find_ending,
    listed_keys,
    succession_line,
    successor_name,
)
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended


@dataclass(frozen=True, slots=True)
class Successor:
    """The log that goes on, and the one that was closed."""

    origin: str
    closed: str
    closed_size: int


async def recover(
    database: Database, settings: Settings, wanted_name: str | None, retained: Retained | None = None
) -> Successor:
    """Close the log that cannot go on and open its successor; safe to repeat where it was broken off.

    Raises WrongState where the log grows as it should, or no good checkpoint of it is at hand.
    """
    kept = KeptCheckpoint.beside_key(settings)
    kept.check()
    finished = await _finish(database, kept)
    if finished is not None:
        return finished
    private, at = load_private_keys(settings), real_now()
    async with unattended(database, Clock(), ACTION) as act:
        act.silent = True  # its entry is the first of the successor, and is written there
        listed = (await act.session.execute(text("select origin from audit_log"))).scalar_one()
        known = [SignerKey(listed, key) for key in private]
        if retained is not None:
            kept.retained = await retained.newest(listed, await listed_keys(act.session, known))
        ending = await find_ending(act.session, kept.newest(), known)
        old = ending.checkpoint
        signers = [SignerKey(successor_name(wanted_name, ending), key) for key in private]
        await close_log(act.session, ending, at)
        await act.record("audit.successor_opened", to=await watchers(act.session), origin=signers[0].name)
        act.trail.about("audit_log", succession_line(old))
        act.trail.details = {"checkpoint": ending.note, "alarm": ending.alarm, "origin": signers[0].name}
        note = await begin_log(act.session, signers, act.seal_entry(), at)
    kept.put_aside(ending.number)
    kept.write(note)
    return Successor(signers[0].name, old.origin, old.tree_size)


async def _finish(database: Database, kept: KeptCheckpoint) -> Successor | None:
    """Where the successor was opened and the checkpoint outside is still the old log's, put the new one there."""
    async with database.connection(WORKER) as connection:
        closed = await closed_logs(connection)
        if not closed or kept.read() != closed[-1].note:
            return None
        newest = "select note from audit_checkpoint order by tree_size desc, id desc limit 1"
        note = (await connection.execute(text(newest))).scalar_one()
        origin = (await connection.execute(text("select origin from audit_log"))).scalar_one()
    kept.put_aside(closed[-1].number)
    kept.write(note)
    return Successor(origin, closed[-1].origin, closed[-1].tree_size)
