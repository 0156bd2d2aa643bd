"""API, worker and database killed one by one under load: each answer has exactly one entry, and the log is one tree."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.faults.hard_times import HardTimes
from tests.outside.running import RunningSandbox
from tests.whole_log import verify_whole_log

PARTS = ("api", "worker", "database")
SHORT, LONG = 3, int(os.environ.get("SOAK_KILLS", "200"))


@pytest.fixture
def running(shared_folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox of its own whose parts may be killed."""
    running = RunningSandbox(shared_folder / f"parts-{time.time_ns()}")
    yield running
    running.stop()
    assert running.processes() == [], "an orphan is left"


def processes_of(running: RunningSandbox, part: str) -> list[psutil.Process]:
    """The processes of a part; of the database the one whose death is that of all."""
    marks = {"api": "api-process", "worker": "worker-process"}
    found = []
    for process in running.processes():
        try:
            words, parent = " ".join(process.cmdline()), process.parent()
            of_database = "postgres" in process.name() and (parent is None or "postgres" not in parent.name())
            if of_database if part == "database" else marks[part] in words:
                found.append(process)
        except psutil.Error:
            continue
    return found


class Killer(threading.Thread):
    """Kills one part after the other at random moments; the program itself brings them back."""

    def __init__(self, running: RunningSandbox, players: HardTimes, kills: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.running, self.players, self.kills, self.chance = running, players, kills, random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while self.killed.total() < self.kills:
                time.sleep(self.chance.uniform(0.2, 2.0))
                self.players.keep_checkpoint()
                part = PARTS[self.killed.total()] if self.kills == len(PARTS) else self.chance.choice(PARTS)
                for process in processes_of(self.running, part):
                    process.kill()
                    self.killed[part] += 1
                    break
        except BaseException as trouble:
            self.trouble = trouble


def play(running: RunningSandbox, kills: int, seed: int) -> tuple[HardTimes, Counter[str]]:
    """Case after case until enough kills have been survived, and one more."""
    players = HardTimes(running.start())
    killer = Killer(running, players, kills, seed)
    killer.start()
    while killer.is_alive():
        players.play_one_case()
    killer.join()
    if killer.trouble:
        raise killer.trouble
    players.play_one_case()
    return players, killer.killed


def every_answer_has_exactly_one_entry(players: HardTimes) -> None:
    """Neither an answer without an entry nor one with two, over the whole log as it is exported."""
    auditor = players.sandbox.person("auditor", organisation="oversight-hmcpsi")
    deadline = time.monotonic() + 30
    while True:
        entries = auditor.items("/v1/audit-log/entries", limit=200)
        counted = Counter(item["entry"]["request_id"] for item in entries)
        answered = players.remembered.request_ids.items()
        wrong = {call: counted[request] for request, call in answered if counted[request] != 1}
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert wrong == {}
    indexes = [item["leaf_index"] for item in entries if item["leaf_index"] is not None]
    assert indexes == list(range(len(indexes))), "the log has a gap"


def nothing_was_lost(players: HardTimes) -> None:
    players.nothing_is_lost()
    every_answer_has_exactly_one_entry(players)
    players.the_log_only_grew()
    players.events_have_no_gap()
    verify_whole_log(players.sandbox)


@pytest.mark.timeout(300)
def test_api_worker_and_database_each_killed_lose_nothing(running: RunningSandbox) -> None:
    players, killed = play(running, SHORT, seed=11)

    assert set(killed) == set(PARTS)
    nothing_was_lost(players)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_of_parts_lose_nothing(running: RunningSandbox) -> None:
    players, killed = play(running, LONG, seed=int(time.time()))

    assert killed.total() >= LONG and set(killed) == set(PARTS)
    nothing_was_lost(players)
