"""Logs that were closed, each verified as far as it came, and held to the successor whose first entry names its end."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.audit.checkpoint_checks import CheckpointJudge, readable_keys
from casefile_api.audit.findings import Advance, Meaning, Report
from casefile_api.audit.log_verification import LogWalk
from casefile_api.audit.vouched import find_vouched
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    VerifierKey,
    open_checkpoint,
)
from casefile_api.ledger.succession import ACTION, ClosedLog, closed_logs, enter_log, kept_logs, succession_line
from casefile_api.tenancy import WORKER, Scope

_NEWEST = text("select tree_size, root_hash from audit_checkpoint order by tree_size desc, id desc limit 1")
_KEYS = text("select verifier_key from audit_log_key")
_FIRST = text("select e.entry from audit_leaf l join audit_entry e on e.id = l.entry_id where l.leaf_index = 0")


@dataclass(frozen=True, slots=True)
class InLog:
    """Connections on which a closed log is read."""

    database: Database
    number: int

    @asynccontextmanager
    async def connection(self, scope: Scope | None = None) -> AsyncIterator[AsyncConnection]:
        """Lend one."""
        async with self.database.connection(scope) as connection:
            await enter_log(connection, self.number)
            yield connection


async def verify_closed_logs(
    database: Database, report: Report, keys: Collection[VerifierKey], advance: Advance
) -> list[ClosedLog]:
    """Verify every log that was closed, and that its successor's first entry holds the checkpoint it ended with."""
    async with database.connection(WORKER) as connection:
        closed, there = await closed_logs(connection), await kept_logs(connection)
    for log in closed:
        if log in there:
            await _verify(database, report, log, keys, advance)
        else:
            wrong = "its tree is not kept under this number"
            report.add("closed log", f"{log.number} ({log.origin})", wrong, Meaning.NOT_VOUCHED)
    return there


async def _verify(
    database: Database, report: Report, log: ClosedLog, keys: Collection[VerifierKey], advance: Advance
) -> None:
    report.count("closed logs")
    own = [VerifierKey(log.origin, key.public_key) for key in keys]
    place = InLog(database, log.number)
    async with place.connection(WORKER) as connection:
        listed = readable_keys(report, (await connection.execute(_KEYS)).scalars().all())
        newest = (await connection.execute(_NEWEST)).one_or_none()
        vouched = await find_vouched(connection, report, log.number)
    name = f"{log.number} ({log.origin})"
    try:
        end = open_checkpoint(log.note, [*own, *listed])
    except CheckpointError as fault:
        report.add("closed log", name, f"the checkpoint it ended with: {fault}", Meaning.CHECKPOINT_ALTERED)
        return
    if newest is not None:
        signed = Checkpoint(log.origin, newest.tree_size, bytes(newest.root_hash))
        judge = CheckpointJudge(report, log.origin, [*own, *listed], [])
        await LogWalk(place, report, signed, judge, (), vouched).walk(advance)
    if succession_line(end) != await _named_by_successor(database, log.number):
        wrong = "the first entry of its successor does not hold the checkpoint it ended with"
        report.add("closed log", name, wrong, Meaning.HISTORY_REWRITTEN)


async def _named_by_successor(database: Database, number: int) -> str | None:
    async with database.connection(WORKER) as connection:
        closed = await closed_logs(connection)
        await enter_log(connection, number + 1 if number < len(closed) else None)
        entry = (await connection.execute(_FIRST)).scalar_one_or_none()
    fields: dict[str, Any] = orjson.loads(bytes(entry)) if entry is not None else {}
    return fields.get("target_id") if fields.get("action") == ACTION else None
