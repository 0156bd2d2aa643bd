"""What is loaded when a process is ready is kept out of the collector's sight, and no request waits for it."""

import gc
import socket
from collections.abc import Iterator

import pytest
import uvicorn

from casefile_api.cli import api_process
from casefile_api.cli.memory import YOUNG_OBJECTS


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.usefixtures("collector")
async def test_an_api_process_that_has_started_is_not_looked_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    async def start(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        started.append(gc.get_freeze_count())

    monkeypatch.setattr(uvicorn.Server, "startup", start)
    gc.unfreeze()
    await api_process.Server(uvicorn.Config("none")).startup()

    assert started == [0]
    assert gc.get_freeze_count() > 10_000 and gc.get_count()[2] == 0
    assert gc.get_threshold()[0] == YOUNG_OBJECTS
