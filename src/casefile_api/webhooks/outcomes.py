"""What follows from an attempt: delivered, tried again later, given up, or the end of an endpoint.

Every attempt is kept with its time, status, latency and the beginning of the answer. Each outcome is one transaction,
so that a worker killed between sending and writing sends once more: at least once, never not at all.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.unattended import unattended
from casefile_api.web.parts import Parts
from casefile_api.webhooks.connecting import Answer
from casefile_api.webhooks.owing import VERIFICATION, Due
from casefile_api.webhooks.schedule import FAILING_AFTER, LONGEST_RETRY_AFTER, is_dead, next_probe_wait, next_wait

ASKS_FOR_PATIENCE = frozenset((429, 503))

_KEEP_ATTEMPT = text(
    """
    insert into webhook_attempt (delivery_id, number, tried_at, status, latency_ms, error, answer)
    select d.id, coalesce((select max(number) from webhook_attempt where delivery_id = d.id), 0) + 1,
           :tried_at, :status, :latency_ms, :error, :answer
    from webhook_delivery d where d.id = :id
    """
)
_DELIVERED = text("update webhook_delivery set state = 'delivered' where id = :id and state = 'waiting'")
_HEALTHY = text(
    """
    with before as (
        select id, failures from webhook_endpoint
        where id = :endpoint and (failures > 0 or paused_until is not null) for no key update)
    update webhook_endpoint e set failures = 0, failing_since = null, paused_until = null
    from before where e.id = before.id
    returning before.failures
    """
)
_ALL_DUE = text(
    "update webhook_delivery set due_at = :now where endpoint_id = :endpoint and state = 'waiting' and due_at > :now"
)
_VERIFIED = text(
    "update webhook_endpoint set state = 'active' where id = :endpoint and state = 'pending' and url = :url"
)
_FAILED = text(
    """
    update webhook_endpoint
    set failures = failures + 1, failing_since = coalesce(failing_since, :now)
    where id = :endpoint and url = :url and state <> 'disabled'
    returning failures, failing_since
    """
)
_PAUSE = text("update webhook_endpoint set paused_until = :until where id = :endpoint")
_RETRY = text(
    """
    update webhook_delivery
    set failures = failures + 1, first_tried_at = coalesce(first_tried_at, :tried_at), due_at = :due_at, state = :state
    where id = :id and state = 'waiting'
    """
)
_DISABLE = text(
    """
    update webhook_endpoint set state = 'disabled', reason = :reason, updated_at = :now
    where id = :endpoint and state <> 'disabled' returning organisation
    """
)
_LEAVE = text("update webhook_delivery set state = 'given_up' where endpoint_id = :endpoint and state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt that was made: of what, to which URL, when in working time, and what came of it."""

    endpoint_id: UUID
    url: str
    due: Due
    tried_at: datetime
    answer: Answer


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a failure means for the endpoint: why it has come to its end, if it has, and whether to stop sending now."""

    end: str | None
    leave_alone: bool


async def keep_success(session: AsyncSession, sent: Sent, now: datetime) -> None:
    """Write that a delivery was taken; an endpoint that had been failing is sent everything that waits."""
    named = {"endpoint": sent.endpoint_id, "now": now}
    await session.execute(_KEEP_ATTEMPT, _attempt(sent))
    await session.execute(_DELIVERED, {"id": sent.due.id})
    if sent.due.event_type == VERIFICATION:
        await session.execute(_VERIFIED, {**named, "url": sent.url})
    before = (await session.execute(_HEALTHY, named)).scalar_one_or_none()
    if before is not None and before >= FAILING_AFTER:
        await session.execute(_ALL_DUE, named)
    await session.commit()


async def keep_failure(session: AsyncSession, sent: Sent, now: datetime) -> Aftermath:
    """Write that a delivery failed, when it is tried again, and what that means for the endpoint."""
    due, answer = sent.due, sent.answer
    failed = {"endpoint": sent.endpoint_id, "url": sent.url, "now": now}
    fared = (await session.execute(_FAILED, failed)).one_or_none()
    await session.execute(_KEEP_ATTEMPT, _attempt(sent))
    tried_for = now - (due.first_tried_at or now)
    wait = next_wait(due.failures + 1, tried_for, random.random(), answer.retry_after)  # noqa: S311 - spreads load only
    await session.execute(
        _RETRY,
        {
            "id": due.id,
            "tried_at": sent.tried_at,
            "due_at": now + (wait or timedelta()),
            "state": "given_up" if wait is None else "waiting",
        },
    )
    pause = None if fared is None or due.event_type == VERIFICATION else _pause(answer, fared.failures)
    if pause is not None:
        await session.execute(_PAUSE, {"endpoint": sent.endpoint_id, "until": now + pause})
    await session.commit()
    if fared is None:  # deleted, disabled or moved to another URL while we were sending
        return Aftermath(None, leave_alone=True)
    dead = is_dead(fared.failing_since, now) if due.event_type != VERIFICATION else wait is None
    end = "gone" if answer.gone else ("not_verified" if due.event_type == VERIFICATION else "failing") if dead else None
    return Aftermath(end, leave_alone=end is not None or pause is not None)


def _pause(answer: Answer, failures_in_a_row: int) -> timedelta | None:
    """How long the whole endpoint is left alone: because it keeps failing, or because it asked for it."""
    pause = next_probe_wait(failures_in_a_row)
    if answer.status in ASKS_FOR_PATIENCE and answer.retry_after is not None:
        return max(pause or timedelta(), min(answer.retry_after, LONGEST_RETRY_AFTER))
    return pause


async def disable(parts: Parts, endpoint_id: UUID, reason: str) -> None:
    """Disable an endpoint and say so by an event; what it was still owed is kept and can be sent again."""
    async with unattended(parts.database, parts.clock, "disable_webhook_endpoint") as act:
        named = {"endpoint": endpoint_id, "reason": reason, "now": act.now}
        organisation = (await act.session.execute(_DISABLE, named)).scalar_one_or_none()
        if organisation is None:
            act.silent = True
            return
        await act.session.execute(_LEAVE, {"endpoint": endpoint_id})
        act.trail.about("webhook_endpoint", endpoint_id)
        await act.record(
            "webhook_endpoint.disabled",
            to=[organisation],
            webhook_endpoint_id=endpoint_id,
            state="disabled",
        )


def _attempt(sent: Sent) -> dict[str, Any]:
    return {
        "id": sent.due.id,
        "tried_at": sent.tried_at,
        "status": sent.answer.status,
        "latency_ms": sent.answer.latency_ms,
        "error": sent.answer.error,
        "answer": sent.answer.beginning,
    }
