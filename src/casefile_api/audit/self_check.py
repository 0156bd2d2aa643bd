"""The log checks itself: a walk over all of it within a set time, some leaves at a step, for ever.

Each entry is held against its hash, its columns and its commitment, each leaf against the lowest tile, each tile
against the one above it, and at the end of every walk the edge of the tree against the newest signed root. It
believes the database as far as that agrees with itself; `audit verify` and those who kept a checkpoint go further.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.audit.alarming import Break, keep_new, mended, tell_of_breaks
from casefile_api.audit.findings import Meaning, Report
from casefile_api.audit.log_verification import LEAVES, corroborated, verify_entry, verify_found, verify_unfound
from casefile_api.audit.tree_walk import tile_name
from casefile_api.audit.vouched import Vouched, find_vouched
from casefile_api.clock import real_now
from casefile_api.ledger.checkpoints import Checkpoint
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.ledger.tiles import TILE_WIDTH, TileId
from casefile_api.ledger.tree import leaf_hash, root_plan
from casefile_api.unattended import unattended
from casefile_api.web.parts import Parts

LEAST_AT_ONCE = TILE_WIDTH
MOST_AT_ONCE = 400 * TILE_WIDTH
# A walk begins at the moment of the step that ended the one before; what that step found is older than the walk.
_LEAST = timedelta(microseconds=1)

_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('check the log', 0))")
_POSITION = text("select next_leaf, begun_at, stepped_at from audit_self_check")
_NEWEST = text("select tree_size, root_hash from audit_checkpoint order by tree_size desc, id desc limit 1")
_TILE = text("select hashes from audit_tile where level = 0 and number = :number")
_MOVE = text(
    """
    insert into audit_self_check (id, next_leaf, begun_at, stepped_at, completed_at)
    values (1, :next, :begun, :at, :completed)
    on conflict (id) do update set next_leaf = excluded.next_leaf, begun_at = excluded.begun_at,
        stepped_at = excluded.stepped_at, completed_at = coalesce(excluded.completed_at, audit_self_check.completed_at)
    """
)


async def check_some(parts: Parts) -> int:
    """Check the next leaves; how many. Whatever is wrong is told, and told once."""
    at = real_now()
    async with unattended(parts.database, parts.clock, "check_log") as act:
        act.silent = True
        if not (await act.session.execute(_LOCK)).scalar_one():
            return 0
        newest = (await act.session.execute(_NEWEST)).one_or_none()
        if newest is None:
            return 0
        signed = Checkpoint("", newest.tree_size, bytes(newest.root_hash))
        position = (await act.session.execute(_POSITION)).one_or_none()
        start, begun, stepped = position or (0, at - _LEAST, at)
        end = min(signed.tree_size, start + step_size(signed.tree_size, at - stepped, parts.settings.log_check_hours))
        report = Report()
        await _check(await act.session.connection(), report, signed, start, end)
        new = await keep_new(act.session, [Break(f.kind, f.name, f.wrong) for f in report.findings], at)
        await _move(act.session, signed.tree_size, end, begun, at)
        await tell_of_breaks(act, new)
    return end - start


def step_size(size: int, since: timedelta, hours: float) -> int:
    """How many leaves to check now, so that a walk over all of them takes no longer than the hours set."""
    wanted = int(size * since.total_seconds() / (hours * 3600)) + 1
    tiles = -(-wanted // TILE_WIDTH)
    return min(MOST_AT_ONCE, max(LEAST_AT_ONCE, tiles * TILE_WIDTH))


async def _move(session: AsyncSession, size: int, end: int, begun: datetime, at: datetime) -> None:
    """Keep how far the walk has come; at its end what was not found again counts as mended, and it begins anew."""
    whole = end >= size
    if whole:
        await mended(session, at, alarms=False, since=begun + _LEAST)
    now = {"next": 0, "begun": at, "completed": at} if whole else {"next": end, "begun": begun, "completed": None}
    await session.execute(_MOVE, {**now, "at": at})


async def _check(connection: AsyncConnection, report: Report, signed: Checkpoint, start: int, end: int) -> None:
    vouched = await find_vouched(connection, report)
    for number in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        await _check_tile(connection, report, signed, number, vouched)
    if end >= signed.tree_size:
        await _check_root(connection, report, signed)


async def _check_tile(
    connection: AsyncConnection, report: Report, signed: Checkpoint, number: int, vouched: Vouched
) -> None:
    """Check the leaves of a lowest tile against it, and the tile against the one above."""
    first, end = number * TILE_WIDTH, min((number + 1) * TILE_WIDTH, signed.tree_size)
    tile = (await connection.execute(_TILE, {"number": number})).scalar_one_or_none()
    stored = bytes(tile)[: 32 * (end - first)] if tile is not None else b""
    name = tile_name(TileId(0, number))
    if len(stored) < 32 * (end - first):
        report.add("tile", name, "it is missing, or too short", Meaning.TILE_ALTERED)
    elif not await corroborated(connection, number, stored, signed):
        report.add("tile", name, "it does not fit the tile above it or the signed root", Meaning.TILE_ALTERED)
    rows = {row.leaf_index: row for row in await connection.execute(LEAVES, {"start": first, "end": end})}
    for leaf in range(first, end):
        _check_leaf(report, leaf, rows.get(leaf), stored[32 * (leaf - first) : 32 * (leaf - first) + 32], vouched)


def _check_leaf(report: Report, leaf: int, row: Row[Any] | None, of_tile: bytes, vouched: Vouched) -> None:
    if row is None:
        report.add("leaf", leaf, "it is missing", Meaning.ENTRY_REMOVED)
        return
    if of_tile and bytes(row.leaf) != of_tile:
        report.add("leaf", leaf, "its hash is not the one in the tree", Meaning.LEAF_ALTERED)
    if row.id is None:
        verify_unfound(report, row)
        if leaf not in vouched.gone:
            report.add("entry", row.entry_id, f"leaf {leaf} names it and it is missing", Meaning.ENTRY_REMOVED)
        return
    if leaf_hash(bytes(row.entry)) != bytes(row.leaf):
        report.add("leaf", leaf, f"its hash is not that of entry {row.id}", Meaning.LEAF_ALTERED)
    fields = verify_entry(report, row, leaf, text_may_be_gone=leaf in vouched.without_text)
    if fields is not None and leaf_hash(bytes(row.entry)) == of_tile:
        verify_found(report, row, fields)


async def _check_root(connection: AsyncConnection, report: Report, signed: Checkpoint) -> None:
    try:
        edge = StoredTree()
        await edge.fetch(connection, root_plan(signed.tree_size))
        agrees = edge.root(signed.tree_size) == signed.root_hash
    except LookupError:
        agrees = False
    if not agrees:
        wrong = "the tiles do not lead to its root"
        report.add("checkpoint", f"of {signed.tree_size} entries", wrong, Meaning.HISTORY_REWRITTEN)
