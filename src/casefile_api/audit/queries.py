"""Answers from the log for a caller: entries inside the remit, and proofs for anyone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.items import COLUMNS, FOUND_COLUMNS, WAITING_COLUMNS, EntryRow
from casefile_api.audit.remit import Remit
from casefile_api.errors import Fault, Invalid, NotFound
from casefile_api.ledger.proofs import (
    ConsistencyProof,
    InclusionProof,
    newest_checkpoint,
    prove_consistency,
    prove_inclusion,
)
from casefile_api.ledger.stored_tree import KeptTiles, StoredTree
from casefile_api.ledger.succession import enter_log
from casefile_api.ledger.tiles import Tile, TilePathError, parse_tile_path

Reader = AsyncConnection | AsyncSession
# However few or many entries a search finds, walking to them in their order is what stops early: the planner, which
# cannot know where in the log they lie, is not to gather and sort them all. Which index to walk along depends on how
# rare the very value is, so no plan is made for all values.
_IN_ORDER = text(
    """
    select set_config(name, 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)
    from unnest(array['enable_sort', 'enable_bitmapscan', 'enable_seqscan']) name
    """
)
NO_LEAF = -1
NO_ENTRY = UUID(int=0)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after a leaf, and (where those without one were reached) after an entry without one.

    Every look is itself an entry: what was added after the walk began is left to the next, or a walk would never end.
    """

    leaf_index: int = NO_LEAF
    waiting_since: datetime = NEVER
    waiting_id: UUID = NO_ENTRY
    begun_at: datetime | None = None

    def after(self, row: EntryRow) -> "Place":
        """The place after an entry."""
        if row.leaf_index is not None:
            return Place(row.leaf_index, begun_at=self.begun_at)
        return Place(self.leaf_index, row.occurred_at or NEVER, row.id, self.begun_at)

    @property
    def among_waiting(self) -> bool:
        """Whether entries without a leaf were reached."""
        return self.waiting_id != NO_ENTRY


async def list_entries(
    reader: Reader, asked: EntryFilter, remit: Remit, place: Place, limit: int, log: int | None = None
) -> list[EntryRow]:
    """The next entries by leaf index, those without one last; one statement, so that none moves in between.

    In a closed log none waits. Raises Invalid where no log of this number was closed.
    """
    await enter_log(reader, log)
    await reader.execute(_IN_ORDER)
    later = "true"
    values: dict[str, Any] = {**asked.values, **remit.values, "leaf_index": place.leaf_index, "limit": limit}
    values |= {"log": log, "waiting": log is None}
    if place.among_waiting:
        later = "(e.occurred_at, e.id) > (:since, :since_id)"
        values |= {"since": place.waiting_since, "since_id": place.waiting_id}
    if place.begun_at is not None:
        later += " and coalesce(e.occurred_at <= :begun_at, true)"
        values["begun_at"] = place.begun_at
    placed = _all_placed(later) if asked.everything and remit.force is None else _found(asked, remit, later)
    statement = f"""
        {placed}
        union all
        (select {WAITING_COLUMNS}
         from audit_pending p join audit_entry e on e.id = p.entry_id
         where :waiting and {asked.condition} and {remit.condition} and {later}
         order by e.occurred_at, e.id limit :limit)
        order by 1 nulls last, 3, 2 limit :limit
    """
    return [EntryRow.of(row) for row in await reader.execute(text(statement), values)]


def _all_placed(later: str) -> str:
    """The next leaves, those whose entries are gone among them."""
    return f"""
        (select {COLUMNS} from audit_leaf l left join audit_entry e on e.id = l.entry_id
         where l.leaf_index > :leaf_index and {later} order by l.leaf_index limit :limit)
    """


def _found(asked: EntryFilter, remit: Remit, later: str) -> str:
    """The next entries that a search finds: first where they are, along an index, and then what they say."""
    walks = " union ".join(
        f"""
            (select e.leaf_index, e.id from audit_search e
             where e.leaf_index > :leaf_index and {asked.leaves} and {asked.condition} and {walk} and {later}
             order by e.leaf_index limit :limit)"""
        for walk in remit.walks
    )
    return f"""
        (select {FOUND_COLUMNS} from (
            select leaf_index, id from ({walks}) walked order by leaf_index limit :limit) l
         left join audit_entry e on e.id = l.id order by l.leaf_index)
    """


async def find_entry(reader: Reader, leaf_index: int, remit: Remit, log: int | None = None) -> EntryRow:
    """One entry by its place.

    Raises NotFound where there is none, or none inside the remit.
    """
    statement = f"""
        select {COLUMNS} from audit_leaf l left join audit_entry e on e.id = l.entry_id
        where l.leaf_index = :leaf_index and {remit.condition}
    """
    await enter_log(reader, log)
    values = {"leaf_index": leaf_index, "log": log, **remit.values}
    row = (await reader.execute(text(statement), values)).one_or_none()
    if row is None:
        raise NotFound()
    return EntryRow.of(row)


async def find_leaf(reader: Reader, leaf_hash: str) -> int:
    """The place of the entry that a receipt names.

    Raises NotFound where no published checkpoint covers such a leaf.
    """
    query = text("select min(leaf_index) from audit_leaf where leaf_hash = :leaf_hash")
    found: int | None = (await reader.execute(query, {"leaf_hash": bytes.fromhex(leaf_hash)})).scalar_one()
    if found is None:
        raise NotFound("No published checkpoint covers an entry with this leaf hash.")
    return found


async def inclusion_of(reader: Reader, kept: KeptTiles, leaf_index: int, tree_size: int | None) -> InclusionProof:
    """The proof that a leaf is in the published tree of a size, the newest where none is named.

    Raises Invalid where the size was not reached, or the leaf is not below it.
    """
    newest = await newest_checkpoint(reader)
    size = newest.tree_size if tree_size is None else tree_size
    if size > newest.tree_size:
        raise _not_reached("tree_size", newest.tree_size)
    if leaf_index >= size:
        detail = f"The leaf must be below the tree size, which is {size}."
        raise Invalid(
            "The entry is not in the tree of that size.", Fault("out_of_range", detail, parameter="tree_size")
        )
    return await prove_inclusion(reader, leaf_index, size, StoredTree(kept.of(newest.origin)))


async def consistency_of(reader: Reader, kept: KeptTiles, old: int, new: int | None) -> ConsistencyProof:
    """The proof that the published tree of one size continues that of another, by default up to the newest.

    Raises Invalid where a size was not reached, or they are the wrong way round.
    """
    newest = await newest_checkpoint(reader)
    size = newest.tree_size if new is None else new
    if size > newest.tree_size:
        raise _not_reached("to", newest.tree_size)
    if old > size:
        detail = f"It must not be above the later size, which is {size}."
        raise Invalid("The sizes are the wrong way round.", Fault("out_of_range", detail, parameter="from"))
    return await prove_consistency(reader, old, size, StoredTree(kept.of(newest.origin)))


def _not_reached(parameter: str, newest: int) -> Invalid:
    fault = Fault("out_of_range", f"The newest checkpoint covers {newest} entries.", parameter=parameter)
    return Invalid("The log has not reached that size.", fault)


async def find_tile(reader: Reader, path: str) -> bytes:
    """The hashes of a tile, by its path.

    Raises NotFound for what is no tile path, and for a tile that has not that many hashes yet.
    """
    try:
        tile: Tile = parse_tile_path(path)
    except TilePathError:
        raise NotFound() from None
    query = text(
        "select substring(hashes for :size) from audit_tile"
        " where level = :level and number = :number and octet_length(hashes) >= :size"
    )
    values = {"level": tile.id.level, "number": tile.id.number, "size": tile.size_bytes}
    hashes = (await reader.execute(query, values)).scalar_one_or_none()
    if hashes is None:
        raise NotFound()
    return bytes(hashes)
