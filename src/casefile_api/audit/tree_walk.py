"""The tree built anew, leaf by leaf, and held against the stored tiles and every published root. Constant memory.

Pure. Each leaf is known three times: from the entry's bytes, from the table of leaves, and from the lowest tile. Where
one of the two agrees with the tile, the other was altered; where neither does, the tiles above say which is right; and
where all agree, only a signed root can tell.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from casefile_api.ledger import tree
from casefile_api.ledger.tiles import TILE_WIDTH, Tile, TileId, tile_path
from casefile_api.ledger.tree import node_hash, perfect_root


class GrowingRoot:
    """The root of a tree that grows by a leaf at a time, kept as its perfect subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        carried, size = leaf, self.size
        while size & 1:
            carried = node_hash(self._peaks.pop(), carried)
            size >>= 1
        self._peaks.append(carried)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root of all leaves so far."""
        return tree.fold(self._peaks)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is known of one place of the log; None where a source has nothing."""

    of_entry: bytes | None
    of_table: bytes | None
    of_tile: bytes | None

    @property
    def doubtful(self) -> bool:
        """Whether entry and table agree with each other and not with the tile: only the tiles above can tell."""
        return self.of_tile is not None and self.of_tile not in {self.of_table, self.of_entry}

    def likely(self, *, tile_is_right: bool) -> bytes:
        """The hash that stood here when the tree was signed, as far as can be told."""
        if self.of_tile is not None and (tile_is_right or self.of_tile in {self.of_table, self.of_entry}):
            return self.of_tile
        return self.of_entry or self.of_table or bytes(32)


class TileBuilder:
    """The tiles of a growing tree, given out as each becomes full and, at the end, as far as they are."""

    def __init__(self) -> None:
        self._rows: dict[int, list[bytes]] = defaultdict(list)
        self._done: dict[int, int] = defaultdict(int)

    def append(self, leaf: bytes) -> Iterator[tuple[TileId, list[bytes]]]:
        """Add a leaf; the tiles that became full."""
        level, carried = 0, leaf
        while True:
            row = self._rows[level]
            row.append(carried)
            if len(row) < TILE_WIDTH:
                return
            yield TileId(level, self._done[level]), row
            carried = perfect_root(row)
            self._rows[level] = []
            self._done[level] += 1
            level += 1

    def partial(self) -> Iterator[tuple[TileId, list[bytes]]]:
        """The tiles that are not full."""
        for level, row in self._rows.items():
            if row:
                yield TileId(level, self._done[level]), row


def wrong_hashes(tile: TileId, expected: list[bytes], stored: bytes | None) -> str | None:
    """What is wrong with a stored tile; what was added to its end meanwhile is not."""
    whole = b"".join(expected)
    if stored is None:
        return "it is missing"
    if len(stored) < len(whole):
        return f"it holds {len(stored) // 32} hashes instead of {len(expected)}"
    if stored.startswith(whole):
        return None
    places = [at for at, value in enumerate(expected) if stored[32 * at : 32 * at + 32] != value]
    return f"its hash{'es' if len(places) > 1 else ''} at {', '.join(map(str, places[:5]))} differ from the tree"


def tile_name(tile: TileId) -> str:
    """The name that a tile is found by."""
    return tile_path(Tile(tile))
