"""The telling: finds the endpoints that have something coming, and gives each its turn.

Dramatis personae: `announcements` wakes us when the feed grows, and we look once a second besides, for retries that
come due; a lock of the database, held by our own connection, makes sure that one process serves an endpoint at a time
and is free the moment a process dies; each endpoint's turn is a task of its own, so a receiver that hangs holds up
nobody else.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog

from casefile_api.errors import DependencyUnavailable
from casefile_api.outward.proxies import Proxy
from casefile_api.web.parts import Parts
from casefile_api.webhooks.connecting import Lines
from casefile_api.webhooks.delivering import Means, Turn
from casefile_api.webhooks.listening import Announcements, Connection, direct_connection, direct_pool
from casefile_api.webhooks.queue import free_endpoints, take_endpoints_with_work
from casefile_api.webhooks.secrets import OpenedSecrets

LOOK_AGAIN_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

_log = structlog.get_logger("casefile_api.webhooks")


class Telling:
    """The loop of one worker process."""

    def __init__(self, parts: Parts, announcements: Announcements) -> None:
        settings = parts.settings
        self._parts = parts
        self._announcements = announcements
        self._means = Means(
            parts,
            direct_pool(settings, "casefile-telling"),
            Lines(settings.webhook_exemptions, connections=settings.webhook_connections, proxy=Proxy.of(settings)),
            OpenedSecrets(parts.database, parts.vault),
        )
        self._turns: dict[UUID, Turn] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: list[UUID] = []
        self._look = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until told to stop. Turns under way are broken off then; what was not written is sent again."""
        await self._means.pool.open()
        try:
            while not stop.is_set():
                try:
                    async with await direct_connection(self._parts.settings, "casefile-webhooks") as locks:
                        await self._serve(locks, stop)
                except (psycopg.Error, DependencyUnavailable) as fault:
                    _log.warning("telling_lost_database", reason=type(fault).__name__)
                    await self._break_off()  # the locks are gone: another process may be at the endpoints by now
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
        finally:
            await self._break_off()
            await self._means.lines.hang_up(idle_seconds=0)
            await self._means.pool.close()

    async def _serve(self, locks: Connection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            ticket = self._announcements.ticket()
            self._look.clear()
            await self._free_ended(locks)
            await self._begin_turns(locks)
            await self._means.lines.hang_up()
            await _first_of(ticket.wait(LOOK_AGAIN_SECONDS), self._look.wait(), stop.wait())

    async def _begin_turns(self, locks: Connection) -> None:
        if self._parts.settings.sandbox:
            ahead = await (await locks.execute("select ahead_seconds from working_time")).fetchone()
            self._parts.clock.moved_to(timedelta(seconds=ahead[0] if ahead else 0))
        for endpoint in await take_endpoints_with_work(locks, self._parts.clock.now(), self._turns.keys()):
            if endpoint in self._turns:
                self._turns[endpoint].wake()
            else:
                turn = self._turns[endpoint] = Turn(self._means, endpoint)
                self._tasks.add(asyncio.create_task(self._take_turn(turn), name=f"webhooks {endpoint}"))

    async def _take_turn(self, turn: Turn) -> None:
        """One endpoint's turn; whatever goes wrong in it stays in it."""
        try:
            await turn.run()
        except* (DependencyUnavailable, psycopg.OperationalError):
            _log.warning("webhook_turn_lost_database", endpoint=str(turn.endpoint_id))
            await asyncio.sleep(RECONNECT_SECONDS)
        except* Exception:
            _log.exception("webhook_turn_failed", endpoint=str(turn.endpoint_id))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        finally:
            self._ended.append(turn.endpoint_id)
            self._look.set()

    async def _free_ended(self, locks: Connection) -> None:
        ended, self._ended = self._ended, []
        for endpoint in ended:
            self._turns.pop(endpoint, None)
        self._tasks = {task for task in self._tasks if not task.done()}
        await free_endpoints(locks, ended)

    async def _break_off(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._turns.clear()
        self._ended.clear()


async def _first_of(*waits: object) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
