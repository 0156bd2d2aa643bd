"""Sending one endpoint what it is owed, until nothing more may be sent now.

One process at a time does this for an endpoint (`telling` sees to it). Different case files go side by side, the events
of one case file one after the other. The endpoint is read afresh before every round, so a new URL, a rotated secret or
a deletion takes effect at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram

from casefile_api.web.parts import Parts
from casefile_api.webhooks import outcomes, queue, standing
from casefile_api.webhooks.connecting import Line, Lines
from casefile_api.webhooks.listening import Connection, Pool
from casefile_api.webhooks.queue import Due, Receiver
from casefile_api.webhooks.schedule import FAILING_AFTER
from casefile_api.webhooks.secrets import OpenedSecrets
from casefile_api.webhooks.signing import signature_headers

ROUND_PER_CONNECTION = 16
USER_AGENT = "casefile-api-webhooks/1"

ATTEMPTS = Counter("casefile_webhook_attempts", "Attempts to deliver a webhook, by what came of them", ["outcome"])
LATENCY = Histogram(
    "casefile_webhook_seconds", "Time that receivers took", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
)

_log = structlog.get_logger("casefile_api.webhooks")


@dataclass(frozen=True)
class Means:
    """What every turn works with: the parts of the process, quick connections, lines to receivers, opened secrets."""

    parts: Parts
    pool: Pool
    lines: Lines
    secrets: OpenedSecrets


@dataclass(frozen=True)
class Delivering:
    """One endpoint's turn: rounds of sending."""

    means: Means
    endpoint_id: UUID

    async def run(self) -> None:
        """Send until there is nothing that may be sent now."""
        while await self._round():
            pass

    async def _round(self) -> bool:
        """Send what is due; True where there may be more at once."""
        now = self.means.parts.clock.now()
        async with self.means.pool.connection() as connection:
            receiver = await queue.find_receiver(connection, self.endpoint_id, now)
            if receiver is None:
                return False
            end, most = receiver.end(now), self._round_size(receiver)
            due = [] if end is not None else await self._may_be_sent(connection, receiver, now, most)
        if end is not None:
            await standing.disable(self.means.parts, self.endpoint_id, end)
        elif receiver.standing_changed:
            await standing.tell_standing(self.means.parts, self.endpoint_id)
        return bool(due) and await self._send_all(receiver, due) and len(due) == most

    async def _may_be_sent(self, connection: Connection, receiver: Receiver, now: datetime, most: int) -> list[Due]:
        if receiver.state == "pending":
            return await queue.find_verification(connection, self.endpoint_id, now)
        if not receiver.hears(now):
            return []
        await queue.feed(connection, receiver, now)
        return await queue.find_due(connection, self.endpoint_id, now, most=most)

    def _round_size(self, receiver: Receiver) -> int:
        """A pending or failing endpoint is asked one thing at a time."""
        if receiver.state == "pending" or receiver.failures >= FAILING_AFTER:
            return 1
        return self.means.parts.settings.webhook_connections * ROUND_PER_CONNECTION

    async def _send_all(self, receiver: Receiver, due: Iterable[Due]) -> bool:
        """Send a round, case files side by side; False when the endpoint has failed and is to be left alone."""
        secrets = await self.means.secrets.open(receiver.secret_ids)
        line = self.means.lines.to(receiver.id, receiver.url)
        failed = receiver.failures > 0 or receiver.paused_until is not None
        turn = Round(self.means, receiver, secrets, line, failed)
        cases: dict[UUID, list[Due]] = defaultdict(list)
        for delivery in due:
            cases[delivery.case_file_id or delivery.id].append(delivery)
        free = asyncio.Semaphore(self.means.parts.settings.webhook_connections)

        async def send_case(deliveries: list[Due]) -> None:
            for delivery in deliveries:
                async with free:
                    if turn.leave_alone or not await turn.send(delivery):
                        return

        async with asyncio.TaskGroup() as group:
            for deliveries in cases.values():
                group.create_task(send_case(deliveries))
        return not turn.leave_alone


@dataclass
class Round:
    """One round of sending to a receiver: whether it has failed before or in it, and whether to stop."""

    means: Means
    receiver: Receiver
    secrets: list[str]
    line: Line
    failed: bool
    leave_alone: bool = False

    async def send(self, due: Due) -> bool:
        """Send one delivery and write down what came of it; True when it was taken."""
        clock, receiver = self.means.parts.clock, self.receiver
        tried_at = clock.now()
        headers = signature_headers(self.secrets, due.event_id, clock.real_now(), due.body)
        headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if due.traceparent:
            headers["traceparent"] = due.traceparent
        answer = await self.line.send(receiver.url, headers, due.body)
        ATTEMPTS.labels(answer.error or "delivered").inc()
        LATENCY.observe(answer.latency_ms / 1000)
        sent = outcomes.Sent(receiver.id, receiver.url, due, tried_at, answer)
        async with self.means.pool.connection() as connection:
            if answer.succeeded:
                had_failed, self.failed = self.failed, False
                await outcomes.keep_success(connection, sent, clock.now(), had_failed=had_failed)
                return True
            self.failed = True
            aftermath = await outcomes.keep_failure(connection, sent, clock.now())
        _log.info("webhook_failed", endpoint=str(receiver.id), status=answer.status, error=answer.error)
        self.leave_alone = self.leave_alone or aftermath.leave_alone
        if aftermath.end is not None:
            await standing.disable(self.means.parts, receiver.id, aftermath.end)
        return False
