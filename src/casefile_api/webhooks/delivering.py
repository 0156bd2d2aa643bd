"""Sending one endpoint what it is owed, until nothing more may be sent now.

One process at a time does this for an endpoint (`telling` sees to it). Different case files go side by side, the events
of one case file one after the other. The endpoint is read afresh before every round, so a new URL, a rotated secret or
a deletion takes effect at once.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.web.parts import Parts
from casefile_api.webhooks import outcomes, owing
from casefile_api.webhooks.connecting import Line
from casefile_api.webhooks.owing import Due
from casefile_api.webhooks.schedule import FAILING_AFTER, is_dead
from casefile_api.webhooks.secrets import open_secrets
from casefile_api.webhooks.signing import signature_headers

ROUND_PER_CONNECTION = 16
USER_AGENT = "casefile-api-webhooks/1"

_log = structlog.get_logger("casefile_api.webhooks")


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint as it is at the beginning of a round."""

    id: UUID
    url: str
    state: str
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    secrets: list[str]

    def hears(self, now: datetime) -> bool:
        """Whether events may be sent to it now."""
        paused = self.paused_until is not None and self.paused_until > now
        return self.state == "active" and not paused and not is_dead(self.failing_since, now)


@dataclass
class Delivering:
    """One endpoint's turn: rounds of sending over one line, closed at the end."""

    parts: Parts
    endpoint_id: UUID
    tls: ssl.SSLContext
    _line: Line | None = field(default=None, init=False)

    async def run(self) -> None:
        """Send until there is nothing that may be sent now."""
        try:
            while await self._round():
                pass
        finally:
            if self._line is not None:
                await self._line.close()

    async def _round(self) -> bool:
        """Send what is due; False when there is nothing, or the endpoint is to be left alone."""
        now = self.parts.clock.now()
        async with self.parts.database.session() as session:
            receiver = await self._find(session, now)
            due: list[Due] = []
            if receiver is not None and receiver.state == "pending":
                due = await owing.find_verification(session, self.endpoint_id, now)
            elif receiver is not None and receiver.hears(now):
                while await owing.feed(session, self.endpoint_id, now):
                    await session.commit()
                due = await owing.find_due(session, self.endpoint_id, now, most=self._round_size(receiver))
            await session.commit()
        if receiver is not None and receiver.state == "active" and is_dead(receiver.failing_since, now):
            await outcomes.disable(self.parts, self.endpoint_id, "failing")
            return False
        return receiver is not None and bool(due) and await self._send_all(receiver, due)

    def _round_size(self, receiver: Receiver) -> int:
        """A failing endpoint is asked one thing at a time."""
        if receiver.failures >= FAILING_AFTER:
            return 1
        return self.parts.settings.webhook_connections * ROUND_PER_CONNECTION

    async def _find(self, session: AsyncSession, now: datetime) -> Receiver | None:
        columns = "id, url, state, failures, failing_since, paused_until"
        row = (
            await session.execute(
                text(f"select {columns} from webhook_endpoint where id = :id"),
                {"id": self.endpoint_id},
            )
        ).one_or_none()
        if row is None:
            return None
        secrets = await open_secrets(session, self.parts.vault, self.endpoint_id, now)
        return Receiver(**row._mapping, secrets=secrets)

    async def _send_all(self, receiver: Receiver, due: Iterable[Due]) -> bool:
        """Send a round, case files side by side; False when the endpoint has failed and is to be left alone."""
        cases: dict[UUID, list[Due]] = defaultdict(list)
        for delivery in due:
            cases[delivery.case_file_id or delivery.id].append(delivery)
        free = asyncio.Semaphore(self.parts.settings.webhook_connections)
        troubled = asyncio.Event()

        async def send_case(deliveries: list[Due]) -> None:
            for delivery in deliveries:
                async with free:
                    if troubled.is_set() or not await self._send(receiver, delivery, troubled):
                        return

        async with asyncio.TaskGroup() as group:
            for deliveries in cases.values():
                group.create_task(send_case(deliveries))
        return not troubled.is_set()

    async def _send(self, receiver: Receiver, due: Due, troubled: asyncio.Event) -> bool:
        """Send one delivery and write down what came of it; True when it was taken."""
        if self._line is None:
            settings = self.parts.settings
            self._line = Line(self.tls, settings.webhook_exemptions, connections=settings.webhook_connections)
        clock = self.parts.clock
        tried_at = clock.now()
        headers = signature_headers(receiver.secrets, due.event_id, clock.real_now(), due.body)
        headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        answer = await self._line.send(receiver.url, headers, due.body)
        sent = outcomes.Sent(receiver.id, receiver.url, due, tried_at, answer)
        async with self.parts.database.session() as session:
            if answer.succeeded:
                await outcomes.keep_success(session, sent, clock.now())
                return True
            aftermath = await outcomes.keep_failure(session, sent, clock.now())
        _log.info("webhook_failed", endpoint=str(receiver.id), status=answer.status, error=answer.error)
        if aftermath.end is not None:
            await outcomes.disable(self.parts, self.endpoint_id, aftermath.end)
        if aftermath.leave_alone:
            troubled.set()
        return False
