"""Tiles as C2SP tlog-tiles has them: their paths, their growth, and the nodes worked out from them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.ledger import tiles, tree
from casefile_api.ledger.tiles import TILE_WIDTH, Tile, TileId, TilePathError


def leaves(count: int) -> list[bytes]:
    return [tree.leaf_hash(b"%d" % number) for number in range(count)]


def grow(stored: dict[TileId, bytes], size: int, added: list[bytes]) -> None:
    """Append as the sequencer does: read the right edge, write what changed."""
    edge = {tile: stored[tile] for tile in tiles.right_edge(size) if tile in stored}
    stored.update(tiles.append(size, edge, added))


@pytest.mark.parametrize(
    ("path", "level", "index", "width"),
    [
        ("0/000", 0, 0, 256),
        ("0/273.p/112", 0, 273, 112),
        ("1/001.p/17", 1, 1, 17),
        ("0/x001/067", 0, 1067, 256),
        ("0/x001/x234/067", 0, 1234067, 256),
        ("63/x001/x234/067.p/255", 63, 1234067, 255),
    ],
)
def test_a_tile_path_is_read_and_written_one_way(path: str, level: int, index: int, width: int) -> None:
    tile = Tile(TileId(level, index), width)

    assert tiles.parse_tile_path(path) == tile
    assert tiles.tile_path(tile) == path


@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_tile_path_reads_back_as_itself(level: int, index: int, width: int) -> None:
    tile = Tile(TileId(level, index), width)

    assert tiles.parse_tile_path(tiles.tile_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/0", "0/00", "0/0000", "00/000", "64/000", "-1/000", "0/x000/001", "0/001/002", "0/x001",
        "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p", "0/000.p/", "0/000/", "/0/000", "0/000 ", "entries/000",
        "0/٠٠٠", "0/" + "x999/" * 7 + "999", "0/000\n", "0/000.P/1",
    ],
)  # fmt: skip
def test_every_other_text_is_no_tile_path(path: str) -> None:
    with pytest.raises(TilePathError):
        tiles.parse_tile_path(path)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_names() -> None:
    named = {tiles.tile_path(tile) for tile in tiles.tiles_of(70_000)}

    assert len([path for path in named if path.startswith("0/") and ".p" not in path]) == 273
    assert {path for path in named if not path.startswith("0/") or ".p" in path} == {
        "0/273.p/112", "1/000", "1/001.p/17", "2/000.p/1",
    }  # fmt: skip


def test_tiles_grown_in_batches_of_any_size_are_those_of_the_tree() -> None:
    all_leaves, stored, size, chance = leaves(1500), {}, 0, random.Random(8)

    while size < len(all_leaves):
        batch = all_leaves[size : size + chance.choice([1, 2, 3, 50, 255, 256, 257, 400])]
        grow(stored, size, batch)
        size += len(batch)

    assert set(stored) == {tile.id for tile in tiles.tiles_of(size)}
    assert stored[TileId(0, 5)] == b"".join(all_leaves[1280:])
    assert stored[TileId(1, 0)] == b"".join(tree.root_of(all_leaves[n : n + 256]) for n in range(0, 1280, 256))


def test_a_tree_of_three_levels_gives_the_right_root_from_its_tiles() -> None:
    all_leaves = leaves(65_536 + 300)
    stored: dict[TileId, bytes] = {}
    grow(stored, 0, all_leaves[:65_535])
    grow(stored, 65_535, all_leaves[65_535:])

    read = tiles.node_reader(stored)

    for size in (65_535, 65_536, 65_537, len(all_leaves)):
        assert tree.fold([read(node) for node in tree.root_plan(size)]) == tree.root_of(all_leaves[:size])


def test_tiles_of_the_newest_tree_prove_every_earlier_size_too() -> None:
    all_leaves = leaves(700)
    stored: dict[TileId, bytes] = {}
    grow(stored, 0, all_leaves)
    read = tiles.node_reader(stored)

    for size in range(1, 701, 3):
        root = tree.root_of(all_leaves[:size])
        index = (size * 7) % size if size % 2 else size - 1
        tree.verify_inclusion(
            all_leaves[index], index, size, root, tree.carry_out(tree.inclusion_plan(index, size), read)
        )
        proof = tree.carry_out(tree.consistency_plan(size, 700), read)
        tree.verify_consistency(size, 700, root, tree.root_of(all_leaves), proof)


def test_a_node_beyond_the_stored_tiles_is_a_lookup_error() -> None:
    read = tiles.node_reader(tiles.append(0, {}, leaves(5)))

    with pytest.raises(LookupError):
        read(tree.Node(0, 5))
    with pytest.raises(LookupError):
        read(tree.Node(8, 0))


def test_leaves_are_not_added_to_an_edge_of_another_size() -> None:
    edge = tiles.append(0, {}, leaves(5))

    with pytest.raises(ValueError, match="does not end where"):
        tiles.append(6, edge, leaves(1))


@given(st.integers(0, 300_000))
def test_the_widths_of_a_level_add_up_to_its_hashes(size: int) -> None:
    row = [tiles.tile_width(tile, size) for tile in (TileId(1, n) for n in range(6))]

    assert sum(row) == size // TILE_WIDTH
