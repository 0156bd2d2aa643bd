"""Refusals of callers nobody knows are durable before they are answered, and a flood of them is no flood of commits."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger import refusals
from casefile_api.ledger.refusals import RefusalTally
from casefile_api.ledger.trail import Trail
from casefile_api.settings import Settings

FORGED = Trail("get_me", source="somewhere", request_id="the first")
LATER = Trail("get_me", source="somewhere", request_id="a later one")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=database_url))
    yield database
    await database.close()


async def counted(database: Database) -> tuple[int, str | None]:
    async with database.connection() as connection:
        found = await connection.execute(text("select sum(count), min(request_id) from refusal_tally"))
        times, request_id = found.one()
    return int(times), request_id


async def test_refusals_that_come_together_are_written_together_and_each_before_its_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally, statements, count_refusal = RefusalTally(database), list[int](), refusals.count_refusal

    async def counting(*given: object, times: int, **more: object) -> None:
        statements.append(times)
        await count_refusal(*given, times=times, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(refusals, "count_refusal", counting)
    await tally.count(FORGED, "forged")
    assert await counted(database) == (1, "the first")
    await asyncio.gather(*(tally.count(LATER, "forged") for _ in range(200)))

    assert await counted(database) == (201, "the first")
    assert sum(statements) == 201 and len(statements) <= 4, "not a commit for each, over a minute's end at the most two"


async def test_what_cannot_be_written_is_told_to_all_at_once_and_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally, tried, count_refusal = RefusalTally(database), list[int](), refusals.count_refusal

    async def away(*_: object, times: int, **__: object) -> None:
        tried.append(times)
        await asyncio.sleep(0)
        raise DependencyUnavailable("The database is away.")

    monkeypatch.setattr(refusals, "count_refusal", away)
    waiting = [tally.count(FORGED, "forged") for _ in range(100)]
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in told} == {DependencyUnavailable}
    assert len(tried) <= 4, "they do not wait for one another"

    monkeypatch.setattr(refusals, "count_refusal", count_refusal)
    await tally.write()
    assert await counted(database) == (100, "the first")


async def test_the_more_refusals_a_commit_had_the_longer_the_next_one_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally, rested, sleep = RefusalTally(database), list[float](), asyncio.sleep

    async def sleeping(seconds: float) -> None:
        rested.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleeping)
    monkeypatch.setattr(refusals, "time", SimpleNamespace(monotonic=lambda: 5.0))
    for together in (1, 30, 400, 1):
        for _ in range(together):
            tally.add(FORGED, "forged")
        await tally.write()

    each, most = refusals.REST_SECONDS_EACH, refusals.REST_SECONDS_MOST
    assert rested == pytest.approx([-5.0, each, 30 * each, most])
