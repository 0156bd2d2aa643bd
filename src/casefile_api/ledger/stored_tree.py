"""The nodes of the stored tree, read tile by tile, each tile folded once for all that is asked of it.

A hash that a tile has never changes, whatever is added behind it: what was folded holds for every later tree of the
same log, and for no other log.
"""

import time
from collections.abc import Iterable, Sequence
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.ledger import tiles, tree
from casefile_api.ledger.tiles import TileId
from casefile_api.ledger.tree import HASH_SIZE_BYTES, Node, Span

Reader = AsyncConnection | AsyncSession
Rows = list[bytes]
"""The hashes of a tile, one after the other, and above them, as far as they were asked for, each row of parents."""

MOST_TILES = 512
KEPT_SECONDS = 60.0

_PAIR = 2 * HASH_SIZE_BYTES
_TILES = text(
    """
    select level, number, hashes from audit_tile
    join unnest(cast(:levels as smallint[]), cast(:numbers as bigint[])) as wanted (level, number) using (level, number)
    """
)


class KeptTiles:
    """The tiles above the lowest and at the edge, as a process that answers with proofs has read and folded them.

    Every proof goes through a few of them, in a high tree through more. They are kept for a minute, so that one
    that was damaged and built anew is not answered from here. Whatever verifies or signs reads the tree itself.
    """

    def __init__(self, most: int = MOST_TILES, seconds: float = KEPT_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._origin = ""
        self._until = 0.0
        self._tiles: dict[TileId, Rows] = {}

    def of(self, origin: str) -> dict[TileId, Rows]:
        """What is kept of the log of this name; nothing of another log, and nothing that is too old or too much."""
        now = time.monotonic()
        if origin != self._origin or now >= self._until or len(self._tiles) > self._most:
            self._origin, self._until, self._tiles = origin, now + self._seconds, {}
        return self._tiles


class StoredTree:
    """The nodes of one log; the tiles read are remembered, up to a number of them."""

    def __init__(self, kept: dict[TileId, Rows] | None = None, most_tiles: int = MOST_TILES) -> None:
        self._kept = kept
        self._most = most_tiles
        self._rows: dict[TileId, Rows] = {}
        self._folded: dict[Span, bytes] = {}

    async def fetch(self, reader: Reader, nodes: Iterable[Node]) -> None:
        """Bring in the tiles that these nodes need and that are not here yet as far as that, in one query."""
        wanted = _widths(nodes)
        if self._kept is not None:
            self._rows |= {tile: self._kept[tile] for tile in wanted if tile in self._kept}
        missing = [tile for tile, width in wanted.items() if self._width(tile) < width]
        if not missing:
            return
        if len(self._rows) + len(missing) > self._most:
            self._rows = {tile: rows for tile, rows in self._rows.items() if tile in wanted}
        values = {"levels": [tile.level for tile in missing], "numbers": [tile.number for tile in missing]}
        for level, number, hashes in await reader.execute(_TILES, values):
            self._rows[TileId(level, number)] = rows = [bytes(hashes)]
            if self._kept is not None and (level or len(rows[0]) < tiles.TILE_WIDTH * HASH_SIZE_BYTES):
                self._kept[TileId(level, number)] = rows

    def _width(self, tile: TileId) -> int:
        return len(self._rows[tile][0]) // HASH_SIZE_BYTES if tile in self._rows else 0

    def read(self, node: Node) -> bytes:
        """A node; one beyond the stored tree is a LookupError."""
        height = node.level % tiles.TILE_HEIGHT
        tile = tiles.tile_holding(node)
        rows = self._rows[tile]
        while len(rows) <= height:
            rows.append(_parents(rows[-1]))
        first = (node.number - tile.number * (tiles.TILE_WIDTH >> height)) * HASH_SIZE_BYTES
        found = rows[height][first : first + HASH_SIZE_BYTES]
        if not found:
            raise LookupError("the tile is too short for this node")
        return found

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


def _widths(nodes: Iterable[Node]) -> dict[TileId, int]:
    """The tiles from which nodes are worked out, and how many of the hashes of each that takes."""
    widths: dict[TileId, int] = {}
    for node in nodes:
        tile, height = tiles.tile_holding(node), node.level % tiles.TILE_HEIGHT
        end = ((node.number + 1) << height) - tile.number * tiles.TILE_WIDTH
        widths[tile] = max(end, widths.get(tile, 0))
    return widths


def _parents(row: bytes) -> bytes:
    """The row above, as `tree.node_hash` makes each; the last one of an odd number has no parent yet."""
    pairs = range(0, len(row) - HASH_SIZE_BYTES, _PAIR)
    return b"".join([sha256(b"\x01" + row[at : at + _PAIR]).digest() for at in pairs])
