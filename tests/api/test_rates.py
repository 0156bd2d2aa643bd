"""Rates hold over all processes, cost next to nothing, and say what is left (RateLimit headers, Retry-After)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable, TooManyRequests
from casefile_api.settings import Settings
from casefile_api.web.limits import (
    HELD_BACK_AT_MOST_SECONDS,
    HELD_BACK_SECONDS,
    LEASE_SECONDS,
    MOST_HELD_BACK,
    TOLD_A_SECOND,
    Policy,
    RateLimits,
    site_of,
)
from tests.outside.client import Party, Sandbox, check_problem
from tests.outside.running import running_sandbox

STILL = Policy("client", 0.0001, 100)


class Counted:
    """The rows of a database, and how often they were asked for."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.statements = 0

    async def rows(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        self.statements += 1
        return await self.database.rows(statement, values)


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[Counted]]:
    """The databases of two processes."""
    counted = [Counted(Database(Settings(database_url=database_url))) for _ in range(2)]
    yield counted
    for process in counted:
        await process.database.close()


async def taken(limits: RateLimits, times: int, who: str = "force-53-rms") -> int:
    """How many of so many requests are let through."""
    count = 0
    for _ in range(times):
        try:
            await limits.take(who)
            count += 1
        except TooManyRequests:
            continue
    return count


async def test_a_rate_holds_over_two_processes_to_the_last_request(processes: list[Counted]) -> None:
    limits = [RateLimits(process.rows, STILL) for process in processes]

    assert sum(await asyncio.gather(*(taken(each, 150) for each in limits * 3))) == 100


async def test_a_busy_client_costs_a_statement_for_every_so_many_requests(processes: list[Counted]) -> None:
    limits = RateLimits(processes[0].rows, STILL)

    assert await taken(limits, 100) == 100
    assert processes[0].statements == 100 / STILL.lease


async def test_a_client_over_its_rate_costs_no_statement_until_its_next_token(processes: list[Counted]) -> None:
    limits = RateLimits(processes[0].rows, STILL)
    await taken(limits, 101)
    asked = processes[0].statements

    assert await taken(limits, 1000) == 0
    assert processes[0].statements == asked


async def test_one_client_over_its_rate_takes_nothing_from_another(processes: list[Counted]) -> None:
    limits = RateLimits(processes[0].rows, STILL)
    await taken(limits, 200, "flood")

    assert await taken(limits, 50, "other") == 50


async def test_what_is_left_of_a_lease_goes_back(processes: list[Counted]) -> None:
    now = [0.0]
    one, other = RateLimits(processes[0].rows, STILL, lambda: now[0]), RateLimits(processes[1].rows, STILL)
    await one.take("client")
    now[0] += LEASE_SECONDS + 1
    await one.take("client")

    assert await taken(other, 200, "client") == 100 - STILL.lease - 1


async def test_a_bucket_fills_again(processes: list[Counted]) -> None:
    limits = RateLimits(processes[0].rows, Policy("client", 5.0, 5))
    assert await taken(limits, 50) < 50  # nobody takes nine seconds over fifty
    await asyncio.sleep(0.65)

    assert await taken(limits, 3) == 3


async def test_a_large_body_counts_as_several_requests(processes: list[Counted]) -> None:
    limits = RateLimits(processes[0].rows, STILL)
    told = await limits.take("client", 30)

    assert told["RateLimit"].startswith('"client";r=70;') and await taken(limits, 200, "client") == 70


async def test_what_is_owed_for_a_body_is_owed_to_every_process(processes: list[Counted]) -> None:
    limits = [RateLimits(process.rows, STILL) for process in processes]
    await limits[0].take("client", 60)
    told = await limits[0].take("client", 60)

    assert told["RateLimit"].startswith('"client";r=0;')
    assert [await taken(each, 20, "client") for each in limits] == [0, 0]


async def test_bodies_of_one_moment_are_all_counted(processes: list[Counted]) -> None:
    limits = [RateLimits(process.rows, Policy("client", 0.0001, 1000)) for process in processes]
    await asyncio.gather(*(each.take("client", 40) for each in limits * 10))

    assert sum([await taken(each, 300, "client") for each in limits]) == 1000 - 20 * 40


async def test_what_was_left_is_left_when_the_database_was_away(processes: list[Counted]) -> None:
    away = [False]

    async def rows(statement: str, values: Mapping[str, Any]) -> list[Any]:
        if away[0]:
            raise DependencyUnavailable("Away.")
        return await processes[0].rows(statement, values)

    limits = RateLimits(rows, STILL)
    await limits.take("client")
    away[0] = True
    with pytest.raises(DependencyUnavailable):
        await limits.take("client", 30)
    away[0] = False

    assert await taken(limits, 200, "client") == 100 - 1 - 30, "the body that was counted stays counted"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
def test_one_subscriber_has_one_rate(one: str, other: str, same: bool) -> None:
    assert (site_of(one) == site_of(other)) is same


SYSTEMS: dict[str, Party] = dict.fromkeys(["force-53-rms", "force-20-rms", "force-52-rms"])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def narrow(shared_folder: Path) -> Iterator[Sandbox]:
    """A service with low rates, whose address has asked for three tokens of the eight things it may ask for."""
    rates = {"CASEFILE_ADDRESS_RATE_PER_SECOND": "0.001", "CASEFILE_ADDRESS_RATE_BURST": "8"}
    rates |= {"CASEFILE_RATE_PER_SECOND": "0.001", "CASEFILE_RATE_BURST": "8"}
    with running_sandbox(shared_folder / "narrow", **rates) as running:
        SYSTEMS.update({client_id: running.party(client_id) for client_id in SYSTEMS})
        assert all(system.token for system in SYSTEMS.values())
        yield running
        running.http.close()


def test_clients_and_addresses_have_their_rates_and_are_told(narrow: Sandbox) -> None:
    system = SYSTEMS["force-53-rms"]
    answers = [system.call("GET", "/v1/me") for _ in range(10)]
    first, last = answers[0], answers[-1]

    assert [answer.status_code for answer in answers].count(200) == 7, "the token itself took one"
    assert first.headers["ratelimit-policy"] == '"client";q=8;w=8000'
    assert first.headers["ratelimit"] == '"client";r=6;t=8000'
    check_problem(last, 429, "too-many-requests")
    assert int(last.headers["retry-after"]) > 0 and last.headers["ratelimit"].startswith('"client";r=0;t=')

    bad = {"Authorization": "Bearer nonsense"}
    refused = [narrow.http.get(f"{narrow.base_url}/v1/me", headers=bad).status_code for _ in range(7)]
    assert refused == [401] * 5 + [429] * 2, "guesses count against the address, as the token requests did"
    check_problem(narrow.token_request({}), 429, "too-many-requests")
    assert narrow.http.get(f"{narrow.base_url}/healthz").status_code == 200


def test_a_body_is_counted_before_it_is_read_and_one_without_a_length_as_it_comes(narrow: Sandbox) -> None:
    system = SYSTEMS["force-20-rms"]
    answer = system.call("POST", "/v1/case-files", content=b" " * 150_000, media_type="application/json")
    check_problem(answer, 422, "invalid")
    assert answer.headers["ratelimit"].startswith('"client";r=0;'), "ten requests, of seven that were left"
    check_problem(system.call("GET", "/v1/me"), 429, "too-many-requests")

    where = urlsplit(narrow.base_url)
    head = f"POST /v1/case-files HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {system.token}\r\n"
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 429 "), "nothing of the body was sent"

    other = SYSTEMS["force-52-rms"]
    pieces = (b" " * 60_000 for _ in range(15))
    answer = other.call("POST", "/v1/case-files", content=pieces, media_type="application/json")
    check_problem(answer, 429, "too-many-requests")


async def test_answers_to_a_flood_are_held_back_and_only_so_many(
    processes: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, slept, morning = RateLimits(processes[0].rows, STILL), list[float](), asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await morning.wait()

    waited_for = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", sleep)
    told = [TooManyRequests("Later.") for _ in range(MOST_HELD_BACK + 1)]
    waiting = [asyncio.create_task(limits.hold_back(one, "flood")) for one in told[1:-1]]
    waiting.append(asyncio.create_task(limits.hold_back(told[-1], "another")))
    await waited_for(0)
    await limits.hold_back(told[0], "flood")
    morning.set()
    await asyncio.gather(*waiting)

    assert [one.headers for one in told] == [{"Connection": "close"}, *[{}] * MOST_HELD_BACK]
    longest = HELD_BACK_AT_MOST_SECONDS
    for held, seconds in enumerate(slept[:-1], start=1):
        least = max(HELD_BACK_SECONDS, held / TOLD_A_SECOND)
        assert min(least, longest) <= seconds <= 2 * min(least, longest), "the more wait, the longer each"
    assert slept[-1] <= 2 * HELD_BACK_SECONDS, "another's answers come as soon as ever"
