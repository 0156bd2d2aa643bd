"""Entries, leaves and tiles of the database, each recomputed and held against the others, in the order of the log."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.audit.checkpoint_checks import CheckpointJudge, StoredCheckpoint
from casefile_api.audit.entry_checks import is_erased, read_entry, wrong_commitment
from casefile_api.audit.findings import Advance, Meaning, Report
from casefile_api.audit.tree_walk import GrowingRoot, Leaf, TileBuilder, tile_name, wrong_hashes
from casefile_api.audit.vouched import Vouched
from casefile_api.canonical import canonical_json
from casefile_api.clock import utc_micros
from casefile_api.ledger.checkpoints import Checkpoint
from casefile_api.ledger.search_rows import COLUMNS, FOUND
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.ledger.tiles import TILE_WIDTH, TileId, split_hashes, tile_width
from casefile_api.ledger.tree import HASH_SIZE_BYTES, leaf_hash, perfect_root, root_plan
from casefile_api.tenancy import WORKER, Scope

PAGE = 4 * TILE_WIDTH

LEAVES = text(
    f"""
    select l.leaf_index, l.entry_id, l.leaf_hash as leaf, e.id, e.occurred_at, e.entry, e.leaf_hash, e.operation,
        e.action, e.outcome, e.organisation, e.client_id, e.staff_id, e.case_file_id, e.erasable, e.salt,
        {FOUND}
    from audit_leaf l left join audit_entry e on e.id = l.entry_id left join audit_search s using (leaf_index)
    where l.leaf_index >= :start and l.leaf_index < :end order by l.leaf_index
    """
)
_CHECKPOINTS = text(
    "select id, tree_size, root_hash, note from audit_checkpoint where tree_size between :first and :last"
    " order by tree_size, id"
)
_TILES = text("select number, hashes from audit_tile where level = :level and number between :first and :last")


class Connects(Protocol):
    """Whatever lends connections on which the log of the walk is read."""

    def connection(self, scope: Scope | None = None) -> AbstractAsyncContextManager[AsyncConnection]:
        """Lend one."""


class LogWalk:
    """One pass over the log, up to the size of its newest checkpoint."""

    def __init__(
        self,
        database: Connects,
        report: Report,
        signed: Checkpoint,
        judge: CheckpointJudge,
        outside: Collection[int],
        vouched: Vouched,
    ) -> None:
        self._vouched = vouched
        self._database = database
        self._report = report
        self._signed = signed
        self._judge = judge
        self._outside = frozenset(outside)
        self._tiles = TileBuilder()
        self._growing = GrowingRoot()
        self._above: dict[int, bool] = {}
        self._wanted: frozenset[int] = frozenset()
        self._page_roots: dict[int, bytes] = {}
        self.roots: dict[int, bytes] = {0: self._growing.root}

    async def walk(self, advance: Advance) -> None:
        """Verify all that is signed; afterwards `roots` holds the recomputed root of each size kept outside."""
        size = self._signed.tree_size
        for row in await self._published(0, 0):
            self._judge.judge(row, self._growing.root)
        for start in range(0, size, PAGE):
            end = min(start + PAGE, size)
            self._page_roots = {}
            rows, lowest = await self._read(start, end)
            published = await self._published(start + 1, end)
            self._wanted = self._outside | {row.tree_size for row in published}
            for index in range(start, end):
                await self._verify(index, rows.get(index), lowest)
            for row in published:
                self._judge.judge(row, self._page_roots[row.tree_size])
            advance("entries", end, size)
        self._judge.finish()
        for tile, hashes in self._tiles.partial():
            await self._hold_against_stored(tile, hashes)
        self._report.count("entries", size)
        self._report.root_hash = self._growing.root.hex()

    async def _read(self, start: int, end: int) -> tuple[Mapping[int, Row[Any]], Mapping[int, bytes]]:
        async with self._database.connection(WORKER) as connection:
            rows = await connection.execute(LEAVES, {"start": start, "end": end})
            first, last = start // TILE_WIDTH, (end - 1) // TILE_WIDTH
            tiles = await connection.execute(_TILES, {"level": 0, "first": first, "last": last})
            return {row.leaf_index: row for row in rows}, {number: bytes(hashes) for number, hashes in tiles}

    async def _published(self, first: int, last: int) -> list[StoredCheckpoint]:
        async with self._database.connection(WORKER) as connection:
            rows = await connection.execute(_CHECKPOINTS, {"first": first, "last": last})
            return [StoredCheckpoint(row.id, row.tree_size, bytes(row.root_hash), row.note) for row in rows]

    async def _verify(self, index: int, row: Row[Any] | None, lowest: Mapping[int, bytes]) -> None:
        number, place = divmod(index, TILE_WIDTH)
        of_tile = lowest.get(number, b"")[32 * place : 32 * place + 32] or None
        of_entry, fields = None, None
        if row is None:
            self._report.add("leaf", index, "it is missing", Meaning.ENTRY_REMOVED)
        elif row.id is None and index in self._vouched.gone:
            self._report.count("leaves whose entries are gone")
            verify_unfound(self._report, row)
        elif row.id is None:
            self._report.add("entry", row.entry_id, f"leaf {index} names it and it is missing", Meaning.ENTRY_REMOVED)
        else:
            of_entry = leaf_hash(bytes(row.entry))
            fields = verify_entry(self._report, row, index, text_may_be_gone=index in self._vouched.without_text)
        leaf = Leaf(of_entry, bytes(row.leaf) if row is not None else None, of_tile)
        tile_is_right = leaf.doubtful and await self._corroborated(number, lowest[number])
        likely = leaf.likely(tile_is_right=tile_is_right)
        if row is not None:
            self._name_differences(index, leaf, likely, row)
            if fields is not None and of_entry == likely:
                verify_found(self._report, row, fields)
        await self._grow(likely)

    def _name_differences(self, index: int, leaf: Leaf, likely: bytes, row: Row[Any]) -> None:
        entry_differs = leaf.of_entry is not None and leaf.of_entry != likely
        if entry_differs and leaf.of_table != likely:
            wrong = (
                f"entry {row.entry_id} stands there and another one was signed: moved, put in, or altered with its hash"
            )
            self._report.add("leaf", index, wrong, Meaning.LEAF_ALTERED)
        elif entry_differs:
            wrong = f"it is not the entry that was signed at leaf {index}"
            self._report.add("entry", row.id, wrong, Meaning.ENTRY_ALTERED)
        elif leaf.of_table != likely:
            self._report.add("leaf", index, "its hash is not that of its entry", Meaning.LEAF_ALTERED)

    async def _corroborated(self, number: int, stored: bytes) -> bool:
        """Whether a lowest tile is what the tile above it, or at the edge of the tree the signed root, says."""
        if number not in self._above:
            async with self._database.connection(WORKER) as connection:
                self._above[number] = await corroborated(connection, number, stored, self._signed)
        return self._above[number]

    async def _grow(self, leaf: bytes) -> None:
        self._growing.append(leaf)
        size = self._growing.size
        if size in self._wanted:
            self._page_roots[size] = self._growing.root
        if size in self._outside:
            self.roots[size] = self._growing.root
        for tile, hashes in self._tiles.append(leaf):
            await self._hold_against_stored(tile, hashes)

    async def _hold_against_stored(self, tile: TileId, hashes: list[bytes]) -> None:
        self._report.count("tiles")
        values = {"level": tile.level, "first": tile.number, "last": tile.number}
        async with self._database.connection(WORKER) as connection:
            row = (await connection.execute(_TILES, values)).one_or_none()
        wrong = wrong_hashes(tile, hashes, bytes(row.hashes) if row is not None else None)
        if wrong is not None:
            self._report.add("tile", tile_name(tile), wrong, Meaning.TILE_ALTERED)


async def corroborated(connection: AsyncConnection, number: int, stored: bytes, signed: Checkpoint) -> bool:
    """Whether a lowest tile agrees with the one above it or, where that does not cover it, with the signed root."""
    if tile_width(TileId(0, number), signed.tree_size) == TILE_WIDTH:
        above, place = divmod(number, TILE_WIDTH)
        values = {"level": 1, "first": above, "last": above}
        row = (await connection.execute(_TILES, values)).one_or_none()
        hashes = bytes(row.hashes) if row is not None else b""
        whole = len(stored) == TILE_WIDTH * HASH_SIZE_BYTES
        return whole and hashes[32 * place : 32 * place + 32] == perfect_root(split_hashes(stored))
    try:
        edge = StoredTree()
        await edge.fetch(connection, root_plan(signed.tree_size))
        return edge.root(signed.tree_size) == signed.root_hash
    except LookupError:
        return False


def verify_entry(
    report: Report, row: Row[Any], place: int | None, *, text_may_be_gone: bool = False
) -> dict[str, Any] | None:
    """Hold an entry's bytes against its hash, its columns and its commitment; text may be gone where two erased it.

    Returns what the entry says, where it can be read.
    """
    where = f"at leaf {place}" if place is not None else "not yet in the tree"
    if leaf_hash(bytes(row.entry)) != bytes(row.leaf_hash):
        report.add("entry", row.id, f"{where}: its bytes do not have the hash kept with it", Meaning.ENTRY_ALTERED)
    fields = read_entry(bytes(row.entry))
    if isinstance(fields, str):
        report.add("entry", row.id, f"{where}: {fields}", Meaning.ENTRY_ALTERED)
        return None
    differing = [name for name in COLUMNS if _plain(getattr(row, name)) != fields[name]]
    if differing:
        wrong = f"{where}: what searches go by ({', '.join(differing)}) differs from the hashed entry"
        report.add("entry", row.id, wrong, Meaning.INDEX_ALTERED)
    erasable = _loaded(row.erasable)
    wrong_text = wrong_commitment(fields, erasable, row.salt)
    if wrong_text is not None:
        report.add("entry", row.id, f"{where}: {wrong_text}", Meaning.TEXT_ALTERED)
    if is_erased(fields, erasable) and text_may_be_gone:
        report.count("entries with erased text")
    elif is_erased(fields, erasable):
        wrong = f"{where}: its free text and details are gone"
        report.add("entry", row.id, wrong, Meaning.TEXT_REMOVED)
    return fields


def verify_found(report: Report, row: Row[Any], fields: dict[str, Any]) -> None:
    """Hold what searches find an entry by against the hashed entry."""
    if not row.found_differs and not row.found_elsewhere:
        return
    differing = [name for name in COLUMNS if _plain(getattr(row, f"found_{name}")) != fields[name]]
    if row.found_at is None:
        report.add("entry", row.id, f"at leaf {row.leaf_index}: no search finds it", Meaning.INDEX_ALTERED)
    elif differing or row.found_elsewhere:
        by = ", ".join(differing or ["owner"])
        wrong = f"at leaf {row.leaf_index}: searches find it by what it does not say ({by})"
        report.add("entry", row.id, wrong, Meaning.INDEX_ALTERED)


def verify_unfound(report: Report, row: Row[Any]) -> None:
    """Nothing that an entry said is left where it was erased or detached."""
    if row.found_at is not None:
        wrong = f"at leaf {row.leaf_index}: it is gone, and searches still find it"
        report.add("entry", row.entry_id, wrong, Meaning.INDEX_ALTERED)


def _loaded(erasable: bytes | None) -> object:
    if erasable is None:
        return None
    try:
        value: object = orjson.loads(bytes(erasable))
    except ValueError:
        return "not JSON"
    return value if canonical_json(value) == bytes(erasable) else "not canonical"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return utc_micros(value)
    return str(value) if isinstance(value, UUID) else value
