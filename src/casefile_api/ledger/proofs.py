"""Proofs from the stored tree: that an entry is in it, and that a later tree continues an earlier one.

The tiles that a proof needs are fetched in one query. A checkpoint is read first and the tiles only grow, so what is
proved fits what was published however much is added meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.tiles import TileId
from casefile_api.ledger.tree import Node, Span, node_hash

Reader = AsyncConnection | AsyncSession

_TILES = text(
    """
    select level, number, hashes from audit_tile
    join unnest(cast(:levels as smallint[]), cast(:numbers as bigint[])) as wanted (level, number) using (level, number)
    """
)
_NEWEST = text("select id, tree_size, root_hash, note from audit_checkpoint order by tree_size desc, id desc limit 1")
_OF_SIZE = text(
    "select id, tree_size, root_hash, note from audit_checkpoint where tree_size = :size order by id desc limit 1"
)


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint as it was published; its number is 0 while there is none."""

    tree_size: int
    root_hash: bytes
    note: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The audit path of one leaf (RFC 6962 2.1.1)."""

    leaf_index: int
    tree_size: int
    leaf_hash: bytes
    root_hash: bytes
    hashes: tuple[bytes, ...]

    def as_member(self) -> dict[str, Any]:
        """The proof as the API serves it."""
        return {
            "leaf_index": self.leaf_index,
            "tree_size": self.tree_size,
            "leaf_hash": self.leaf_hash.hex(),
            "root_hash": self.root_hash.hex(),
            "hashes": [value.hex() for value in self.hashes],
        }


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """The proof that a tree begins with an earlier one (RFC 6962 2.1.2)."""

    old_size: int
    new_size: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]

    def as_member(self) -> dict[str, Any]:
        """The proof as the API serves it."""
        return {
            "from": self.old_size,
            "to": self.new_size,
            "from_root": self.old_root.hex(),
            "to_root": self.new_root.hex(),
            "hashes": [value.hex() for value in self.hashes],
        }


class StoredTree:
    """The nodes of the stored tree, read tile by tile; those read are remembered, up to a number of tiles."""

    def __init__(self, most_tiles: int = 512) -> None:
        self._most = most_tiles
        self._rows: dict[TileId, list[list[bytes]]] = {}
        self._folded: dict[Span, bytes] = {}

    async def fetch(self, reader: Reader, nodes: Iterable[Node]) -> None:
        """Bring in the tiles that these nodes need and that are not here yet, in one query."""
        wanted = {tiles.tile_holding(node) for node in nodes}
        missing = [tile for tile in wanted if tile not in self._rows]
        if not missing:
            return
        if len(self._rows) + len(missing) > self._most:
            self._rows = {tile: rows for tile, rows in self._rows.items() if tile in wanted}
        values = {"levels": [tile.level for tile in missing], "numbers": [tile.number for tile in missing]}
        for level, number, hashes in await reader.execute(_TILES, values):
            self._rows[TileId(level, number)] = [tiles.split_hashes(bytes(hashes))]

    def read(self, node: Node) -> bytes:
        """A node; one beyond the stored tree is a LookupError."""
        height = node.level % tiles.TILE_HEIGHT
        tile = tiles.tile_holding(node)
        rows = self._rows[tile]
        while len(rows) <= height:
            row = rows[-1]
            rows.append([node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])
        return rows[height][node.number - tile.number * (tiles.TILE_WIDTH >> height)]

    def path(self, plan: Sequence[Span]) -> tuple[bytes, ...]:
        """The hashes of a proof."""
        return tuple(map(self._fold, plan))

    def _fold(self, span: Span) -> bytes:
        """The hash of a span; spans of several nodes, at the edge of the tree, are in the proof of every leaf."""
        if len(span) == 1:
            return self.read(span[0])
        if span not in self._folded:
            self._folded[span] = tree.fold([self.read(node) for node in span])
        return self._folded[span]

    def root(self, size: int) -> bytes:
        """The root of the tree of this size."""
        return tree.fold([self.read(node) for node in tree.root_plan(size)])


async def newest_checkpoint(reader: Reader) -> PublishedCheckpoint:
    """The newest published checkpoint.

    Raises DependencyUnavailable while the worker has not signed the first one.
    """
    row = (await reader.execute(_NEWEST)).one_or_none()
    if row is None:
        raise DependencyUnavailable("The log has no checkpoint yet; the worker signs the first when it starts.")
    return PublishedCheckpoint(row.tree_size, bytes(row.root_hash), row.note, row.id)


async def checkpoint_of(reader: Reader, size: int) -> PublishedCheckpoint | None:
    """The checkpoint published for a tree of this size, if there was one."""
    row = (await reader.execute(_OF_SIZE, {"size": size})).one_or_none()
    return PublishedCheckpoint(row.tree_size, bytes(row.root_hash), row.note, row.id) if row else None


async def prove_inclusion(reader: Reader, leaf_index: int, size: int) -> InclusionProof:
    """Prove that a leaf is in the tree of a size that was reached.

    Raises ProofError where the leaf is not in a tree of that size.
    """
    plan = tree.inclusion_plan(leaf_index, size)
    leaf, top = Node(0, leaf_index), tree.root_plan(size)
    stored = StoredTree()
    await stored.fetch(reader, [leaf, *top, *(node for span in plan for node in span)])
    return InclusionProof(leaf_index, size, stored.read(leaf), stored.root(size), stored.path(plan))


async def prove_consistency(reader: Reader, old: int, new: int) -> ConsistencyProof:
    """Prove that the tree of one reached size continues that of another.

    Raises ProofError where the sizes are the wrong way round.
    """
    plan = tree.consistency_plan(old, new)
    stored = StoredTree()
    roots = [*tree.root_plan(old), *tree.root_plan(new)]
    await stored.fetch(reader, [*roots, *(node for span in plan for node in span)])
    return ConsistencyProof(old, new, stored.root(old), stored.root(new), stored.path(plan))
