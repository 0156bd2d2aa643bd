"""What people wrote, sealed under the case's key; each value opens only in the place it was sealed for."""

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

import orjson

from casefile_api.unit_of_work import Reading

Json: TypeAlias = "str | int | bool | None | list[Json] | dict[str, Json]"
Words: TypeAlias = Mapping[str, "Json"]


async def seal_words(reading: Reading, case_file_id: UUID, place: str, row_id: UUID, words: Words) -> bytes:
    """Seal what was written for one row of a table."""
    return await reading.vault.seal(reading.session, case_file_id, orjson.dumps(dict(words)), f"{place}:{row_id}")


async def open_words(reading: Reading, case_file_id: UUID, place: str, row_id: UUID, sealed: bytes) -> dict[str, Json]:
    """Open what was sealed for this row."""
    opened = await reading.vault.open(reading.session, case_file_id, sealed, f"{place}:{row_id}")
    words: dict[str, Json] = orjson.loads(opened)
    return words
