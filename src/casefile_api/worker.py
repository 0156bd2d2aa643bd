"""The worker: everything that happens without a caller.

Dramatis personae: the *sequencer* numbers and signs; the *telling* sends webhooks; *jobs* verify uploads and build
bundles; *rounds* watch deadlines, write up refusals and forget what has expired. Each goes on by itself, is begun again
when it fails, and does the same after a kill as before. Any number of worker processes may run side by side.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

from casefile_api import jobs, rounds
from casefile_api.attachments.bundling import build_bundle
from casefile_api.attachments.expiry import abandon_upload, remove_bundle
from casefile_api.attachments.holding import hold_attachment
from casefile_api.attachments.rechecking import recheck_attachment
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.verification import verify_attachment
from casefile_api.audit.going_outside import Outside
from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.clock import Clock
from casefile_api.early_advice.taking_along import advice_on_case
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.jobs import JobKind
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.rounds import Round
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.web.assembly import build_parts
from casefile_api.web.parts import Parts
from casefile_api.webhooks.listening import Announcements
from casefile_api.webhooks.telling import Telling

RESTARTED_AFTER_SECONDS = 1.0
STOPPED_WITHIN_SECONDS = 2.5
SEQUENCER = "sequencer"

_log = structlog.get_logger("casefile_api.worker")

Task = Callable[[], Awaitable[None]]


async def run_worker(settings: Settings, stop: asyncio.Event, *, sequences: bool = True) -> None:
    """Do the worker's work until told to stop; what is under way then is broken off and taken up by the next worker.

    One that does not sequence leaves that to a process of its own.

    Raises Misconfigured where a key or a setting is not usable.
    """
    parts = build_parts(settings, application="casefile-worker", role=WORKER_ROLE)
    storage = Storage(settings)
    retained = RetainedCheckpoints.of(settings)
    announcements = Announcements(settings)
    announcements.start()
    begun = [
        asyncio.create_task(_go_on(name, task, stop), name=name)
        for name, task in _tasks(parts, storage, retained, announcements, stop).items()
        if sequences or name != SEQUENCER
    ]
    _log.info("worker_started", tasks=[task.get_name() for task in begun])
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        ended, _ = await asyncio.wait([stopping, *begun], return_when=asyncio.FIRST_COMPLETED)
        for task in ended - {stopping}:
            await task  # a task ends by itself only where the set-up is wrong: that is for whoever started us
    finally:
        stop.set()
        await _stop(stopping, *begun)
        await announcements.stop()
        storage.close()
        if retained is not None:
            retained.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(parts.database.close(), STOPPED_WITHIN_SECONDS)
        _log.info("worker_stopped")


async def run_sequencer(settings: Settings, stop: asyncio.Event) -> None:
    """Sequence the log and nothing else: no key of a case, no store of files, no word to anybody outside.

    Raises Misconfigured where a key or a setting is not usable.
    """
    retained = RetainedCheckpoints.of(settings)
    sequencer = Sequencer(settings, jobs.defer, Clock(), retained)
    stopping = asyncio.create_task(stop.wait(), name="stop")
    working = asyncio.create_task(_go_on(SEQUENCER, functools.partial(sequencer.run, stop), stop), name=SEQUENCER)
    _log.info("sequencer_started")
    try:
        await asyncio.wait([stopping, working], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
    finally:
        stop.set()
        await _stop(stopping, working)
        if retained is not None:
            retained.close()
        _log.info("sequencer_stopped")


def _tasks(
    parts: Parts,
    storage: Storage,
    retained: RetainedCheckpoints | None,
    announcements: Announcements,
    stop: asyncio.Event,
) -> dict[str, Task]:
    sequencer = Sequencer(parts.settings, jobs.defer, parts.clock, retained)
    outside = Round("checkpoints outside", parts.settings.checkpoint_outside_minutes * 60, Outside(retained).follow)
    making = {
        f"round of {each.name}": functools.partial(_make_round, each, parts, stop) for each in (*rounds.ROUNDS, outside)
    }
    return {
        SEQUENCER: functools.partial(sequencer.run, stop),
        "webhooks": functools.partial(_tell, parts, announcements, stop),
        "jobs": functools.partial(_work_through_jobs, parts, storage),
        **making,
    }


async def _go_on(name: str, task: Task, stop: asyncio.Event) -> None:
    """Begin a task again whenever it fails, until told to stop.

    Raises Misconfigured, which no new beginning mends.
    """
    while not stop.is_set():
        try:
            await task()
        except Misconfigured:
            raise
        except DependencyUnavailable:
            _log.warning("worker_task_lost_dependency", task=name)
        except Exception:
            _log.exception("worker_task_failed", task=name)
        await _pause(stop, RESTARTED_AFTER_SECONDS)


async def _tell(parts: Parts, announcements: Announcements, stop: asyncio.Event) -> None:
    await Telling(parts, announcements).run(stop)


async def _make_round(each: Round, parts: Parts, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await each.make(parts)
        await _pause(stop, each.every_seconds)


async def _work_through_jobs(parts: Parts, storage: Storage) -> None:
    runs: dict[JobKind, jobs.Run] = {
        JobKind.VERIFY_ATTACHMENT: functools.partial(verify_attachment, parts, storage),
        JobKind.ABANDON_UPLOAD: functools.partial(abandon_upload, parts, storage),
        JobKind.HOLD_ATTACHMENT: functools.partial(hold_attachment, parts, storage),
        JobKind.RECHECK_ATTACHMENT: functools.partial(recheck_attachment, parts, storage),
        JobKind.BUILD_BUNDLE: functools.partial(build_bundle, parts, storage, advice_on_case),
        JobKind.REMOVE_BUNDLE: functools.partial(remove_bundle, parts, storage),
    }
    await jobs.work(parts.settings, runs)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _stop(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOPPED_WITHIN_SECONDS)
