"""API, worker, database and a webhook receiver killed one by one under load.

Each answer has exactly one entry, and the log is one tree; each event is in the feed once, was delivered at least once,
and again only under the same id.
"""

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
from tests.outside.kept_receiver import KeptReceiver
from tests.outside.running import RunningSandbox, free_port
from tests.whole_log import verify_whole_log

PARTS = ("receiver", "api", "worker", "database")
TOLD = ("police-53", "cps-south-west")
SHORT, LONG = len(PARTS), int(os.environ.get("SOAK_KILLS", "200"))
HEARD_WITHIN_SECONDS = 400
"""A receiver that failed many times in a row is asked again every five minutes."""


@pytest.fixture
def running(shared_folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox of its own whose parts may be killed."""
    running = RunningSandbox(shared_folder / f"parts-{time.time_ns()}")
    yield running
    running.stop()
    assert running.processes() == [], "an orphan is left"


@pytest.fixture
def receiver(shared_folder: Path) -> Iterator[KeptReceiver]:
    """A receiver of its own that may be killed."""
    receiver = KeptReceiver(shared_folder / f"heard-{time.time_ns()}", free_port())
    receiver.start()
    yield receiver
    receiver.kill()


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

    def __init__(
        self, running: RunningSandbox, receiver: KeptReceiver, players: HardTimes, kills: int, seed: int
    ) -> None:
        super().__init__(daemon=True)
        self.running, self.receiver, self.players = running, receiver, players
        self.kills, self.chance = kills, random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.trouble: BaseException | None = None

    def run(self) -> None:
        try:
            while self.killed.total() < self.kills:
                time.sleep(self.chance.uniform(0.2, 2.0))
                self.players.keep_checkpoint()
                part = PARTS[self.killed.total()] if self.kills == len(PARTS) else self.chance.choice(PARTS)
                self.kill(part)
        except BaseException as trouble:
            self.trouble = trouble

    def kill(self, part: str) -> None:
        """Kill one process of a part; the receiver has nobody else who would bring it back."""
        if part == "receiver":
            self.receiver.kill()
            self.killed[part] += 1
            time.sleep(self.chance.uniform(0.0, 1.0))
            self.receiver.start()
            return
        for process in processes_of(self.running, part):
            process.kill()
            self.killed[part] += 1
            return


def play(running: RunningSandbox, receiver: KeptReceiver, kills: int, seed: int) -> tuple[HardTimes, Counter[str]]:
    """Case after case until enough kills have been survived, and one more."""
    players = HardTimes(running.start())
    for organisation in TOLD:
        endpoint = {"url": receiver.url(organisation), "event_types": ["*"]}
        players.sandbox.system(organisation).post("/v1/webhook-endpoints", endpoint, expect=201)
    killer = Killer(running, receiver, players, kills, seed)
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


def every_event_was_told(players: HardTimes, receiver: KeptReceiver) -> None:
    """Each event is in the feed once and was delivered at least once; what came twice is the same, by id and body."""
    for organisation in TOLD:
        fed = [event["data"] for event in players.feed(organisation)]
        fed = [data for data in fed if data.get("case_file_id") in players.case_ids]
        ids = [data["event_id"] for data in fed]
        assert len(ids) == len(set(ids)), f"an event is in the feed of {organisation} twice"
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        while missing := set(ids) - {one.message_id for one in receiver.deliveries(organisation)}:
            assert time.monotonic() < deadline, f"{organisation} was not told {len(missing)} of {len(ids)} events"
            time.sleep(0.2)
        heard = receiver.deliveries(organisation)
        assert all(one.message_id == one.data["event_id"] for one in heard)
        assert len({one.message_id for one in heard}) == len({one.body for one in heard}), "one event in two forms"
        for case_id in players.case_ids:
            told = {one.data["sequence"] for one in heard if one.data.get("case_file_id") == case_id}
            assert told == set(range(1, len(told) + 1)) and told, f"{organisation} was told with a gap"


def nothing_was_lost(players: HardTimes, receiver: KeptReceiver) -> None:
    players.nothing_is_lost()
    every_answer_has_exactly_one_entry(players)
    players.the_log_only_grew()
    players.events_have_no_gap()
    every_event_was_told(players, receiver)
    verify_whole_log(players.sandbox)


@pytest.mark.timeout(300)
def test_api_worker_database_and_receiver_each_killed_lose_nothing(
    running: RunningSandbox, receiver: KeptReceiver
) -> None:
    players, killed = play(running, receiver, SHORT, seed=11)

    assert set(killed) == set(PARTS)
    nothing_was_lost(players, receiver)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_of_parts_lose_nothing(running: RunningSandbox, receiver: KeptReceiver) -> None:
    players, killed = play(running, receiver, LONG, seed=int(time.time()))

    assert killed.total() >= LONG and set(killed) == set(PARTS)
    nothing_was_lost(players, receiver)
    told = [one for organisation in TOLD for one in receiver.deliveries(organisation)]
    print(f"{dict(killed)}; {len(told)} deliveries of {len({one.message_id for one in told})} events")
