"""Hundreds of generated ways to tamper with the log in its database: each is found, and what was touched is named."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.audit.findings import Report
from casefile_api.audit.verification import Believed, believed_beside, verify_database
from casefile_api.database import Database
from casefile_api.tenancy import Scope
from tests.api.log_mutations import KEYS, Mutation, Tampering
from tests.api.verified_log import VAULT, VerifiedLog

NO_FOREIGN_KEY = "alter table audit_leaf drop constraint if exists audit_leaf_entry_id_fkey"


class Uncommitted(Database):
    """The database as one open transaction sees it, so that what is done to it can be undone at once."""

    connected: AsyncConnection

    @asynccontextmanager
    async def connection(self, scope: Scope | None = None) -> AsyncIterator[AsyncConnection]:
        yield self.connected

    @asynccontextmanager
    async def session(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(self.connected, autoflush=False) as session:
            yield session


class Laboratory:
    """The log in a transaction of its owner's; each mutation is carried out, verified and undone."""

    def __init__(self, log: VerifiedLog) -> None:
        self.log = log

    def run(self, mutations: list[Mutation]) -> dict[str, Report]:
        return asyncio.run(self._run(mutations))

    async def _run(self, mutations: list[Mutation]) -> dict[str, Report]:
        owner = self.log.settings.with_values(database_url=self.log.owner_url)
        outside, database = Database(self.log.settings), Uncommitted(owner)
        try:
            believed = await believed_beside(outside, self.log.settings)
            async with database.engine.connect() as connection:
                database.connected = connection
                await connection.exec_driver_sql("set role none")
                await connection.exec_driver_sql("set casefile.kind = 'worker'")
                await connection.exec_driver_sql(NO_FOREIGN_KEY)
                assert (await verify_database(database, VAULT, believed)).whole
                return {each.what: await self._verify(database, believed, each) for each in mutations}
        finally:
            await database.close()
            await outside.close()

    @staticmethod
    async def _verify(database: Uncommitted, believed: Believed, mutation: Mutation) -> Report:
        savepoint = await database.connected.begin_nested()
        for statement, values in mutation.statements:
            changed = await database.connected.exec_driver_sql(statement, tuple(values))
            assert changed.rowcount == 1, mutation.what
        report = await verify_database(database, VAULT, believed)
        await savepoint.rollback()
        return report


def generated(log: VerifiedLog, seed: int, rows: int) -> list[Mutation]:
    """Mutations of every kind on every table of the log."""
    chance = random.Random(seed)
    with psycopg.connect(log.owner_url) as connection:
        tampering = [Tampering(connection, table, chance) for table in KEYS]
    return [
        mutation
        for each in tampering
        for kind in (each.changed_values, each.removed, each.inserted, each.swapped)
        for mutation in kind(rows)
    ]


def names_what_was_touched(log: VerifiedLog, mutation: str, report: Report) -> bool:
    """Whether a finding names a row that was touched, or for a leaf the entry that stands or stood there."""
    said = " ".join(f"{found.kind} {found.name}: {found.wrong}" for found in report.findings)
    names = []
    for table, key in re.findall(r"audit_(\w+) ([\w-]+(?:, \d+)?)", mutation):
        kind, _, name = f"{table} {key}".partition(" ")
        names.append(f"tile {tile_of(name)}" if kind == "tile" else f"{kind} {name}")
        if kind == "search" and "put in" in mutation:
            names.append(f"searches find it at leaf {name}")
        elif kind in {"leaf", "search"} and "put in" not in mutation:
            names.append(f"entry {log.entry_at(int(name))}")
        if mutation == "audit_checkpoint 3 removed":  # the newest: what it covered is signed by nothing any more
            names += ["leaf 299: it lies beyond the newest checkpoint"]
    return any(name in said for name in names)


def tile_of(key: str) -> str:
    level, number = key.split(", ")
    return f"{level}/{int(number):03d}"


def undetected(log: VerifiedLog, mutations: list[Mutation]) -> tuple[list[str], list[str]]:
    """The mutations that were not found, and those found without a name."""
    reports = Laboratory(log).run(mutations)
    missed = [what for what, report in reports.items() if report.whole]
    nameless = [what for what, report in reports.items() if not names_what_was_touched(log, what, report)]
    return missed, nameless


@pytest.fixture
def untouched(log: VerifiedLog) -> VerifiedLog:
    return log


def test_whatever_is_done_to_one_row_is_found_and_named(untouched: VerifiedLog) -> None:
    mutations = generated(untouched, seed=1, rows=3)

    assert undetected(untouched, mutations) == ([], [])
    assert len(mutations) > 100


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_whatever_is_done_to_any_row_is_found_and_named(untouched: VerifiedLog) -> None:
    mutations = generated(untouched, seed=random.randrange(2**32), rows=120)

    assert undetected(untouched, mutations) == ([], [])
    assert len(mutations) > 2000
