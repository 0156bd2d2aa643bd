"""Statements share lines and trips, and nothing else: not their faults, not their transactions, not their callers."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from casefile_api.database import Database, LoneConnection
from casefile_api.errors import DependencyUnavailable
from casefile_api.lines import statement_of
from casefile_api.settings import Settings
from casefile_api.transactions import Transaction

BACKENDS = "select pid from pg_stat_activity where application_name = 'casefile-api' and pid <> pg_backend_pid()"
COUNT = "select count(*) as n from job_request where kind = 'counted'"
INSERT = "insert into job_request (id, kind, subject_id, requested_at) values (gen_random_uuid(), 'counted', :s, now())"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database of one process with short patience."""
    database = Database(Settings(database_url=database_url, database_timeout_seconds=2))
    yield database
    await database.close()


async def test_many_at_once_each_get_their_own_answer(database: Database) -> None:
    answers = await asyncio.gather(*(database.rows("select cast(:n as int) as n", {"n": n}) for n in range(300)))

    assert [rows[0].n for rows in answers] == list(range(300))


async def test_lists_arrive_as_they_are(database: Database) -> None:
    texts = ["", "a", "NULL", "null", '"', "\\", '\\"', "{", "},{", " , ", "é\n\t’", "a" * 5_000]
    mixed = [uuid4(), uuid4()]
    for given, kind in ((texts, "text"), ([], "text"), (mixed, "uuid"), ([3, 1], "int"), ([b'"\\', b""], "bytea")):
        (row,) = await database.rows(f"select cast(:given as {kind}[]) as given", {"given": given})
        assert row.given == given
    (row,) = await database.rows("select 'b' = any(:given) as found", {"given": ["a", "b"]})
    assert row.found


async def test_a_statement_that_fails_leaves_those_beside_it_alone(database: Database) -> None:
    asked = [database.rows("select 60 / cast(:n as int) as n", {"n": n}) for n in (1, 0, 2, 0, 3)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [isinstance(answer, psycopg.errors.DivisionByZero) for answer in answers] == [0, 1, 0, 1, 0]
    assert [answer[0].n for answer in answers if isinstance(answer, list)] == [60, 30, 20]


async def test_a_statement_that_nobody_waits_for_any_more_does_not_disturb_the_next(database: Database) -> None:
    slow = asyncio.create_task(database.rows("select 1 as n, pg_sleep(0.2)", {}))
    await asyncio.sleep(0.05)
    slow.cancel()

    answers = await asyncio.gather(*(database.rows("select cast(:n as int) as n", {"n": n}) for n in range(20)))

    assert [rows[0].n for rows in answers] == list(range(20))


async def test_lines_that_are_cut_are_refusals_and_are_opened_again(
    database: Database, owner_database_url: str
) -> None:
    waiting = [asyncio.create_task(database.rows("select pg_sleep(30)", {})) for _ in range(3)]
    await asyncio.sleep(0.3)
    with psycopg.connect(owner_database_url, autocommit=True) as owner:
        for (pid,) in owner.execute(BACKENDS).fetchall():
            owner.execute("select pg_terminate_backend(%s)", (pid,))

    lost = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(answer) for answer in lost] == [DependencyUnavailable] * 3
    assert (await database.rows("select 1 as n", {}))[0].n == 1


async def test_what_a_moment_sends_is_held_back_until_it_is_complete(database: Database) -> None:
    line = await database._line()
    with socket.fromfd(line._socket, socket.AF_INET, socket.SOCK_STREAM) as wire:
        answers = [line.ask((statement_of("select 1 as n"), {})) for _ in range(5)]
        held_back = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)
        await asyncio.gather(*answers)
        let_go = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)
    line.lose(psycopg.OperationalError("the test is over"))

    assert (held_back, let_go) == (1, 0)


async def test_a_statement_that_takes_too_long_is_a_refusal(database: Database) -> None:
    with pytest.raises(DependencyUnavailable):
        await database.rows("select pg_sleep(10)", {})


async def test_what_is_sent_with_the_commit_is_there_after_it(database: Database) -> None:
    async with database.transaction() as transaction:
        transaction.later(INSERT, {"s": "one"})
        found = await transaction.execute(COUNT)
        transaction.later(INSERT, {"s": "two"})
        await transaction.commit()

    assert found.scalar_one() == 1
    assert await counted(database) == 2


async def test_what_was_not_committed_is_undone_before_the_next_transaction(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(INSERT, {"s": "lost"})

    assert await counted(database) == 0


async def test_a_fault_among_the_last_statements_undoes_all(database: Database) -> None:
    async def insert_both() -> None:
        async with database.transaction() as transaction:
            transaction.later(INSERT, {"s": "good"})
            transaction.later(INSERT, {"s": None})
            await transaction.commit()

    with pytest.raises(psycopg.errors.NotNullViolation):
        await insert_both()

    assert await counted(database) == 0
    async with database.transaction() as transaction:
        assert (await transaction.execute("select 1 as n")).one().n == 1


async def test_a_transaction_given_up_in_the_middle_is_undone_and_its_line_not_used_again(database: Database) -> None:
    async def insert_and_wait() -> None:
        async with database.transaction() as transaction:
            transaction.later(INSERT, {"s": "lost"})
            await transaction.execute("select pg_sleep(1)")
            await transaction.commit()

    task = asyncio.create_task(insert_and_wait())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await counted(database) == 0


async def test_rows_of_what_is_sent_later_go_to_who_wants_them(database: Database) -> None:
    taken: list[Any] = []
    async with database.transaction() as transaction:
        transaction.later("select 5 as five", {}, taken.extend)
        await transaction.execute("select 1 as n")

    assert [row.five for row in taken] == [5]


async def test_as_many_transactions_as_lines_are_under_way_and_the_next_waits_its_turn(database_url: str) -> None:
    settings = Settings(database_url=database_url, database_pool_size=2, database_timeout_seconds=1)
    database = Database(settings)
    begun: list[Transaction] = []

    async def hold(until: asyncio.Event) -> None:
        async with database.transaction() as transaction:
            begun.append(transaction)
            await until.wait()

    ended = asyncio.Event()
    holding = [asyncio.create_task(hold(ended)) for _ in range(2)]
    while len(begun) < 2:
        await asyncio.sleep(0.01)
    with pytest.raises(DependencyUnavailable, match="busy"):
        await hold(ended)
    waiting = asyncio.create_task(hold(ended))
    await asyncio.sleep(0)
    ended.set()
    await asyncio.gather(*holding, waiting)
    assert len(begun) == 3
    await database.close()


async def counted(database: Database) -> int:
    """How many rows there are."""
    return int((await database.rows(COUNT, {}))[0].n)


async def test_a_lone_connection_is_closed_however_often_its_user_is_cancelled(database_url: str) -> None:
    opened: list[LoneConnection] = []

    async def use() -> None:
        async with await LoneConnection.connect(database_url, autocommit=True) as connection:
            opened.append(connection)
            await connection.lock.acquire()  # so that undoing, at the end, waits
            await asyncio.Event().wait()

    user = asyncio.create_task(use())
    while not opened:
        await asyncio.sleep(0.01)
    for _ in range(2):
        user.cancel()
        await asyncio.sleep(0.01)
    await asyncio.wait([user], timeout=30)

    assert user.cancelled()
    assert opened[0].closed
