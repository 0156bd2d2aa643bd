"""Reads are recorded too, and stay fast: the entries of the moment share one statement and one commit.

Each response waits until its own entry is durable. Where the database cannot keep up, a read is refused (503), never
answered unrecorded.
"""

import asyncio
from contextlib import suppress

import structlog

from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger.entries import INSERT, SealedEntry, columns_of

log = structlog.get_logger()

_LAST_SECONDS = 5.0


class ReadLedger:
    """Collects the entries of one process and writes them in groups."""

    def __init__(self, database: Database, *, batch_limit: int) -> None:
        self._database = database
        self._limit = batch_limit
        self._waiting: list[tuple[SealedEntry, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._write_groups(), name="read-ledger")

    async def stop(self) -> None:
        """Write what is waiting, then stop."""
        waiting = [durable for _, durable in self._waiting]
        if waiting:
            await asyncio.wait(waiting, timeout=_LAST_SECONDS)
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def record(self, entry: SealedEntry) -> None:
        """Return when the entry is durable.

        Raises DependencyUnavailable where it could not be made so.
        """
        if len(self._waiting) >= self._limit:
            raise DependencyUnavailable("Too many reads are waiting for their log entries.")
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, durable))
        self._wake.set()
        await durable

    async def _write_groups(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            group, self._waiting = self._waiting, []
            if not group:
                continue
            try:
                await self._database.rows(INSERT, columns_of([entry for entry, _ in group]))
            except Exception as fault:
                log.error("reads_not_recorded", fault=type(fault).__name__, entries=len(group))
                refusal = fault if isinstance(fault, DependencyUnavailable) else None
                for _, durable in group:
                    if not durable.done():
                        durable.set_exception(refusal or DependencyUnavailable("The log cannot be written now."))
            else:
                for _, durable in group:
                    if not durable.done():
                        durable.set_result(None)
