"""Sending one endpoint what it is owed, until nothing more may be sent now.

One process at a time does this for an endpoint (`telling` sees to it). Different case files go side by side, each a
*lane*; the events of one case file go one after the other. A turn rolls: what is new joins what is under way, so that
a slow answer holds up its own lane only. The endpoint is read afresh with every look into the queue, so a new URL, a
rotated secret or a deletion takes effect at once.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from casefile_api.web.parts import Parts
from casefile_api.webhooks import outcomes, queue, standing
from casefile_api.webhooks.connecting import Answer, Line, Lines
from casefile_api.webhooks.lanes import Lanes
from casefile_api.webhooks.listening import Connection, Pool
from casefile_api.webhooks.measuring import measure
from casefile_api.webhooks.owing import VERIFICATION
from casefile_api.webhooks.queue import Due, Receiver
from casefile_api.webhooks.secrets import OpenedSecrets
from casefile_api.webhooks.signing import signature_headers
from casefile_api.webhooks.writing_down import WritingDown

IN_HAND_PER_CONNECTION = 16
LINGER_SECONDS = 1.0
"""How long a turn stays with an endpoint that has nothing to be sent: events seldom come alone."""
LOOK_AGAIN_SECONDS = 1.0
"""What was found longer ago than this is not sent: it is found anew, and judged anew."""
USER_AGENT = "casefile-api-webhooks/1"

_log = structlog.get_logger("casefile_api.webhooks")


@dataclass(frozen=True)
class Means:
    """What every turn works with: the parts of the process, quick connections, lines to receivers, opened secrets."""

    parts: Parts
    pool: Pool
    lines: Lines
    secrets: OpenedSecrets


@dataclass(frozen=True)
class Bearing:
    """Where and how things go out, as the endpoint was at the last look."""

    receiver: Receiver
    secrets: Sequence[str]
    line: Line


@dataclass
class Turn:
    """One endpoint's turn."""

    means: Means
    endpoint_id: UUID
    failed: bool = False
    _bearing: Bearing | None = None
    _lanes: Lanes = field(default_factory=Lanes)
    _may_be_more: bool = True
    _plenty: bool = False
    """Whether the last look found as much as there was room for: then the queue comes first, and the feed can wait."""
    _fresh_until: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Look again: there may be something new."""
        self._may_be_more = True
        self._woken.set()
        self._changed.set()

    async def run(self) -> None:
        """Send until there is nothing that may be sent now."""
        writing = WritingDown(self.means.pool, self._written)
        async with asyncio.TaskGroup() as group:
            pen = group.create_task(writing.run(), name="outcomes")
            while await self._roll(group, writing):
                pass
            pen.cancel()

    async def _roll(self, group: asyncio.TaskGroup, writing: WritingDown) -> bool:
        """Take up what is new, send what may go, and wait for a change; False at the end of the turn."""
        self._changed.clear()
        if self._is_to_look():
            await self._look()
        wait = self._send_ready(group, writing)
        if self._lanes.in_hand:
            await _wait(self._changed, LOOK_AGAIN_SECONDS if wait is None else wait)
            return True
        return self._may_be_more or await self._linger()

    def _is_to_look(self) -> bool:
        """Whether to look into the queue: where there may be more and room for it, and whenever a second is over.

        By then all that is not under way is found anew, so that nothing goes to whom it is no longer for.
        """
        if time.monotonic() >= self._fresh_until:
            self._fresh_until = time.monotonic() + LOOK_AGAIN_SECONDS
            had_some = bool(self._lanes.in_hand)
            self._lanes.let_go()
            return self._may_be_more or had_some
        room = self._room(self._bearing.receiver if self._bearing else None)
        return self._may_be_more and len(self._lanes.in_hand) <= room // 2

    async def _linger(self) -> bool:
        """Stay for a moment in case something comes; True where it did."""
        self._woken.clear()
        if self._bearing is None or self._may_be_more:
            return self._may_be_more
        await _wait(self._woken, LINGER_SECONDS)
        return self._may_be_more

    def _room(self, receiver: Receiver | None) -> int:
        """How much is taken in hand at the most; a pending or failing endpoint is asked one thing at a time."""
        if receiver is not None and (receiver.state == "pending" or receiver.was_away):
            return 1
        return self.means.parts.settings.webhook_connections * IN_HAND_PER_CONNECTION

    async def _look(self) -> None:
        """Read the endpoint afresh and take in hand what may be sent to it."""
        now = self.means.parts.clock.now()
        had_plenty, self._plenty, self._may_be_more = self._plenty, False, False
        self._lanes.look_begins()
        async with self.means.pool.connection() as connection:
            receiver = await queue.find_receiver(connection, self.endpoint_id, now)
            end = receiver.end(now) if receiver is not None else None
            most = self._room(receiver) - len(self._lanes.in_hand)
            due: list[Due] = []
            if receiver is not None and end is None and most > 0:
                due = await self._may_be_sent(connection, receiver, now, most, had_plenty)
        if end is not None:
            await standing.disable(self.means.parts, self.endpoint_id, end)
        elif receiver is not None and receiver.standing_changed:
            await standing.tell_standing(self.means.parts, self.endpoint_id)
        if receiver is None or end is not None or not (receiver.state == "pending" or receiver.hears(now)):
            self._lanes.let_go()
        elif due or self._lanes.in_hand:
            await self._bear(receiver)
            self._lanes.take_up(due)
        self._plenty = self._plenty or len(due) == most
        self._may_be_more = self._may_be_more or self._plenty

    async def _may_be_sent(
        self, connection: Connection, receiver: Receiver, now: datetime, most: int, had_plenty: bool
    ) -> list[Due]:
        if receiver.state == "pending":
            return await queue.find_verification(connection, self.endpoint_id, now, self._lanes.in_hand)
        if not receiver.hears(now):
            return []
        if had_plenty:
            due = await queue.find_due(connection, self.endpoint_id, now, most=most, in_hand=self._lanes.in_hand)
            if len(due) == most:
                return due
        self._plenty = await queue.feed(connection, receiver, now)
        return await queue.find_due(connection, self.endpoint_id, now, most=most, in_hand=self._lanes.in_hand)

    async def _bear(self, receiver: Receiver) -> None:
        """Get ready to send to the endpoint as it is now."""
        line = self.means.lines.to(receiver.id, receiver.url)
        most = self.means.parts.settings.webhook_connections
        line.pace.limit(min(receiver.max_at_once or most, most), receiver.max_per_second)
        if receiver.was_away:
            line.pace.begin_gently()
        self.failed = self.failed or receiver.failures > 0 or receiver.paused_until is not None
        self._bearing = Bearing(receiver, await self.means.secrets.open(receiver.secret_ids), line)

    def _send_ready(self, group: asyncio.TaskGroup, writing: WritingDown) -> float | None:
        """Begin sending from lanes that are ready as far as the pace allows; how long until the next may go."""
        bearing = self._bearing
        while bearing is not None and self._lanes.ready and bearing.line.pace.free(self._lanes.under_way):
            now = time.monotonic()
            wait = bearing.line.pace.wait(now)
            if wait > 0:
                return wait
            bearing.line.pace.go(now)
            group.create_task(self._send_first(self._lanes.go(), bearing, writing))
        return None

    async def _send_first(self, due: Due, bearing: Bearing, writing: WritingDown) -> None:
        """Send the first of a lane; the next may follow when it was taken, and nothing for now when it was not."""
        sent = await self._send(due, bearing)
        if sent.answer.succeeded:
            bearing.line.pace.taken()
            self._lanes.taken(due)
            self._changed.set()
            await self._keep_success(sent, writing)
        else:
            bearing.line.pace.failed()
            self._lanes.failed(due)
            await self._keep_failure(sent)

    async def _send(self, due: Due, bearing: Bearing) -> outcomes.Sent:
        clock, receiver = self.means.parts.clock, bearing.receiver
        tried_at = clock.now()
        headers = signature_headers(bearing.secrets, due.event_id, clock.real_now(), due.body)
        headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if due.traceparent:
            headers["traceparent"] = due.traceparent
        answer: Answer = await bearing.line.send(receiver.url, headers, due.body)
        sent = outcomes.Sent(receiver.id, receiver.url, due, tried_at, answer)
        measure(sent)
        return sent

    async def _keep_success(self, sent: outcomes.Sent, writing: WritingDown) -> None:
        """Have it written that it was taken: with others, unless it says that the endpoint is well again."""
        if not self.failed and sent.due.event_type != VERIFICATION:
            writing.write(sent)
            return
        self.failed = False
        async with self.means.pool.connection() as connection:
            await outcomes.keep_recovery(connection, sent, self.means.parts.clock.now())
        self._may_be_more = True
        self._written([sent])

    async def _keep_failure(self, sent: outcomes.Sent) -> None:
        """Write that it was not taken, and leave the endpoint alone where that is what follows."""
        self.failed = True
        async with self.means.pool.connection() as connection:
            aftermath = await outcomes.keep_failure(connection, sent, self.means.parts.clock.now())
        self._lanes.failure_written(sent.due)
        answer = sent.answer
        _log.info("webhook_failed", endpoint=str(self.endpoint_id), status=answer.status, error=answer.error)
        if aftermath.leave_alone:
            self._lanes.let_go()
        if aftermath.end is not None:
            await standing.disable(self.means.parts, self.endpoint_id, aftermath.end)
        self._written([sent])

    def _written(self, sent: Sequence[outcomes.Sent]) -> None:
        self._lanes.written(each.due for each in sent)
        self._changed.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long; `wait_for` may take the event for an answer to being broken off."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
