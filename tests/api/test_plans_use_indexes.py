"""With the policies on, what is asked for is found by indexes: nobody's every row is looked at for somebody's few.

`pytest -n0 -s --timeout=3600 -m soak tests/api/test_plans_use_indexes.py` fills a million of each
(`CASEFILE_SOAK_ROWS`) and says how long each takes.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from casefile_api.access.caller import Caller
from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.queries import Place, list_entries
from casefile_api.audit.remit import Remit
from casefile_api.case_files.finding import CaseFileFilter, Sort
from casefile_api.case_files.listing import list_case_files
from casefile_api.case_files.queries import find_visible
from casefile_api.database import Database
from casefile_api.early_advice.list_counts import count_lists
from casefile_api.early_advice.request_queue import Queue, list_queue
from casefile_api.early_advice.work_lists import WorkList
from casefile_api.settings import Settings
from casefile_api.tenancy import Scope
from casefile_api.unit_of_work import Reading
from casefile_api.web.pagination import Page
from casefile_api.webhooks.feed import read_feed
from tests.api.many_rows import Explaining, fill, police, prosecutor, reading_of
from tests.databases import DatabaseServer

ROWS = 4000
MANY_ROWS = int(os.environ.get("CASEFILE_SOAK_ROWS", "1000000"))
LONGEST_MILLISECONDS = 1000.0
PAGE = Page(10, None, "/v1/x", ())
MOST_FOR_A_PAGE = 60  # of the two hundred that a unit has
CASE_ID = UUID(int=21)  # of the second force, and with the second Area
AT = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
WATCHING = Scope("oversight-11", "oversight")

Ask = Callable[[Any], Awaitable[object]]


def _as(caller: Caller, ask: Callable[[Any], Awaitable[object]]) -> tuple[Scope, Ask]:
    return caller.scope, lambda session: ask(reading_of(caller, session))


def _versions(session: Any) -> Awaitable[object]:
    return session.execute(
        text("select number, created_at from case_file_version where case_file_id = :id order by number"),
        {"id": CASE_ID},
    )


def _list(reading: Reading) -> Awaitable[object]:
    return list_case_files(reading, CaseFileFilter(), Sort.NEWEST_CHANGE, PAGE)


def _feed(session: Any) -> Awaitable[object]:
    return read_feed(session, "police-11", "ZmVlZDoxMDA", 50, AT, 90)


def _search(*, after: int = 100, **asked: Any) -> tuple[Scope, Ask]:
    return WATCHING, lambda session: list_entries(session, EntryFilter(**asked), Remit("police-11"), Place(after), 50)


_BY_DEADLINE, _LATE = Queue(by_deadline=True), Queue(work_list=WorkList.OVERDUE, by_deadline=True)
ASKED: dict[str, tuple[Scope, Ask]] = {
    "a case file of the force": _as(police(), lambda reading: find_visible(reading, CASE_ID)),
    "a case file of the Area": _as(prosecutor(), lambda reading: find_visible(reading, CASE_ID)),
    "versions of a case file, as the CPS": (prosecutor().scope, _versions),
    "the list of a unit": _as(police(), _list),
    "the list of a force": _as(police("system"), _list),
    "the list of a CPS unit": _as(prosecutor(), _list),
    "the queue of a force": _as(police(), lambda reading: list_queue(reading, Queue(), PAGE)),
    "the queue of a CPS unit": _as(prosecutor(), lambda reading: list_queue(reading, Queue(), PAGE)),
    "the queue of a force by deadline": _as(police("system"), lambda reading: list_queue(reading, _BY_DEADLINE, PAGE)),
    "the queue of a CPS unit by deadline": _as(prosecutor(), lambda reading: list_queue(reading, _BY_DEADLINE, PAGE)),
    "what is overdue in the queue of a CPS unit": _as(prosecutor(), lambda reading: list_queue(reading, _LATE, PAGE)),
    "how much a force has to do": _as(police("system"), count_lists),
    "how much a CPS unit has to do": _as(prosecutor(), count_lists),
    "the feed": (police("system").scope, _feed),
    "the log of a case file": _search(case_file_id=CASE_ID, after=-1),
    "the log of a member of staff": _search(staff_id="p-1"),
    "the log of a force": _search(),
}


@pytest.fixture(scope="module", params=[ROWS, pytest.param(MANY_ROWS, marks=pytest.mark.soak)])
def filled(request: pytest.FixtureRequest, postgresql: DatabaseServer) -> Iterator[tuple[str, int]]:
    """A database with so many rows of each kind."""
    with postgresql.scratch() as scratch:
        fill(scratch.owner_url, request.param)
        yield scratch.service_url, request.param


@pytest.mark.parametrize("asked", ASKED)
def test_no_table_is_looked_through(filled: tuple[str, int], asked: str) -> None:
    url, rows = filled
    scope, ask = ASKED[asked]
    is_page = "list" in asked or "queue" in asked

    async def explained() -> Explaining:
        database = Database(Settings(database_url=url, database_timeout_seconds=60))
        try:
            async with database.session(scope) as session:
                if is_page and rows == ROWS:  # so few are sorted faster than they are found in order
                    await session.execute(text("set local enable_sort = off"))
                    await session.execute(text("set local enable_bitmapscan = off"))
                explaining = Explaining(session, answers=not is_page)
                await ask(explaining)
                return explaining
        finally:
            await database.close()

    found = asyncio.run(explained())
    assert found.looked_through(rows) == set()
    assert found.plans, "nothing was asked"
    assert found.ways("audit_search") <= {"Index Scan", "Index Only Scan"}, "a page is walked to, not gathered"
    walked = is_page or asked == "the feed"
    if walked and (rows != ROWS or asked != "the list of a unit"):  # of so few it takes those of two orders
        assert max(found.looked_at().values()) <= MOST_FOR_A_PAGE, "a page is read off an index in its order"
    if rows != ROWS:
        print(f"\n{asked}, {rows} rows: {found.milliseconds:.1f} ms")
        assert found.milliseconds < LONGEST_MILLISECONDS
