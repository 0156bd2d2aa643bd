"""What is sealed says nothing, opens in its own place alone, and opens for nobody without the master key."""

from typing import Any

import pytest

from casefile_api.vault import Vault, derive_key

PLAIN = b"a complainant's words"
PLACE = "case_file_version.content:1"
NO_SESSION: Any = None  # what belongs to no case needs no row to be opened


async def test_what_is_sealed_shows_nothing_and_is_never_the_same_twice() -> None:
    vault = Vault(bytes(32))
    one, other = [await vault.seal(NO_SESSION, None, PLAIN, PLACE) for _ in range(2)]

    assert PLAIN not in one and one != other
    assert await vault.open(NO_SESSION, None, one, PLACE) == PLAIN


@pytest.mark.parametrize("where", ["case_file_version.content:2", "case_file_version.note:1", ""])
async def test_what_is_sealed_for_one_place_opens_in_no_other(where: str) -> None:
    vault = Vault(bytes(32))
    sealed = await vault.seal(NO_SESSION, None, PLAIN, PLACE)

    with pytest.raises(RuntimeError, match="does not open"):
        await vault.open(NO_SESSION, None, sealed, where)


async def test_a_copy_of_the_database_opens_nothing_without_the_master_key() -> None:
    sealed = await Vault(bytes(32)).seal(NO_SESSION, None, PLAIN, PLACE)

    with pytest.raises(RuntimeError, match="does not open"):
        await Vault(b"\x01" * 32).open(NO_SESSION, None, sealed, PLACE)


def test_the_key_of_one_purpose_tells_nothing_of_anothers() -> None:
    assert derive_key(bytes(32), b"one") != derive_key(bytes(32), b"other")
