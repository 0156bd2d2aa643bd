"""Changes that one caller makes at the same time share a transaction: its trips and its commit, not its refusals."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from casefile_api.database import Database
from casefile_api.settings import Settings
from casefile_api.tenancy import Scope
from casefile_api.transactions import Alone, Lock

POLICE = Scope("police-53", "police", ("police-53#system",))
COUNT = "select count(*) as n from job_request where kind = 'shared'"
INSERT = "insert into job_request (id, kind, subject_id, requested_at) values (gen_random_uuid(), 'shared', :s, now())"
LOCK = Lock(
    waiting="select true as locked from pg_advisory_xact_lock(cast(:id as bigint))",
    if_free="select true as locked where pg_try_advisory_xact_lock(cast(:id as bigint))",
    again="select cast(:id as bigint)",
)
BY_TRANSACTION = "select count(distinct cast(xmin as text)) as n from job_request where kind = 'shared'"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database of one process, with rows to lock."""
    database = Database(Settings(database_url=database_url, database_timeout_seconds=2))
    yield database
    await database.close()


async def change(database: Database, subject: str | None, *, row: Any = None, refuse: bool = False) -> Any:
    """Look, and write what was looked for; or be refused."""
    async with database.shared_transaction(POLICE) as transaction:
        if row is not None:
            transaction.lock(LOCK, {"id": row})
        found = (await transaction.execute("select cast(:s as text) as s", {"s": subject})).one().s
        if refuse:
            raise LookupError(subject)
        transaction.later(INSERT, {"s": found})
        await transaction.commit()
    return found


async def test_those_that_come_while_one_is_under_way_go_together_and_each_hears_its_own(database: Database) -> None:
    named = [f"change {number}" for number in range(20)]

    assert await asyncio.gather(*(change(database, name) for name in named)) == named

    assert await counted(database) == 20
    assert (await database.rows(BY_TRANSACTION, {}))[0].n <= 3  # two that began at once, and those behind them


async def test_rows_of_one_kind_are_written_in_one_statement_and_each_has_its_own(database: Database) -> None:
    insert = (
        "insert into job_request (id, kind, subject_id, requested_at) select gen_random_uuid(), 'shared', s, now()"
        " from json_to_recordset(cast(:given as json)) given (s text)"
    )

    async def write(*names: str) -> None:
        async with database.shared_transaction(POLICE) as transaction:
            await transaction.execute("select 1 as n")
            transaction.rows(insert, "given", json.dumps([{"s": name} for name in names]))
            await transaction.commit()

    await asyncio.gather(*(write(f"{number}", f"] , [ {number}") for number in range(9)))

    named = await database.rows("select subject_id from job_request where kind = 'shared' order by 1", {})
    assert [row.subject_id for row in named] == sorted(
        name for number in range(9) for name in (f"{number}", f"] , [ {number}")
    )
    assert (await database.rows(BY_TRANSACTION, {}))[0].n <= 3


async def test_who_is_refused_leaves_the_others_alone(database: Database) -> None:
    asked = [change(database, f"{number}", refuse=number % 3 == 0) for number in range(18)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [isinstance(answer, LookupError) for answer in answers] == [number % 3 == 0 for number in range(18)]
    assert await counted(database) == 12


async def test_what_the_database_refuses_is_undone_for_all_and_each_hears_to_go_alone(database: Database) -> None:
    asked = [change(database, None if number == 7 else f"{number}") for number in range(12)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert answers[:2] == ["0", "1"]
    assert all(isinstance(answer, Alone) for answer in answers[2:])
    assert await counted(database) == 2


async def test_nobody_waits_for_a_row_that_another_has(database: Database, database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("select pg_advisory_xact_lock(5)")

        asked = [change(database, f"{row}", row=row) for row in range(10)]
        answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)

    assert isinstance(answers[5], Alone)
    assert answers[:5] + answers[6:] == [f"{row}" for row in range(10) if row != 5]
    assert await counted(database) == 9


async def test_two_changes_of_one_row_are_never_made_together(database: Database) -> None:
    asked = [change(database, f"{number}", row=1) for number in range(8)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    made = [answer for answer in answers if not isinstance(answer, Alone)]
    assert made == [answer for answer in answers if isinstance(answer, str)] != []
    assert (await database.rows(BY_TRANSACTION, {}))[0].n == len(made) == await counted(database)


async def test_one_that_goes_away_holds_up_nobody(database: Database) -> None:
    tasks = [asyncio.create_task(change(database, f"{number}")) for number in range(10)]
    await asyncio.sleep(0)
    tasks[5].cancel()

    answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)

    assert isinstance(answers[5], asyncio.CancelledError)
    assert [answer for answer in answers if isinstance(answer, str)] == [
        f"{number}" for number in range(10) if number != 5
    ]
    assert await counted(database) == 9


async def counted(database: Database) -> int:
    """How many rows there are."""
    return int((await database.rows(COUNT, {}))[0].n)
