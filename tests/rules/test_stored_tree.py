"""Proofs worked out from tiles that a process keeps: the same as ever, from fewer tiles, and of one log alone."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from casefile_api.ledger import tiles
from casefile_api.ledger.proofs import prove_consistency, prove_inclusion
from casefile_api.ledger.stored_tree import KeptTiles, Reader, StoredTree
from casefile_api.ledger.tiles import TileId
from casefile_api.ledger.tree import Node, root_of, verify_consistency, verify_inclusion

LOG = "casefile.example/log"
SMALL, LARGE = 66_000, 66_600


class Store:
    """The table of tiles, and which of its tiles were asked for."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.tiles = tiles.append(0, {}, leaves)
        self.size = len(leaves)
        self.asked: list[TileId] = []

    def grow(self, leaves: Sequence[bytes]) -> None:
        self.tiles |= tiles.append(self.size, self.tiles, leaves)
        self.size += len(leaves)

    async def execute(self, query: object, values: Mapping[str, Any]) -> list[tuple[int, int, bytes]]:
        asked = [TileId(*place) for place in zip(values["levels"], values["numbers"], strict=True)]
        self.asked += asked
        return [(tile.level, tile.number, self.tiles[tile]) for tile in asked if tile in self.tiles]


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    chance = random.Random(5)
    return [chance.randbytes(32) for _ in range(LARGE)]


async def test_proofs_from_kept_tiles_hold_however_the_tree_grows_and_read_the_lowest_tiles_alone(
    leaves: list[bytes],
) -> None:
    store, kept, chance = Store(leaves[:SMALL]), KeptTiles(), random.Random(6)
    reader, roots = cast(Reader, store), {size: root_of(leaves[:size]) for size in (65_000, SMALL, LARGE)}

    async def prove_some(size: int) -> None:
        for at in [0, size - 1, *(chance.randrange(size) for _ in range(10))]:
            proof = await prove_inclusion(reader, at, size, StoredTree(kept.of(LOG)))
            verify_inclusion(leaves[at], at, size, roots[size], proof.hashes)
        for old in (65_000, SMALL):
            grown = await prove_consistency(reader, old, size, StoredTree(kept.of(LOG)))
            verify_consistency(old, size, roots[old], roots[size], grown.hashes)

    await prove_some(SMALL)
    first = {tile for tile in store.asked if tile.level}
    assert first == {TileId(1, 0), TileId(1, 1), TileId(2, 0)}
    store.asked.clear()
    await prove_some(SMALL)
    assert store.asked and {tile.level for tile in store.asked} == {0}
    assert TileId(0, SMALL // 256) not in store.asked  # the edge, where every proof ends
    store.grow(leaves[SMALL:])
    store.asked.clear()
    await prove_some(LARGE)
    assert {tile for tile in store.asked if tile.level} == {TileId(1, 1)}  # it has grown, those that are full have not


async def test_what_is_kept_of_one_log_answers_for_no_other_and_not_for_long(leaves: list[bytes]) -> None:
    one, other = Store(leaves[:600]), Store(list(reversed(leaves[:600])))
    kept = KeptTiles()

    before = await prove_inclusion(cast(Reader, one), 3, 600, StoredTree(kept.of(LOG)))
    after = await prove_inclusion(cast(Reader, other), 3, 600, StoredTree(kept.of(f"{LOG}/2")))
    assert before.root_hash == root_of(leaves[:600]) != after.root_hash
    verify_inclusion(after.leaf_hash, 3, 600, root_of(leaves[:600][::-1]), after.hashes)

    for forgetful in (KeptTiles(seconds=0), KeptTiles(most=0)):
        forgetful.of(LOG)[TileId(1, 0)] = [b""]
        assert not forgetful.of(LOG)


async def test_a_node_beyond_the_stored_tree_is_an_error_and_no_shorter_hash(leaves: list[bytes]) -> None:
    store, stored = Store(leaves[:300]), StoredTree()
    await stored.fetch(cast(Reader, store), [Node(0, 299), Node(0, 300)])

    assert stored.read(Node(0, 299)) == leaves[299]
    with pytest.raises(LookupError):
        stored.read(Node(0, 300))
