"""A search of the log by time walks no further than its time, and finds what got its place in the log much later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.queries import Place, list_entries
from casefile_api.audit.remit import Remit
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.ledger.entries import compose
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.ledger.trail import Trail
from casefile_api.tenancy import WORKER
from tests.logs import LogInHand, insert_entry

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Watch(Clock):
    """A clock that shows what a test sets."""

    shows = NOON

    def real_now(self) -> datetime:
        return self.shows


@pytest.fixture
def log(database_url: str, owner_database_url: str, tmp_path: Path) -> LogInHand:
    return LogInHand.on(database_url, owner_database_url, tmp_path)


async def occur(log: LogInHand, watch: Watch, minute: int, *, written: int | None = None) -> None:
    """An entry that occurs at a minute after noon and is written, and gets its leaf, then or later."""
    entry = compose(Trail("get_case_file"), None, outcome="allowed", occurred_at=NOON + timedelta(minutes=minute))
    with psycopg.connect(log.settings.database_url) as connection:
        insert_entry(connection, entry)
    watch.shows = NOON + timedelta(minutes=minute if written is None else written)
    await log.step(Sequencer(log.settings, log.defer, watch))


async def found(log: LogInHand, first: int, last: int) -> list[int]:
    """The minutes of the entries between two minutes, in the order of the log."""
    asked = EntryFilter(NOON + timedelta(minutes=first), NOON + timedelta(minutes=last))
    database = Database(log.settings)
    try:
        async with database.connection(WORKER) as connection:
            rows = await list_entries(connection, asked, Remit(None), Place(), 50)
    finally:
        await database.close()
    return [round((row.occurred_at - NOON).total_seconds() / 60) for row in rows if row.occurred_at is not None]


async def test_every_entry_of_a_time_is_found_also_the_one_that_waited_for_days(log: LogInHand) -> None:
    watch = Watch()
    for minute in (0, 10, 20, 30):
        await occur(log, watch, minute)
    await occur(log, watch, 15, written=3000)
    await occur(log, watch, 3010)

    assert await found(log, 10, 25) == [10, 20, 15]
    assert await found(log, 0, 5000) == [0, 10, 20, 30, 15, 3010]
    assert await found(log, 15, 16) == [15] and await found(log, 16, 20) == []
    assert log.rows("select leaf_index from audit_latecomer") == [(4,)]


async def test_a_search_by_time_does_not_look_at_leaves_outside_its_time(log: LogInHand) -> None:
    watch = Watch()
    for minute in (0, 10, 20, 30, 40):
        await occur(log, watch, minute)
    asked = EntryFilter(NOON + timedelta(minutes=15), NOON + timedelta(minutes=22))

    seen = log.rows(f"select leaf_index from audit_leaf l where {bound(asked)} order by 1")

    assert [leaf for (leaf,) in seen] == [2, 3]


def bound(asked: EntryFilter) -> str:
    """The condition on leaves with its values written out."""
    condition = asked.leaves
    for name, value in asked.values.items():
        condition = condition.replace(f":{name}", f"'{value.isoformat()}'")
    return condition
