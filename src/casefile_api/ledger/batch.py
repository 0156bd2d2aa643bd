"""One batch of the sequencer, in one transaction: all of it happened, or none of it.

Before anything is signed, the tree in the database is held against its own newest checkpoint and against the one kept
outside. If either disagrees nothing is signed and an alarm stands until they agree again; events and jobs go on.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from casefile_api.ledger import tiles
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, sign_checkpoint
from casefile_api.ledger.head import Alarm, Disagreement, find_head, hold_against, root_from
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.ledger.positions import give_positions
from casefile_api.ledger.search_rows import FILED
from casefile_api.ledger.tiles import TileId

# One number for the one lock under which batches happen, for the whole database.
LOCK = 6962_9162
MOST_AT_ONCE = 2_000
# Searches by time rely on it that what is later than this is listed as late.
PROMPT = timedelta(minutes=1)


@dataclass(frozen=True)
class JobWanted:
    """Work that a transaction wanted done after its commit."""

    kind: str
    subject_id: str
    share: str | None = None
    cost: int = 0


class LogReplaced(Exception):
    """The log goes on under another name than the one that these signers sign for: open it anew."""


Defer = Callable[[AsyncConnection[Any], Sequence[JobWanted]], Awaitable[None]]


@dataclass(frozen=True)
class Batch:
    """What one batch did."""

    entries: int = 0
    events: int = 0
    jobs: int = 0
    note: str | None = None
    alarm: Alarm | None = None
    job_fault: str | None = None

    @property
    def full(self) -> bool:
        """Whether more is likely to be waiting."""
        return MOST_AT_ONCE in (self.entries, self.jobs)


_WAITING = """
    select exists (select from audit_pending), exists (select from event_pending), exists (select from job_request)
"""
_TAKE_ENTRIES = """
    with taken as (
        delete from audit_pending where entry_id in (select entry_id from audit_pending limit %s) returning entry_id)
    select id, leaf_hash, occurred_at from audit_entry e where id in (select entry_id from taken)
        and not exists (select from audit_leaf l where l.entry_id = e.id)
    order by occurred_at, id
"""
_TAKE_JOBS = """
    with taken as (
        delete from job_request where id in (select id from job_request order by requested_at limit %s)
        returning requested_at, kind, subject_id, share, cost)
    select kind, subject_id, share, cost from taken order by requested_at
"""


_PLACE_ENTRIES = f"""
    with l as (
        insert into audit_leaf (leaf_index, entry_id, leaf_hash)
        select * from unnest(%s::bigint[], %s::uuid[], %s::bytea[]) returning leaf_index, entry_id)
    {FILED} from l join audit_entry e on e.id = l.entry_id
"""


async def run_batch(
    connection: AsyncConnection[Any],
    signers: Sequence[SignerKey],
    kept: KeptCheckpoint,
    defer: Defer | None,
    *,
    channel: str,
    now: datetime,
    look_first: bool,
) -> Batch | None:
    """Do one batch; None where another is at it, or (when looking first) nothing waits."""
    if look_first and not await _anything_waits(connection, defer):
        return None
    async with connection.transaction():
        held, origin = await _row(
            connection, "select pg_try_advisory_xact_lock(%s), (select origin from audit_log)", (LOCK,)
        )
        if not held:
            return None
        if origin != signers[0].name:
            raise LogReplaced
        entries, note, alarm = await _grow(connection, signers, kept, now)
        await _keep_alarm(connection, alarm, now)
        events = await give_positions(connection)
        jobs, job_fault = await _defer_jobs(connection, defer) if defer else (0, None)
        if entries or events or jobs:
            await connection.execute("select pg_notify(%s, '')", (channel,))
    return Batch(entries, events, jobs, note, alarm, job_fault)


async def _anything_waits(connection: AsyncConnection[Any], defer: Defer | None) -> bool:
    entries, events, jobs = await _row(connection, _WAITING)
    return bool(entries or events or (jobs and defer))


async def _grow(
    connection: AsyncConnection[Any], signers: Sequence[SignerKey], kept: KeptCheckpoint, now: datetime
) -> tuple[int, str | None, Alarm | None]:
    """Add the waiting entries to the tree and sign it; how many, the new checkpoint, and what stands in the way."""
    try:
        head = await find_head(connection)
        if kept.unread:
            raise Disagreement("retained_unread", "the store with the retained checkpoints has not answered yet")
        await hold_against(connection, head, kept.newest(), signers)
    except Disagreement as found:
        return 0, None, found.alarm
    taken = await (await connection.execute(_TAKE_ENTRIES, (MOST_AT_ONCE,))).fetchall()
    if not taken and head.signed_by_all(signers):
        # What a crash left unwritten outside is made good.
        return 0, head.note if head.note != kept.read() else None, None
    size = head.size + len(taken)
    edge = head.edge
    if taken:
        await _add_leaves(connection, head.size, taken, now)
        edge = edge | tiles.append(head.size, head.edge, [leaf for _, leaf, _ in taken])
        await _write_tiles(connection, {tile: hashes for tile, hashes in edge.items() if head.edge.get(tile) != hashes})
    checkpoint = Checkpoint(signers[0].name, size, root_from(size, edge))
    note = sign_checkpoint(checkpoint, signers)
    await connection.execute(
        "insert into audit_checkpoint (id, tree_size, root_hash, note, created_at)"
        " values ((select coalesce(max(id), 0) + 1 from audit_checkpoint), %s, %s, %s, %s)",
        (size, checkpoint.root_hash, note, now),
    )
    return len(taken), note, None


async def _add_leaves(
    connection: AsyncConnection[Any], size: int, taken: Sequence[tuple[UUID, bytes, datetime]], now: datetime
) -> None:
    await connection.execute(
        _PLACE_ENTRIES,
        (list(range(size, size + len(taken))), [entry for entry, _, _ in taken], [leaf for _, leaf, _ in taken]),
    )
    late = [(place, at) for place, (_, _, at) in enumerate(taken, start=size) if at < now - PROMPT]
    if late:
        await connection.execute(
            "insert into audit_latecomer (leaf_index, occurred_at)"
            " select * from unnest(%s::bigint[], %s::timestamptz[]) on conflict do nothing",
            ([place for place, _ in late], [at for _, at in late]),
        )


async def _write_tiles(connection: AsyncConnection[Any], changed: dict[TileId, bytes]) -> None:
    await connection.execute(
        """
        insert into audit_tile (level, number, hashes) select * from unnest(%s::smallint[], %s::bigint[], %s::bytea[])
        on conflict (level, number) do update set hashes = excluded.hashes
        """,
        ([tile.level for tile in changed], [tile.number for tile in changed], list(changed.values())),
    )


async def _keep_alarm(connection: AsyncConnection[Any], alarm: Alarm | None, now: datetime) -> None:
    if alarm is None:
        await connection.execute("delete from log_alarm")
        return
    await connection.execute(
        "insert into log_alarm (id, code, detail, raised_at) values (1, %s, %s, %s)"
        " on conflict (id) do update set code = excluded.code, detail = excluded.detail",
        (alarm.code, alarm.detail, now),
    )


async def _defer_jobs(connection: AsyncConnection[Any], defer: Defer) -> tuple[int, str | None]:
    """Turn wanted work into jobs; a fault there leaves the requests and does not hold up the log."""
    try:
        async with connection.transaction():
            rows = await (await connection.execute(_TAKE_JOBS, (MOST_AT_ONCE,))).fetchall()
            if rows:
                await defer(connection, [JobWanted(*row) for row in rows])
    except Exception as fault:  # whatever goes wrong there, entries must still be integrated
        if connection.closed:
            raise
        return 0, f"{type(fault).__name__}: {fault}"
    return len(rows), None


async def _row(
    connection: AsyncConnection[Any], query: LiteralString, values: Sequence[object] = ()
) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = await (await connection.execute(query, values)).fetchall()
    return rows[0]
