"""Deadlines on a real database with several workers: each event exactly once, and never of a clock at rest."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.early_advice.clocks import end_of, london_date, months_after, start_of
from casefile_api.early_advice.deadlines import raise_due_deadlines
from casefile_api.identifiers import new_id
from casefile_api.settings import Settings

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
CASES = 12


class Watch:
    """A database with clocks, and workers that look at it at a given time."""

    def __init__(self, service_url: str, owner_url: str) -> None:
        self.owner_url = owner_url
        settings = Settings(database_url=service_url)
        self.databases = [Database(settings, application=f"worker-{number}") for number in range(3)]

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner_url) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def add_clock(self, number: int, days: int, **changes: Any) -> None:
        """A case with a submitted request whose advice is due in so many days, warned of three days before."""
        case, request, due = new_id(), new_id(), london_date(NOW) + timedelta(days=days)
        self.rows(
            "insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number,"
            " named_staff) values (%(id)s, %(urn)s, 'police-53', 'police-53-rasso', 'cps-south-west-rasso', '{}', 1,"
            " '{}')",
            id=case,
            urn=f"53BH{number:05d}26",
        )
        self.rows(
            "insert into early_advice_request (id, case_file_id, organisation, state, suspect_set_key, revision,"
            " created_at, created_by, updated_at, cps_organisation, cps_unit, sealed)"
            " values (%(id)s, %(case)s, 'police-53', 'submitted', 'k', 1, %(now)s, 'a', %(now)s,"
            " 'cps-south-west', 'cps-south-west-rasso', '')",
            id=request,
            case=case,
            now=NOW,
        )
        self.rows(
            "insert into early_advice_unit values (%(id)s, 'cps-south-west-rasso', 'cps-south-west', %(now)s)",
            id=request,
            now=NOW,
        )
        clock = {"id": new_id(), "case": case, "request": request, "due_on": due, "paused_at": None, "stopped_at": None}
        clock |= {"chase_months": "[]", "chased": 0, "chase_at": None}
        self.rows(
            "insert into early_advice_clock (id, case_file_id, request_id, kind, started_at, due_on, due_at, warn_days,"
            " warns_at, paused_days, paused_at, stopped_at, chase_months, chased, chase_at)"
            " values (%(id)s, %(case)s, %(request)s, 'advice', %(start)s, %(due_on)s, %(due_at)s, 3, %(warns_at)s, 0,"
            " %(paused_at)s, %(stopped_at)s, %(chase_months)s, %(chased)s, %(chase_at)s)",
            **{**clock, **changes},
            start=NOW,
            due_at=end_of(due),
            warns_at=start_of(due - timedelta(days=3)),
        )

    async def look(self, days: int) -> None:
        """Let every worker look, at once, so many days from now."""
        clock = Clock(lambda: NOW + timedelta(days=days))
        await asyncio.gather(*(raise_due_deadlines(database, clock) for database in self.databases))

    def told(self) -> Counter[tuple[str, str]]:
        return Counter((kind, to) for kind, to in self.rows("select type, organisation from event"))


@pytest.fixture
async def watch(database_url: str, owner_database_url: str) -> AsyncIterator[Watch]:
    made = Watch(database_url, owner_database_url)
    yield made
    for database in made.databases:
        await database.close()


CHASED = {"chase_months": "[1, 2]", "chased": 0}


def chase_of(days: int) -> dict[str, Any]:
    """What a clock due in so many days has, where its answer is chased one and two months later."""
    month_later = months_after(london_date(NOW) + timedelta(days=days), 1)
    return CHASED | {"chase_at": end_of(month_later) + timedelta(seconds=1)}


def both(event: str, count: int) -> dict[tuple[str, str], int]:
    return {(f"deadline.{event}", to): count for to in ("police-53", "cps-south-west")}


async def test_three_workers_at_once_tell_of_each_deadline_once(watch: Watch) -> None:
    for number in range(CASES):
        watch.add_clock(number, days=5)
    await watch.look(1)
    assert watch.told() == {}
    await watch.look(2)
    assert watch.told() == both("approaching", CASES)
    await watch.look(5)
    assert watch.told() == both("approaching", CASES)
    await watch.look(6)
    await watch.look(60)
    assert watch.told() == both("approaching", CASES) | both("breached", CASES)


async def test_workers_that_were_down_over_both_dates_tell_of_both(watch: Watch) -> None:
    watch.add_clock(1, days=5)
    await watch.look(400)
    assert watch.told() == both("approaching", 1) | both("breached", 1)


async def test_a_clock_that_stopped_or_waits_is_not_told_of(watch: Watch) -> None:
    watch.add_clock(1, days=5, stopped_at=NOW + timedelta(days=1))
    watch.add_clock(2, days=5, paused_at=NOW + timedelta(days=1))
    await watch.look(60)
    assert watch.told() == {}


async def test_every_deadline_told_has_its_entry_in_the_log(watch: Watch) -> None:
    watch.add_clock(1, days=5)
    await watch.look(60)
    entries = watch.rows("select action, owner, case_file_id is not null from audit_entry")
    assert entries == [("raise_deadline", "police-53", True)] * 2
    await watch.look(61)
    assert len(watch.rows("select 1 from audit_entry")) == 2


async def test_an_answer_is_chased_one_and_two_months_after_its_date_once_each(watch: Watch) -> None:
    for number in range(CASES):
        watch.add_clock(number, days=5, **chase_of(5))  # due on 29 November: chased when 29 December is over
    for days, chased in ((35, 0), (36, 1), (36, 1), (66, 1), (67, 2), (400, 2)):
        await watch.look(days)
        assert watch.told()["deadline.chased", "cps-south-west"] == chased * CASES, days
    months = watch.rows(
        "select convert_from(body, 'UTF8')::json->'data'->>'months', count(*) from event"
        " where type = 'deadline.chased' group by 1"
    )
    assert sorted(months) == [("1", 2 * CASES), ("2", 2 * CASES)]


async def test_workers_that_were_down_for_months_chase_for_each_month_and_a_clock_at_rest_is_not_chased(
    watch: Watch,
) -> None:
    watch.add_clock(1, days=5, **chase_of(5))
    watch.add_clock(2, days=5, **chase_of(5), stopped_at=NOW + timedelta(days=20))
    await watch.look(400)
    expected = both("approaching", 1) | both("breached", 1) | both("chased", 2)
    assert watch.told() == expected
