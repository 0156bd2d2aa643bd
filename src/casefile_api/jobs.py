"""Work that outlives a request: verifying an upload, building a bundle. The home of Procrastinate.

A transaction asks for work in the outbox (`job_request`); the sequencer turns the asking into a job on its own
connection, so that a job exists exactly when the change it belongs to does. Every job can be run again from the start:
a worker that is killed leaves its job to the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import procrastinate
import psycopg
import structlog
from procrastinate import jobs as foreign
from procrastinate.exceptions import ConnectorException, JobAborted

from casefile_api.database import LoneConnection
from casefile_api.job_places import Places, find_places
from casefile_api.settings import Settings
from casefile_api.tenancy import AS_WORKER


class JobKind(StrEnum):
    """What a job does; the subject is the id of what it is done to."""

    VERIFY_ATTACHMENT = "verify_attachment"
    ABANDON_UPLOAD = "abandon_upload"
    BUILD_BUNDLE = "build_bundle"
    REMOVE_BUNDLE = "remove_bundle"
    HOLD_ATTACHMENT = "hold_attachment"
    RECHECK_ATTACHMENT = "recheck_attachment"


Run = Callable[[str], Awaitable[None]]
"""Does a job of one kind to the subject named."""

QUEUE = "work"
RETRY_WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 30, 60, 300, 600))
HEARTBEAT_SECONDS = 2.0
STALLED_AFTER_SECONDS = 8.0
POLL_SECONDS = 1.0
GRACE_SECONDS = 1.0
RESCUE_EVERY_SECONDS = 2.0

_log = structlog.get_logger("casefile_api.jobs")


class Wanted(Protocol):
    """A row of the outbox."""

    @property
    def kind(self) -> str:
        """What is to be done."""

    @property
    def subject_id(self) -> str:
        """What it is to be done to."""

    @property
    def share(self) -> str | None:
        """Whose turn it takes."""

    @property
    def cost(self) -> int:
        """How much of the turn it takes."""


class _Persistence(procrastinate.BaseRetryStrategy):
    """Retry for ever, ever more slowly; at once where it was only the worker that stopped."""

    def get_retry_decision(self, *, exception: BaseException, job: foreign.Job) -> procrastinate.RetryDecision:
        if isinstance(exception, asyncio.CancelledError | JobAborted):
            return procrastinate.RetryDecision(retry_at=datetime.now(UTC))
        wait = RETRY_WAITS[min(job.attempts, len(RETRY_WAITS) - 1)]
        return procrastinate.RetryDecision(retry_at=datetime.now(UTC) + wait)


def job_app(settings: Settings, runs: Mapping[JobKind, Run], *, connections: int = 4) -> procrastinate.App:
    """Return the application that knows how each kind of job is done, and has its own few connections."""
    connector = procrastinate.PsycopgConnector(
        conninfo=settings.lasting_database_url,
        min_size=1,
        max_size=connections,
        timeout=settings.database_timeout_seconds,
        connection_class=LoneConnection,
        kwargs={"options": f"{AS_WORKER} -c timezone=UTC", "application_name": "casefile-jobs"},
    )
    app = procrastinate.App(connector=connector)
    for kind, run in runs.items():
        app.task(name=kind.value, queue=QUEUE, retry=_Persistence())(_by_subject(run))
    return app


def _by_subject(run: Run) -> Callable[..., Awaitable[None]]:
    async def job(*, subject_id: str, **_: object) -> None:
        await run(subject_id)

    return job


_deferring = procrastinate.App(connector=procrastinate.PsycopgConnector()).job_manager


async def defer(connection: psycopg.AsyncConnection, wanted: Sequence[Wanted]) -> None:
    """Turn rows of the outbox into jobs, in the transaction at hand on a connection that is lent.

    Asking twice makes two jobs; each kind is done in a way that makes the second one find nothing to do.
    """
    places = await find_places(connection) if any(row.share for row in wanted) else Places({}, 0)
    jobs = [
        foreign.Job(
            id=None,
            queue=QUEUE,
            priority=-places.give(row.share, row.cost),
            lock=None,
            queueing_lock=None,
            task_name=JobKind(row.kind).value,
            task_kwargs={"subject_id": str(row.subject_id), "share": row.share, "cost": row.cost},
        )
        for row in wanted
    ]
    if jobs:
        await _deferring.batch_defer_jobs_async(jobs, connection=connection)


async def work(settings: Settings, runs: Mapping[JobKind, Run]) -> None:
    """Take up jobs until cancelled; then those in hand get a moment to finish, or go back to the queue."""
    app = job_app(settings, runs)
    async with app.open_async():
        rescuing = asyncio.create_task(_rescue_for_ever(app), name="rescue")
        try:
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=settings.worker_concurrency,
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=GRACE_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_AFTER_SECONDS,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        finally:
            rescuing.cancel()
            await asyncio.wait([rescuing], timeout=GRACE_SECONDS)


async def _rescue_for_ever(app: procrastinate.App) -> None:
    while True:
        with suppress(ConnectorException):
            rescued = await rescue(app)
            if rescued:
                _log.info("jobs_rescued", count=rescued)
        await asyncio.sleep(RESCUE_EVERY_SECONDS)


async def rescue(app: procrastinate.App) -> int:
    """Put the jobs of workers that were killed back into the queue; return how many."""
    found: Iterable[foreign.Job] = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
    rescued = 0
    for job in found:
        try:
            await app.job_manager.retry_job(job)
        except ConnectorException:  # another worker was quicker
            continue
        rescued += 1
    return rescued
