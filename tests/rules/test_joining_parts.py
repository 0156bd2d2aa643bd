"""Joining an upload's parts where one was sent more than once and storage takes another copy for the newest."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from casefile_api.attachments.objects import StoredPart, join_parts
from casefile_api.attachments.storage import Storage, StoreRefused

HASH = "0" * 64
PARTS = [(StoredPart(1, 5, ('"new"', '"old"')), HASH), (StoredPart(2, 5, ('"two"',)), HASH)]


class Store:
    """A store that joins one set of tags alone."""

    def __init__(self, taken: list[str]) -> None:
        self.taken = taken
        self.asked: list[list[str]] = []

    async def call(self, work: Callable[[], Any], *, seconds: float = 0) -> Any:
        return work()

    def ask(self, operation: str, **values: Any) -> None:
        tags = [part["ETag"] for part in values["MultipartUpload"]["Parts"]]
        self.asked.append(tags)
        if tags != self.taken:
            raise StoreRefused("InvalidPart")


async def test_the_copies_of_a_part_are_tried_newest_first() -> None:
    store = Store(['"old"', '"two"'])
    await join_parts(cast(Storage, store), "key", "upload", PARTS)
    assert store.asked == [['"new"', '"two"'], ['"old"', '"two"']]


async def test_what_storage_joins_in_no_way_is_refused() -> None:
    store = Store(["none"])
    with pytest.raises(StoreRefused):
        await join_parts(cast(Storage, store), "key", "upload", PARTS)
    assert len(store.asked) == 2
