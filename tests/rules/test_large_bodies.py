"""A large body is read beside the loop, one at a time; a small one where it is."""

import asyncio
import threading

import pytest
from pydantic import BaseModel

from casefile_api.web import bodies
from casefile_api.web.bodies import JSON, LARGE_BYTES, BodyReader


class Reading:
    """What reads bodies, and how many at once."""

    def __init__(self) -> None:
        self.begun, self.at_once, self.most = threading.Event(), 0, 0
        self.go_on = threading.Event()
        self.threads: set[int] = set()

    def parse(self, raw: bytes, **_: object) -> object:
        self.threads.add(threading.get_ident())
        if len(raw) > LARGE_BYTES:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            self.begun.set()
            assert self.go_on.wait(20)
            self.at_once -= 1
        return {}


async def test_large_bodies_are_read_one_by_one_and_a_small_one_goes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, reader = Reading(), BodyReader({JSON: BaseModel}, {}, optional=False)
    monkeypatch.setattr(bodies, "parse", reading.parse)
    large = [asyncio.create_task(reader.parse(b" " * (LARGE_BYTES + 1), JSON)) for _ in range(3)]
    assert await asyncio.to_thread(reading.begun.wait, 20)

    assert await reader.parse(b"{}", JSON) == {}, "while large ones wait"
    assert threading.get_ident() in reading.threads
    reading.go_on.set()
    assert await asyncio.gather(*large) == [{}] * 3
    assert reading.most == 1 and len(reading.threads) == 2
