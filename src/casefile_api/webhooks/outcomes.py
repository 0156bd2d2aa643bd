"""What follows from an attempt: delivered, tried again later, given up, or the end of an endpoint.

Every attempt is kept with its time, status, latency and the beginning of the answer. An outcome is written whole or not
at all, those that went well many at a time, so that a worker killed between sending and writing sends once more: at
least once, never not at all. An endpoint is locked before its deliveries, and these in their order: nobody waits in a
circle.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from casefile_api.webhooks.connecting import Answer
from casefile_api.webhooks.owing import VERIFICATION
from casefile_api.webhooks.queue import Connection, Due
from casefile_api.webhooks.schedule import FAILING_AFTER, LONGEST_RETRY_AFTER, is_dead, next_probe_wait, next_wait

ASKS_FOR_PATIENCE = frozenset((429, 503))

_KEEP_ATTEMPT: LiteralString = """
    insert into webhook_attempt (delivery_id, number, tried_at, status, latency_ms, error, answer, endpoint_id)
    select d.id, coalesce((select max(number) from webhook_attempt where delivery_id = d.id), 0) + 1,
           %(tried_at)s, %(status)s, %(latency_ms)s, %(error)s, %(answer)s, d.endpoint_id
    from webhook_delivery d where d.id = %(id)s
"""
# What its owner asked for once more while it was under way is due since then: the attempt's outcome is not its own.
_DELIVERED: LiteralString = """
    with sent as (
        select d.id, d.endpoint_id, s.tried_at, s.status, s.latency_ms, s.answer
        from unnest(%(ids)s::uuid[], %(tried)s::timestamptz[], %(statuses)s::int[], %(latencies)s::int[],
                    %(answers)s::text[]) as s (id, tried_at, status, latency_ms, answer)
        join webhook_delivery d on d.id = s.id
        order by d.position, d.id for no key update of d),
    attempt as (
        insert into webhook_attempt (delivery_id, number, tried_at, status, latency_ms, answer, endpoint_id)
        select s.id, coalesce((select max(number) from webhook_attempt where delivery_id = s.id), 0) + 1,
               s.tried_at, s.status, s.latency_ms, s.answer, s.endpoint_id
        from sent s)
    update webhook_delivery d set state = 'delivered' from sent s
    where d.id = s.id and d.state = 'waiting' and d.due_at <= s.tried_at
"""
_VERIFIED: LiteralString = """
    update webhook_endpoint set state = 'active' where id = %(endpoint)s and state = 'pending' and url = %(url)s
"""
_HEALTHY: LiteralString = """
    with before as (
        select id, failures from webhook_endpoint
        where id = %(endpoint)s and (failures > 0 or paused_until is not null) for no key update)
    update webhook_endpoint e set failures = 0, failing_since = null, paused_until = null, last_error = null
    from before where e.id = before.id
    returning before.failures
"""
_ALL_DUE: LiteralString = """
    update webhook_delivery set due_at = %(now)s
    where endpoint_id = %(endpoint)s and state = 'waiting' and due_at > %(now)s
"""
_FAILED: LiteralString = """
    update webhook_endpoint
    set failures = failures + 1, failing_since = coalesce(failing_since, %(now)s), last_error = %(error)s
    where id = %(endpoint)s and url = %(url)s and state <> 'disabled'
    returning failures, failing_since
"""
_PAUSE: LiteralString = "update webhook_endpoint set paused_until = %(until)s where id = %(endpoint)s"
_RETRY: LiteralString = """
    update webhook_delivery
    set failures = failures + 1, first_tried_at = coalesce(first_tried_at, %(tried_at)s), due_at = %(due_at)s,
        state = %(state)s
    where id = %(id)s and state = 'waiting' and due_at <= %(tried_at)s
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt that was made: of what, to which URL, when in working time, and what came of it."""

    endpoint_id: UUID
    url: str
    due: Due
    tried_at: datetime
    answer: Answer

    def row(self, **more: Any) -> dict[str, Any]:
        """Return the attempt as it is kept."""
        return {
            "endpoint": self.endpoint_id,
            "url": self.url,
            "id": self.due.id,
            "tried_at": self.tried_at,
            "status": self.answer.status,
            "latency_ms": self.answer.latency_ms,
            "error": self.answer.error,
            "answer": self.answer.beginning,
            **more,
        }


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a failure means for the endpoint: why it has come to its end, if it has, and whether to stop sending now."""

    end: str | None
    leave_alone: bool


async def keep_successes(connection: Connection, sent: Sequence[Sent]) -> None:
    """Write that deliveries were taken, all in one statement."""
    await connection.execute(
        _DELIVERED,
        {
            "ids": [each.due.id for each in sent],
            "tried": [each.tried_at for each in sent],
            "statuses": [each.answer.status for each in sent],
            "latencies": [each.answer.latency_ms for each in sent],
            "answers": [each.answer.beginning for each in sent],
        },
    )


async def keep_recovery(connection: Connection, sent: Sent, now: datetime) -> None:
    """Write that a delivery was taken by an endpoint that had been failing, or proved itself by it.

    Whatever waits is due at once then.
    """
    row = sent.row(now=now)
    async with connection.transaction():
        if sent.due.event_type == VERIFICATION:
            await connection.execute(_VERIFIED, row)
        before = await (await connection.execute(_HEALTHY, row)).fetchone()
        await keep_successes(connection, [sent])
        if before is not None and before[0] >= FAILING_AFTER:
            await connection.execute(_ALL_DUE, row)


async def keep_failure(connection: Connection, sent: Sent, now: datetime) -> Aftermath:
    """Write that a delivery failed, when it is tried again, and what that means for the endpoint."""
    due, answer = sent.due, sent.answer
    verifying = due.event_type == VERIFICATION
    tried_for = now - (due.first_tried_at or now)
    wait = next_wait(due.failures + 1, tried_for, random.random(), answer.retry_after)  # noqa: S311 - spreads load only
    next_state = "given_up" if wait is None else "waiting"
    row = sent.row(now=now, due_at=now + (wait or timedelta()), state=next_state)
    async with connection.transaction():
        fared = await (await connection.execute(_FAILED, row)).fetchone()
        await connection.execute(_KEEP_ATTEMPT, row)
        await connection.execute(_RETRY, row)
        pause = None if fared is None or verifying else _pause(answer, fared[0])
        if pause is not None:
            await connection.execute(_PAUSE, {**row, "until": now + pause})
    if fared is None:  # deleted, disabled or moved to another URL while we were sending
        return Aftermath(None, leave_alone=True)
    end = _end(answer, verifying=verifying, over=wait is None if verifying else is_dead(fared[1], now))
    return Aftermath(end, leave_alone=end is not None or pause is not None)


def _end(answer: Answer, *, verifying: bool, over: bool) -> str | None:
    """Why an endpoint has come to its end, if it has."""
    if answer.gone:
        return "gone"
    if not over:
        return None
    return "not_verified" if verifying else "failing"


def _pause(answer: Answer, failures_in_a_row: int) -> timedelta | None:
    """How long the whole endpoint is left alone: because it keeps failing, or because it asked for it."""
    pause = next_probe_wait(failures_in_a_row)
    if answer.status in ASKS_FOR_PATIENCE and answer.retry_after is not None:
        return max(pause or timedelta(), min(answer.retry_after, LONGEST_RETRY_AFTER))
    return pause
