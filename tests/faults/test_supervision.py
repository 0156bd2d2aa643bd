"""The parent of all processes restarts what dies, leaves a part that cannot start for later, and stops in order."""

import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from casefile_api.cli import supervision
from casefile_api.cli.parts import SEQUENCERS_WAY, WORKERS_WAY, database_environment
from casefile_api.cli.serving import api_programs, worker_program
from casefile_api.cli.supervision import Program, Supervisor
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.failures import PartFailed
from casefile_api.embedded.roles import DatabaseAddresses

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


@dataclass
class Lamp:
    """A part that can go out, and that may refuse to be lit."""

    name: str = "lamp"
    happened: list[str] = field(default_factory=list)
    running: bool = False
    broken: int = 0

    def start(self) -> None:
        if self.broken:
            self.broken -= 1
            self.happened.append("failed")
            raise PartFailed("The lamp cannot be lit.")
        self.happened.append("started")
        self.running = True

    def stop(self) -> None:
        self.happened.append("stopped")
        self.running = False


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(supervision, "DELAYS_SECONDS", (0.0, 0.02))


def watched_until(supervisor: Supervisor, true: Callable[[], object]) -> None:
    """Let the supervisor watch until something holds."""

    def wait() -> None:
        until = time.monotonic() + 60
        while not true() and time.monotonic() < until:
            time.sleep(0.01)
        supervisor.stopping.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    supervisor.run()
    waiting.join()
    assert true()


def test_a_part_that_dies_is_started_again() -> None:
    supervisor, lamp = Supervisor(), Lamp()
    supervisor.start(lamp)
    lamp.running = False
    watched_until(supervisor, lambda: lamp.running)
    assert lamp.happened == ["started", "started"]


def test_a_part_that_cannot_start_again_is_tried_later() -> None:
    supervisor, lamp = Supervisor(), Lamp()
    supervisor.start(lamp)
    lamp.running, lamp.broken = False, 2
    watched_until(supervisor, lambda: lamp.running)
    assert lamp.happened == ["started", "failed", "failed", "started"]


def test_everything_is_stopped_also_when_the_start_failed() -> None:
    lamp, broken = Lamp(), Lamp(name="broken", broken=1)
    with supervision.supervised() as supervisor:
        supervisor.start(lamp)
        with pytest.raises(PartFailed):
            supervisor.start(broken)
    assert lamp.happened == ["started", "stopped"]


def test_programs_stop_before_the_parts_they_use(shared_folder: Path) -> None:
    lamp = Lamp()
    program = Program("program", SLEEPER, shared_folder / "program.process", None, {"PATH": "/usr/bin:/bin"})
    was_running: list[bool] = []
    lamp.stop = lambda: was_running.append(program.running)  # type: ignore[method-assign]
    with supervision.supervised() as supervisor:
        supervisor.start(program)
        supervisor.start(lamp)
        assert program.running
    assert was_running == [False]


def test_a_program_that_ends_at_its_start_is_the_reason_to_give_up(shared_folder: Path) -> None:
    command = [sys.executable, "-S", "-c", "import sys; sys.exit('The key is missing.')"]
    log = shared_folder / "ends.log"
    program = Program("api-1", command, shared_folder / "ends.process", log, {})
    with supervision.supervised() as supervisor:
        supervisor.start(program)
        with pytest.raises(PartFailed, match=r"The api-1 process ended at its start: The key is missing\."):
            supervisor.wait_until(lambda: False, [program], 60)


def test_who_answers_callers_has_neither_the_workers_way_into_the_database_nor_the_sequencers(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.create()
    ways = database_environment(DatabaseAddresses("root", "owner", "service", "worker", "sequencer"))
    with socket.socket() as listener:
        programs = api_programs(directory, listener, ways, 2)

    assert {WORKERS_WAY, SEQUENCERS_WAY} < ways.keys() and "owner" not in ways.values()
    assert [set(program.environment) & {WORKERS_WAY, SEQUENCERS_WAY} for program in programs] == [set(), set()]
    assert worker_program(directory, ways).environment == ways
