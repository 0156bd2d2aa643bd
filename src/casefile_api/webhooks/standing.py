"""How an endpoint stands: failing or well, said to its owner when it changes; ended, and why.

An endpoint that has failed a few times in a row is failing until something is taken again. What an endpoint is and what
its owner was told of it is changed in one transaction; where a worker is killed before, the next round does it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.unattended import unattended
from casefile_api.web.parts import Parts
from casefile_api.webhooks.models import WebhookEndpoint
from casefile_api.webhooks.schedule import FAILING_AFTER

BY_SERVICE = "service"

_MARK = text(
    """
    update webhook_endpoint set failing = failures >= :failing_after
    where id = :endpoint and state = 'active' and failing <> (failures >= :failing_after)
    returning organisation, failing, coalesce(last_error, 'not_kept') as last_error
    """
)
_DISABLE = text(
    """
    update webhook_endpoint
    set state = 'disabled', failing = false, reason = :reason, disabled_by = :by, disabled_at = :now, updated_at = :now
    where id = :endpoint and state <> 'disabled' returning organisation
    """
)
_LEAVE = text("update webhook_delivery set state = 'given_up' where endpoint_id = :endpoint and state = 'waiting'")


async def tell_standing(parts: Parts, endpoint_id: UUID) -> None:
    """Mark an endpoint as failing or as well again, and say so by an event."""
    async with unattended(parts.database, parts.clock, "mark_webhook_endpoint") as act:
        asked = {"endpoint": endpoint_id, "failing_after": FAILING_AFTER}
        marked = (await act.session.execute(_MARK, asked)).one_or_none()
        if marked is None:
            act.silent = True
            return
        act.trail.about("webhook_endpoint", endpoint_id)
        about: dict[str, Any] = {"to": [marked.organisation], "webhook_endpoint_id": endpoint_id}
        if marked.failing:
            await act.record("webhook_endpoint.failing", **about, state="failing", reason=marked.last_error)
        else:
            await act.record("webhook_endpoint.recovered", **about, state="active")


async def disable(parts: Parts, endpoint_id: UUID, reason: str) -> None:
    """Disable an endpoint and say so by an event; what it was still owed is kept and can be sent again."""
    async with unattended(parts.database, parts.clock, "disable_webhook_endpoint") as act:
        ended = {"endpoint": endpoint_id, "reason": reason, "by": BY_SERVICE, "now": act.now}
        organisation = await end(act.session, ended)
        if organisation is None:
            act.silent = True
            return
        act.trail.about("webhook_endpoint", endpoint_id)
        await act.record(
            "webhook_endpoint.disabled",
            to=[organisation],
            webhook_endpoint_id=endpoint_id,
            state="disabled",
            reason=reason,
        )


def begin_anew(endpoint: WebhookEndpoint) -> None:
    """Let an endpoint be as it was when it was registered: pending, with nothing held against it."""
    endpoint.state, endpoint.reason, endpoint.disabled_at, endpoint.disabled_by = "pending", None, None, None
    endpoint.failing, endpoint.last_error, endpoint.failures = False, None, 0
    endpoint.failing_since, endpoint.paused_until = None, None


async def end(session: AsyncSession, ended: dict[str, Any]) -> str | None:
    """Disable an endpoint that is not, and give up what waits for it; return its organisation."""
    organisation: str | None = (await session.execute(_DISABLE, ended)).scalar_one_or_none()
    if organisation is not None:
        await session.execute(_LEAVE, {"endpoint": ended["endpoint"]})
    return organisation
