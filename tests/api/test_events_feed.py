"""The feed of events: complete, in order, read from where one left off, and waiting where there is nothing yet."""

import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from casefile_api.audit.announcing import announce_checkpoint
from casefile_api.errors import Gone
from casefile_api.tenancy import WORKER
from casefile_api.web.assembly import build_parts
from casefile_api.webhooks.feed import read_archive, read_feed
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.telling import ORGANISATION, Telling, until

FEED = "/v1/events"


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-53")


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


def newest(party: Party) -> str:
    """Read the feed to its end."""
    page = party.get(FEED, params={"limit": "200"}).json()
    while page["items"]:
        page = party.get(FEED, params={"limit": "200", "after": page["next_cursor"]}).json()
    return str(page["next_cursor"])


def read(party: Party, after: str, *, limit: int = 50, wait: int = 5, count: int = 1) -> list[Any]:
    """Read on until so many events have come."""
    items: list[Any] = []
    while len(items) < count:
        page = party.get(FEED, params={"after": after, "limit": str(limit), "wait": str(wait)}).json()
        assert page["items"], f"only {len(items)} of {count} came"
        items, after = items + page["items"], page["next_cursor"]
    return items


def test_what_an_organisation_does_is_in_its_feed_in_order(system: Party, officer: Party) -> None:
    start = newest(system)
    case = open_case(officer)
    path = f"/v1/case-files/{case['id']}"
    for issues in ("one", "two"):
        officer.change(path, {"content": {"issues": issues}, "note": "more"})
    told = read(system, start, limit=1, count=3)
    assert [event["type"] for event in told] == ["case_file.opened"] + ["case_file.version_added"] * 2
    assert [event["data"]["sequence"] for event in told] == [1, 2, 3]
    assert [event["data"]["version"] for event in told] == [1, 2, 3]
    assert {event["data"]["case_file_id"] for event in told} == {case["id"]}


def test_the_cursor_stays_what_it_was_while_there_is_nothing_new(system: Party) -> None:
    cursor = newest(system)
    page = system.get(FEED, params={"after": cursor}).json()
    assert page == {"items": [], "next_cursor": cursor}


def test_a_waiting_reader_is_answered_as_soon_as_something_happens(system: Party, officer: Party) -> None:
    cursor = newest(system)
    happened: list[float] = []

    def act() -> None:
        open_case(officer)
        happened.append(time.monotonic())

    later = threading.Timer(1.0, act)
    later.start()
    begun = time.monotonic()
    told = system.get(FEED, params={"after": cursor, "wait": "20"}).json()["items"]
    answered = time.monotonic()
    later.join()
    assert [event["type"] for event in told] == ["case_file.opened"]
    assert answered - begun > 0.9
    assert answered - happened[0] < 10


def test_a_reader_who_waits_in_vain_is_answered_with_an_empty_page(system: Party) -> None:
    cursor = newest(system)
    begun = time.monotonic()
    page = system.get(FEED, params={"after": cursor, "wait": "2"}).json()
    assert page["items"] == [] and 1.9 < time.monotonic() - begun < 15


def test_many_waiting_readers_hold_up_nobody(system: Party, officer: Party) -> None:
    cursor = newest(system)
    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(system.get, FEED, params={"after": cursor, "wait": "15"}) for _ in range(40)]
        time.sleep(1.0)
        begun = time.monotonic()
        open_case(officer)
        assert time.monotonic() - begun < 10
        assert all(one.result(10).json()["items"] for one in waiting)


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"after": "nonsense"}, "after"),
        ({"after": "ZmVlZDotMQ"}, "after"),
        ({"after": "ZmVlZDo5OTk5OTk5OTk5"}, "after"),
        ({"wait": "31"}, "wait"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"since": "2026"}, "since"),
    ],
)
def test_a_broken_cursor_or_parameter_is_named(system: Party, params: dict[str, str], parameter: str) -> None:
    problem = system.refused("GET", FEED, 422, "invalid", params=params)
    assert problem["errors"][0]["parameter"] == parameter


def test_the_feed_is_for_systems(officer: Party) -> None:
    officer.refused("GET", FEED, 403, "not-permitted")


def test_nobody_reads_of_another_organisations_cases(sandbox: Sandbox, officer: Party) -> None:
    others = [sandbox.system(name) for name in ("police-52", "cps-south-west", "oversight-hmcpsi")]
    starts = [newest(other) for other in others]
    case = open_case(officer)
    for other, start in zip(others, starts, strict=True):
        assert case["id"] not in other.get(FEED, params={"after": start, "wait": "1"}).text


def test_an_empty_page_is_not_logged_and_a_full_one_is_consultation(
    sandbox: Sandbox, system: Party, officer: Party
) -> None:
    auditor = sandbox.person("auditor", organisation="oversight-hmcpsi")
    filters = {"action": "list_events", "organisation": "police-53", "outcome": "allowed"}
    cursor = newest(system)
    before = len(auditor.items("/v1/audit-log/entries", **filters))
    system.get(FEED, params={"after": cursor})
    open_case(officer)
    read(system, cursor)
    entries = auditor.items("/v1/audit-log/entries", **filters)
    assert len(entries) == before + 1
    assert entries[-1]["entry"]["operation"] == "consultation"


@pytest_asyncio.fixture
async def telling(database_url: str) -> AsyncIterator[Telling]:
    folder = Path(tempfile.mkdtemp(prefix="casefile-feed-"))
    telling = Telling(database_url, folder)
    yield telling
    await telling.database.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.asyncio
async def test_a_cursor_that_fell_behind_what_is_kept_is_told_so(telling: Telling) -> None:
    async with telling.working():
        await telling.happen(count=3)
        await until(lambda: telling.rows("select 1 from event_position having count(*) = 3"))
    now = telling.clock.now()
    async with telling.database.session(WORKER) as session:
        first = await read_feed(session, ORGANISATION, None, 1, now, 90)
        rest = await read_feed(session, ORGANISATION, first.next_cursor, 50, now, 90)
        assert len(rest.bodies) == 2
        later = now + timedelta(days=91)
        with pytest.raises(Gone):
            await read_feed(session, ORGANISATION, first.next_cursor, 50, later, 90)
        assert (await read_feed(session, ORGANISATION, rest.next_cursor, 50, later, 90)).bodies == ()
        archived = await read_archive(session, ORGANISATION, first.next_cursor, 50, later, 90)
        assert (archived.bodies, archived.next_cursor) == (rest.bodies, rest.next_cursor)
        assert (await read_archive(session, ORGANISATION, None, 1, later, 90)).bodies == first.bodies
        assert (await read_archive(session, ORGANISATION, first.next_cursor, 50, now, 90)).bodies == ()
        from_oldest_kept = await read_feed(session, ORGANISATION, None, 50, later, 90)
        assert from_oldest_kept.bodies == () and from_oldest_kept.next_cursor == rest.next_cursor


@pytest.mark.asyncio
async def test_archive_and_feed_together_are_everything_once_wherever_the_line_between_them_is(
    telling: Telling,
) -> None:
    async with telling.working():
        for _ in range(3):
            await telling.happen(count=2)
            await telling.advance(timedelta(days=10))
        await until(lambda: telling.rows("select 1 from event_position having count(*) = 6"))
    async with telling.database.session(WORKER) as session:
        for days in range(0, 40, 4):
            told: list[bytes] = []
            cursor, pages = None, 0
            now = telling.clock.now()
            while page := await read_archive(session, ORGANISATION, cursor, 1, now, days):
                cursor, told, pages = page.next_cursor, [*told, *page.bodies], pages + 1
                if not page.bodies:
                    break
            while (page := await read_feed(session, ORGANISATION, cursor, 1, now, days)).bodies:
                cursor, told = page.next_cursor, [*told, *page.bodies]
            assert (len(told), len(set(told))) == (6, 6), days


def test_what_is_older_than_the_feed_is_asked_for_by_its_cursors(system: Party, officer: Party) -> None:
    open_case(officer)
    page = system.get(f"{FEED}/archive").json()
    assert page["items"] == []
    assert system.get(FEED, params={"after": page["next_cursor"], "wait": "5"}).json()["items"]
    for params in ({"after": "nonsense"}, {"wait": "5"}, {"limit": "0"}):
        system.refused("GET", f"{FEED}/archive", 422, "invalid", params=params)
    officer.refused("GET", f"{FEED}/archive", 403, "not-permitted")


def test_overseers_are_told_of_a_checkpoint_of_the_log_and_nobody_else_is(sandbox: Sandbox, officer: Party) -> None:
    open_case(officer)
    overseer = sandbox.system("oversight-hmcpsi")
    deadline = time.monotonic() + 60
    told: list[Any] = []
    while not told:
        assert time.monotonic() < deadline, "no checkpoint was announced"
        page = overseer.get(FEED, params={"wait": "10"}).json()
        told = [event for event in page["items"] if event["type"] == "audit.checkpoint_published"]
    data = told[0]["data"]
    assert set(data) == {"event_id", "organisation", "tree_size", "root_hash"}
    proof = {"from": "0", "to": str(data["tree_size"])}
    assert overseer.get("/v1/audit-log/consistency-proof", params=proof).json()["to_root"] == data["root_hash"]
    assert len(told) == 1


CHECKPOINT = "insert into audit_checkpoint (id, tree_size, root_hash, note, created_at) values (%s, %s, %s, '', now())"


@pytest.mark.asyncio
async def test_a_checkpoint_is_announced_once_an_interval_and_only_when_the_log_has_grown(
    telling: Telling, owner_database_url: str
) -> None:
    with psycopg.connect(owner_database_url) as owner:
        owner.execute(
            "insert into organisation (id, kind, name, remit, valid_from)"
            " values ('oversight-test', 'oversight', 'Test', 'all', '2020-01-01')"
        )
        owner.execute(CHECKPOINT, (5, 5, b"r" * 32))
    parts = build_parts(telling.settings)
    assert await announce_checkpoint(parts)
    assert not await announce_checkpoint(parts)
    eager = build_parts(telling.settings.with_values(checkpoint_event_minutes=0))
    assert not await announce_checkpoint(eager)
    with psycopg.connect(owner_database_url) as owner:
        owner.execute(CHECKPOINT, (6, 6, b"s" * 32))
    assert not await announce_checkpoint(parts)
    assert await announce_checkpoint(eager)
    for used in (parts, eager):
        await used.database.close()
