"""What is loaded when a process is ready is kept out of the collector's sight, and no request waits for it."""

import gc
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import uvicorn

from casefile_api.cli import api_process
from casefile_api.cli.memory import YOUNG_OBJECTS, loading


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


@pytest.mark.usefixtures("collector")
def test_nothing_is_looked_through_while_modules_are_loaded() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_prints_is_loaded_by_who_prints() -> None:
    program = "import sys, casefile_api.app, casefile_api.worker; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=100).returncode == 0
