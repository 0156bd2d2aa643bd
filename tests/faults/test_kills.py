"""The service is killed at any moment: nothing it has answered with success is lost, and the story goes on."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.faults.hard_times import HardTimes
from tests.outside.running import RunningSandbox

SHORT, LONG = 3, 50


@pytest.fixture
def running(shared_folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox of its own that may be killed."""
    running = RunningSandbox(shared_folder / f"killed-{time.time_ns()}")
    yield running
    running.stop()
    assert running.processes() == [], "an orphan is left"


class Killer(threading.Thread):
    """Kills and restarts at random moments; every other time only the program, so that it finds its own orphans."""

    def __init__(self, running: RunningSandbox, players: HardTimes, kills: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.running, self.players, self.kills, self.chance = running, players, kills, random.Random(seed)
        self.done = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while self.done < self.kills:
                time.sleep(self.chance.uniform(0.2, 2.0))
                self.players.keep_checkpoint()
                before = self.running.processes()
                self.running.kill(everything=self.done % 2 == 0)
                self.running.start()
                alive = set(self.running.processes())
                taken_over = {process for process in before if process in alive and process.is_running()}
                assert all(owned(process, self.running) for process in taken_over), "an orphan was left alone"
                self.done += 1
        except BaseException as trouble:
            self.trouble = trouble


def owned(process: psutil.Process, running: RunningSandbox) -> bool:
    """Whether a process of an earlier life is one that the present life has recorded as its own."""
    recorded = " ".join(path.read_text(errors="replace") for path in running.directory.rglob("*.json"))
    recorded += " ".join(path.read_text(errors="replace") for path in running.directory.rglob("*.pid"))
    family = [process, *process.parents()]
    return any(str(member.pid) in recorded for member in family)


def play_under_kills(running: RunningSandbox, kills: int, seed: int) -> HardTimes:
    """Plays case after case until enough kills have been survived."""
    players = HardTimes(running.start())
    killer = Killer(running, players, kills, seed)
    killer.start()
    while killer.is_alive():
        players.play_one_case()
    killer.join()
    if killer.trouble:
        raise killer.trouble
    players.play_one_case()
    return players


def nothing_was_lost(players: HardTimes) -> None:
    players.nothing_is_lost()
    players.every_answer_has_its_entry()
    players.the_log_only_grew()
    players.events_have_no_gap()


@pytest.mark.timeout(300)
def test_three_kills_lose_nothing_that_was_answered(running: RunningSandbox) -> None:
    players = play_under_kills(running, SHORT, seed=7)
    nothing_was_lost(players)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_kills_lose_nothing_that_was_answered(running: RunningSandbox) -> None:
    players = play_under_kills(running, LONG, seed=int(time.time()))
    nothing_was_lost(players)
