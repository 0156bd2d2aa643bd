"""Trees as the log makes them, put into words for code that is not ours: roots, proofs, tiles."""

import random
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from casefile_api.ledger import tiles, tree
from casefile_api.ledger.tiles import tile_path


@dataclass
class GrownTree:
    """A tree whose entries are told by a word and a number, and its tiles as the sequencer stores them."""

    seed: str
    size: int
    stored: dict[tiles.TileId, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.leaves = [tree.leaf_hash(self.entry(number)) for number in range(self.size)]
        self.stored = tiles.append(0, {}, self.leaves)
        self._read = tiles.node_reader(self.stored)

    def entry(self, number: int) -> bytes:
        return f"{self.seed}:{number}".encode()

    def root(self, size: int) -> bytes:
        return tree.fold([self._read(node) for node in tree.root_plan(size)])

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return tree.carry_out(tree.inclusion_plan(index, size), self._read)

    def growth(self, old: int, new: int) -> list[bytes]:
        return tree.carry_out(tree.consistency_plan(old, new), self._read)

    def case(self, size: int, leaves: list[int], earlier: list[int], *, with_tiles: bool) -> dict[str, Any]:
        """The tree of a size, with proofs of some leaves and of some earlier trees."""
        case: dict[str, Any] = {"seed": self.seed, "size": size, "root": self.root(size).hex()}
        case["inclusion"] = [{"number": at, "hashes": _hex(self.inclusion(at, size))} for at in leaves]
        case["growth"] = [
            {"number": old, "root": self.root(old).hex(), "hashes": _hex(self.growth(old, size))} for old in earlier
        ]
        if with_tiles:
            case["tiles"] = {
                tile_path(tile): b64encode(self.stored[tile.id][: 32 * tile.width]).decode()
                for tile in tiles.tiles_of(size)
            }
        return case


def _hex(hashes: list[bytes]) -> list[str]:
    return [value.hex() for value in hashes]


def every_size(largest: int) -> list[dict[str, Any]]:
    """The trees of every size, each with tiles, proofs of some leaves and of some earlier trees."""
    grown = GrownTree("every size", largest)
    return [
        grown.case(
            size, [*range(size % 13, size, 13)], [*range(1 + size % 17, size + 1, 17)], with_tiles=True
        )
        for size in range(largest + 1)
    ]  # fmt: skip


def random_tree(chance: random.Random, largest: int) -> tuple[GrownTree, dict[str, Any]]:
    """A tree of its own, with proofs at random places."""
    size = chance.randint(1, largest)
    grown = GrownTree(str(chance.getrandbits(64)), size)
    leaves, earlier = [chance.randrange(size) for _ in range(2)], [chance.randint(1, size) for _ in range(2)]
    return grown, grown.case(size, leaves, earlier, with_tiles=chance.random() < 0.1)
