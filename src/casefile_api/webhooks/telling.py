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
from psycopg_pool import PoolTimeout

from casefile_api.errors import DependencyUnavailable
from casefile_api.outward.proxies import Proxy
from casefile_api.web.parts import Parts
from casefile_api.webhooks.connecting import Lines
from casefile_api.webhooks.delivering import Delivering, Means
from casefile_api.webhooks.listening import Announcements, Connection, direct_connection, direct_pool
from casefile_api.webhooks.queue import find_endpoints_with_work
from casefile_api.webhooks.secrets import OpenedSecrets

LOOK_AGAIN_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
LOCK_SPACE = "webhook endpoint "

_log = structlog.get_logger("casefile_api.webhooks")

_TAKE = "select id from unnest(%s::uuid[]) as id where pg_try_advisory_lock(hashtextextended(%s || id::text, 0))"
_FREE = "select pg_advisory_unlock(hashtextextended(%s || %s, 0))"


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
        self._turns: dict[UUID, asyncio.Task[None]] = {}
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
        found = await find_endpoints_with_work(locks, self._parts.clock.now())
        waiting = [endpoint for endpoint in found if endpoint not in self._turns]
        if not waiting:
            return
        taken = await locks.execute(_TAKE, (waiting, LOCK_SPACE))
        for (endpoint,) in await taken.fetchall():
            if isinstance(endpoint, UUID):
                self._turns[endpoint] = asyncio.create_task(self._turn(endpoint), name=f"webhooks {endpoint}")

    async def _turn(self, endpoint: UUID) -> None:
        """One endpoint's turn; whatever goes wrong in it stays in it."""
        try:
            await Delivering(self._means, endpoint).run()
        except* (DependencyUnavailable, psycopg.OperationalError, PoolTimeout):
            _log.warning("webhook_turn_lost_database", endpoint=str(endpoint))
            await asyncio.sleep(RECONNECT_SECONDS)
        except* Exception:
            _log.exception("webhook_turn_failed", endpoint=str(endpoint))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        finally:
            self._ended.append(endpoint)
            self._look.set()

    async def _free_ended(self, locks: Connection) -> None:
        while self._ended:
            endpoint = self._ended.pop()  # taken out before waiting: other turns end meanwhile
            self._turns.pop(endpoint, None)
            await locks.execute(_FREE, (LOCK_SPACE, str(endpoint)))

    async def _break_off(self) -> None:
        for turn in self._turns.values():
            turn.cancel()
        await asyncio.gather(*self._turns.values(), return_exceptions=True)
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
