"""Hearing that something new is in the feed: one database connection per process, however many wait.

The sequencer announces each batch (`NOTIFY casefile_sequenced`). Take a ticket before looking into the database, look,
and wait on the ticket only if there was nothing: whatever is committed after the look is announced on that ticket.
"""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from casefile_api.database import LoneConnection
from casefile_api.ledger.sequencer import CHANNEL
from casefile_api.settings import Settings
from casefile_api.tenancy import AS_WORKER

RECONNECT_SECONDS = 0.5
LIVELINESS_SECONDS = 15.0

_log = structlog.get_logger("casefile_api.listening")

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]


def _plain_url(settings: Settings) -> str:
    return settings.lasting_database_url.replace("postgresql+psycopg://", "postgresql://")


def _options(name: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "options": f"{AS_WORKER} -c timezone=UTC",
        "application_name": name,
        "connect_timeout": 5,
    }


async def direct_connection(settings: Settings, name: str) -> Connection:
    """A connection of the worker's outside the pool, for locks that die with a process."""
    return await LoneConnection.connect(_plain_url(settings), **_options(name))


def direct_pool(settings: Settings, name: str) -> Pool:
    """A few quick connections of the driver, not yet open: each statement commits by itself."""
    return AsyncConnectionPool(
        _plain_url(settings),
        connection_class=psycopg.AsyncConnection,
        kwargs=_options(name),
        min_size=1,
        max_size=settings.database_pool_size,
        timeout=settings.database_timeout_seconds,
        open=False,
        name=name,
    )


class Ticket:
    """A place in the queue of those who wait for the next announcement."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    def call(self) -> None:
        """Let everybody with this ticket go on."""
        self._called.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the announcement, at most so long; tell whether it came."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._called.wait(), seconds)
        return self._called.is_set()


class Announcements:
    """The one listener of a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ticket = Ticket()
        self.stopped = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin listening."""
        self._task = asyncio.create_task(self._listen_for_ever(), name="announcements")

    async def stop(self) -> None:
        """Stop listening, and let everybody who waits go on."""
        self.stopped = True
        self._announce()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def ticket(self) -> Ticket:
        """Take a ticket for the next announcement. Take it before looking."""
        return self._ticket

    def _announce(self) -> None:
        called, self._ticket = self._ticket, Ticket()
        called.call()

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                # Listening needs no right on anything, and whoever answers callers has none of the worker's.
                listener = _options("casefile-listener") | {"options": "-c timezone=UTC"}
                async with await LoneConnection.connect(_plain_url(self._settings), **listener) as connection:
                    await self._listen(connection)
            except psycopg.Error as fault:
                _log.warning("listener_lost_database", reason=type(fault).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: Connection) -> None:
        await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
        self._announce()  # whatever was announced while nobody listened
        while True:
            async for _ in connection.notifies(timeout=LIVELINESS_SECONDS):
                self._announce()
            await connection.execute("select 1")  # a connection that has died in silence is found out
