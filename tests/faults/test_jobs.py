"""Jobs outlive the worker that had them in hand."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from casefile_api import jobs
from casefile_api.job_places import BACKGROUND, Places
from casefile_api.jobs import JobKind
from casefile_api.settings import Settings
from tests.telling import until

pytestmark = pytest.mark.asyncio


@dataclass(frozen=True)
class Wanted:
    kind: str
    subject_id: str
    share: str | None = None
    cost: int = 0


@pytest_asyncio.fixture
async def settings(database_url: str) -> AsyncIterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="casefile-jobs-"))
    yield Settings(database_url=database_url, data_dir=folder)
    shutil.rmtree(folder, ignore_errors=True)


async def want(settings: Settings, *subjects: str, commit: bool = True) -> None:
    """Ask for bundles as the sequencer does, in one transaction."""
    async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
        await jobs.defer(connection, [Wanted("build_bundle", subject) for subject in subjects])
        if not commit:
            await connection.rollback()


async def test_a_job_is_done_once_its_transaction_has_committed_and_not_before(settings: Settings) -> None:
    done: list[str] = []

    async def run(subject: str) -> None:
        done.append(subject)

    await want(settings, "taken back", commit=False)
    await want(settings, "b1", "b2")
    working = asyncio.create_task(jobs.work(settings, {JobKind.BUILD_BUNDLE: run}))
    await until(lambda: len(done) == 2)
    taken: list[float] = []
    while len(taken) < 5 and not (taken and min(taken) < 1.5):  # others may have the processor
        begun, before = time.monotonic(), len(done)
        await want(settings, "b3")
        await until(lambda wanted=before + 1: len(done) == wanted)
        taken.append(time.monotonic() - begun)
    assert min(taken) < 1.5
    working.cancel()
    await asyncio.wait([working])
    assert done == ["b1", "b2", "b3"]


async def test_a_job_that_fails_is_done_again_after_a_moment(settings: Settings) -> None:
    tries: list[float] = []

    async def run(_: str) -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise RuntimeError("storage is away")

    await want(settings, "b1")
    working = asyncio.create_task(jobs.work(settings, {JobKind.BUILD_BUNDLE: run}))
    await until(lambda: len(tries) == 2)
    working.cancel()
    await asyncio.wait([working])
    assert 1.5 < tries[1] - tries[0] < 6


async def test_a_job_of_a_stopped_worker_goes_back_to_the_queue_at_once(settings: Settings) -> None:
    begun = asyncio.Event()

    async def run(_: str) -> None:
        begun.set()
        await asyncio.sleep(60)

    await want(settings, "b1")
    working = asyncio.create_task(jobs.work(settings, {JobKind.BUILD_BUNDLE: run}))
    await asyncio.wait_for(begun.wait(), 60)
    stopping = time.monotonic()
    working.cancel()
    await asyncio.wait([working])
    assert time.monotonic() - stopping < jobs.STALLED_AFTER_SECONDS  # when another would take it from a dead one
    async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
        rows = await (await connection.execute("select status::text from procrastinate_jobs")).fetchall()
    assert rows == [("todo",)]


HANGING_WORKER = """
    import asyncio, sys
    from casefile_api import jobs
    from casefile_api.settings import Settings

    async def run(subject):
        print("begun", flush=True)
        await asyncio.sleep(600)

    settings = Settings(database_url=sys.argv[1])
    asyncio.run(jobs.work(settings, {jobs.JobKind.BUILD_BUNDLE: run}))
"""


async def test_a_job_of_a_killed_worker_is_taken_up_by_another_within_seconds(settings: Settings) -> None:
    await want(settings, "b1")
    command = [sys.executable, "-c", textwrap.dedent(HANGING_WORKER), settings.database_url]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"begun\n"
    process.kill()
    await process.wait()
    done: list[str] = []

    async def run(subject: str) -> None:
        done.append(subject)

    working = asyncio.create_task(jobs.work(settings, {JobKind.BUILD_BUNDLE: run}))
    await until(lambda: done == ["b1"], seconds=jobs.STALLED_AFTER_SECONDS + 8)
    working.cancel()
    await asyncio.wait([working])


async def test_nobodys_backlog_holds_up_another(settings: Settings) -> None:
    """A thousand files of one force, then one of another: it is next but one, and what can wait comes last."""
    own = settings.with_values(worker_concurrency=1)
    async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
        await jobs.defer(connection, [Wanted("build_bundle", "read again", BACKGROUND)])
        many = [Wanted("build_bundle", f"a{number}", "police-53", 10) for number in range(1000)]
        await jobs.defer(connection, many)
        await jobs.defer(connection, [Wanted("build_bundle", "b0", "police-52", 10)])
        await jobs.defer(connection, [Wanted("build_bundle", f"c{number}", "police-51", 20) for number in range(2)])
    done: list[str] = []

    async def run(subject: str) -> None:
        done.append(subject)
        if len(done) == 8:
            await asyncio.sleep(60)

    working = asyncio.create_task(jobs.work(own, {JobKind.BUILD_BUNDLE: run}))
    await until(lambda: len(done) == 8)
    working.cancel()
    await asyncio.wait([working])
    # Places: a0 0, a1 10, a2 20 …; b0 0; c0 0, c1 20.
    assert done == ["a0", "b0", "c0", "a1", "a2", "c1", "a3", "a4"]


async def test_the_queue_remembers_no_share_that_is_done_with() -> None:
    places = Places({"police-53": 700}, now=500)
    assert [places.give("police-53", 10), places.give("police-53", 1), places.give("police-52", 1)] == [700, 710, 500]
    assert places.give(None, 9) == 0
    assert Places({}, 0).give("police-53", 10) == 0
    assert places.give(BACKGROUND, 0) > places.give("police-53", 5_000_000) > 0
