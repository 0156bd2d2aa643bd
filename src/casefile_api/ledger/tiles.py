"""Tiles: how the tree's nodes are stored and served, 256 hashes at a time.

C2SP tlog-tiles. A tile at level 0 holds leaf hashes; each hash of a tile at level n + 1 is the root of a full tile
of level n, and the nodes in between are worked out when needed. Hashes are only ever added to the end of a tile, so
a stored tile serves every tree size that it has grown through.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from casefile_api.ledger.tree import HASH_SIZE_BYTES, Node, ReadNode, perfect_root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_LEVEL = 63
MAX_TREE_SIZE = 2**63 - 1

_PATH = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TilePathError(ValueError):
    """The text is not the path of a tile."""


class TileId(NamedTuple):
    """Where a tile stands: its level, and its number from the left within the level."""

    level: int
    number: int


@dataclass(frozen=True)
class Tile:
    """A tile as asked for: its place and how many of its hashes (256 when full)."""

    id: TileId
    width: int = TILE_WIDTH

    @property
    def size_bytes(self) -> int:
        """How many bytes of hashes are asked for."""
        return self.width * HASH_SIZE_BYTES


def tile_path(tile: Tile) -> str:
    """``<L>/<N>[.p/<W>]``: the index in groups of three digits, all but the last marked with an x."""
    groups = [f"{tile.id.number % 1000:03d}"]
    rest = tile.id.number // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"{tile.id.level}/{'/'.join(groups)}{partial}"


def parse_tile_path(path: str) -> Tile:
    """The tile a path names; there is one way to write each, and every other text is a TilePathError."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise TilePathError("not a tile path")
    level, leading, last, width = match.groups()
    index = int(leading.replace("x", "").replace("/", "") + last)
    tile = Tile(TileId(int(level), index), int(width) if width else TILE_WIDTH)
    beyond = tile.id.level > MAX_LEVEL or index > MAX_TREE_SIZE or (width is not None and tile.width >= TILE_WIDTH)
    if beyond or tile_path(tile) != path:
        raise TilePathError("not a tile path")
    return tile


def row_length(level: int, size: int) -> int:
    """How many hashes the tiles of this level hold together, in a tree of this size."""
    return size >> (TILE_HEIGHT * level)


def tile_width(tile: TileId, size: int) -> int:
    """How many hashes of this tile a tree of this size has."""
    return max(0, min(TILE_WIDTH, row_length(tile.level, size) - tile.number * TILE_WIDTH))


def tiles_of(size: int) -> Iterable[Tile]:
    """Every tile, full or partial, of a tree of this size."""
    level = 0
    while row_length(level, size):
        length = row_length(level, size)
        for index in range((length + TILE_WIDTH - 1) // TILE_WIDTH):
            yield Tile(TileId(level, index), min(TILE_WIDTH, length - index * TILE_WIDTH))
        level += 1


def right_edge(size: int) -> list[TileId]:
    """The last tile of every level that a growing tree writes to next."""
    edge = []
    level = 0
    while level == 0 or row_length(level, size):
        edge.append(TileId(level, row_length(level, size) // TILE_WIDTH))
        level += 1
    return edge


def tile_holding(node: Node) -> TileId:
    """The tile from whose hashes a node is worked out."""
    level, height = divmod(node.level, TILE_HEIGHT)
    return TileId(level, (node.number << height) // TILE_WIDTH)


def node_reader(tiles: Mapping[TileId, bytes]) -> ReadNode:
    """Nodes worked out from fetched tiles; asking beyond them is a LookupError."""

    def read(node: Node) -> bytes:
        height = node.level % TILE_HEIGHT
        hashes = tiles[tile_holding(node)]
        first = ((node.number << height) % TILE_WIDTH) * HASH_SIZE_BYTES
        wanted = hashes[first : first + (HASH_SIZE_BYTES << height)]
        if len(wanted) != HASH_SIZE_BYTES << height:
            raise LookupError("the tile is too short for this node")
        return perfect_root(split_hashes(wanted))

    return read


def split_hashes(hashes: bytes) -> list[bytes]:
    """The single hashes of a tile."""
    return [hashes[at : at + HASH_SIZE_BYTES] for at in range(0, len(hashes), HASH_SIZE_BYTES)]


def append(size: int, edge: Mapping[TileId, bytes], leaf_hashes: Iterable[bytes]) -> dict[TileId, bytes]:
    """The tiles changed when leaves are added to a tree of this size whose right edge is given.

    A tile that becomes full gives its root to the level above. Tiles of the edge that do not exist yet are left out.
    """
    grown: dict[TileId, bytearray] = {}
    for leaf in leaf_hashes:
        level, position, carried = 0, size, leaf
        while True:
            tile = TileId(level, position // TILE_WIDTH)
            hashes = grown.setdefault(tile, bytearray(edge.get(tile, b"")))
            if len(hashes) != (position % TILE_WIDTH) * HASH_SIZE_BYTES:
                raise ValueError(f"tile {tile_path(Tile(tile))} does not end where the tree of {size} does")
            hashes += carried
            if len(hashes) < TILE_WIDTH * HASH_SIZE_BYTES:
                break
            carried = perfect_root(split_hashes(bytes(hashes)))
            level, position = level + 1, position // TILE_WIDTH
        size += 1
    return {tile: bytes(hashes) for tile, hashes in grown.items()}
