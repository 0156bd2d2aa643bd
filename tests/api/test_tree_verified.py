"""Leaves and tiles altered, removed, put in or moved: found and named."""

import pytest

from tests.api.verified_log import VerifiedLog


@pytest.mark.parametrize("leaf", [0, 100, 255, 298])
async def test_a_removed_leaf_is_named(log: VerifiedLog, leaf: int) -> None:
    entry = log.entry_at(leaf)
    log.tamper("delete from audit_leaf where leaf_index = %s", leaf)

    assert await log.named() == {f"leaf {leaf}", f"entry {entry}"}


@pytest.mark.parametrize(("one", "other"), [(3, 4), (10, 280), (255, 256), (298, 299)])
async def test_leaves_that_changed_places_are_named(log: VerifiedLog, one: int, other: int) -> None:
    log.tamper("update audit_leaf set leaf_index = -1 where leaf_index = %s", one)
    log.tamper("update audit_leaf set leaf_index = %s where leaf_index = %s", one, other)
    log.tamper("update audit_leaf set leaf_index = %s where leaf_index = -1", other)

    assert await log.named() == {f"leaf {one}", f"leaf {other}"}


async def test_a_leaf_with_another_hash_is_named(log: VerifiedLog) -> None:
    log.tamper("update audit_leaf set leaf_hash = sha256('x') where leaf_index = 12")

    assert await log.named() == {"leaf 12"}


async def test_a_leaf_put_on_the_end_by_hand_is_named(log: VerifiedLog) -> None:
    entry = log.write(1)[0]
    log.tamper("delete from audit_pending")
    log.tamper("insert into audit_leaf values (300, %s, %s)", entry.id, entry.leaf_hash)

    assert await log.named() == {"leaf 300"}


@pytest.mark.parametrize(
    ("tile", "level", "number", "byte"), [("0/000", 0, 0, 40), ("0/001", 0, 1, 0), ("1/000", 1, 0, 5)]
)
async def test_a_changed_byte_of_a_tile_is_named(
    log: VerifiedLog, tile: str, level: int, number: int, byte: int
) -> None:
    change = "update audit_tile set hashes = set_byte(hashes, %s, get_byte(hashes, %s) # 255)"
    log.tamper(f"{change} where (level, number) = (%s, %s)", byte, byte, level, number)

    assert await log.named() == {f"tile {tile}"}


@pytest.mark.parametrize(("tile", "level", "number"), [("0/000", 0, 0), ("0/001", 0, 1), ("1/000", 1, 0)])
async def test_a_removed_a_shortened_and_an_added_tile_are_named(
    log: VerifiedLog, tile: str, level: int, number: int
) -> None:
    log.tamper("insert into audit_tile values (3, 0, sha256('x'))")
    log.tamper("delete from audit_tile where (level, number) = (%s, %s)", level, number)

    assert await log.named() == {f"tile {tile}", "tile 3/000"}


async def test_tiles_that_changed_places_are_named(log: VerifiedLog) -> None:
    log.tamper("update audit_tile set level = 9 where level = 1")
    log.tamper("update audit_tile set level = 1 where (level, number) = (0, 1)")
    log.tamper("update audit_tile set number = 1 where (level, number) = (0, 0)")

    assert {"tile 0/000", "tile 0/001", "tile 9/000"} <= await log.named()
