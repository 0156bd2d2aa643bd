"""What an organisation sees of its webhook endpoints. Another organisation's endpoint does not exist."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from casefile_api.errors import NotFound
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.unit_of_work import Reading
from casefile_api.web.pagination import Page
from casefile_api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from casefile_api.webhooks.schemas import delivery_view, endpoint_item


async def find_endpoint(reading: Reading, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    """Find one of the caller's organisation's endpoints.

    Raises NotFound.
    """
    wanted = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id, WebhookEndpoint.organisation == reading.caller.organisation
    )
    row = (await reading.session.execute(wanted.with_for_update() if lock else wanted)).scalar_one_or_none()
    if row is None:
        raise NotFound
    reading.trail.about("webhook_endpoint", row.id)
    return row


async def list_endpoints(
    reading: Reading, page: Page, state: str | None, client_id: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """List the organisation's endpoints, oldest first: all, or those in a state, or those one client answers for."""
    wanted = select(WebhookEndpoint).where(WebhookEndpoint.organisation == reading.caller.organisation)
    if state is not None:
        failing = state == "failing"
        wanted = wanted.where(
            WebhookEndpoint.state == ("active" if failing else state), col(WebhookEndpoint.failing).is_(failing)
        )
    if client_id is not None:
        wanted = wanted.where(WebhookEndpoint.client_id == client_id)
    after = page.after(UUID)
    if after is not None:
        wanted = wanted.where(col(WebhookEndpoint.id) > after[0])
    ordered = wanted.order_by(col(WebhookEndpoint.id)).limit(page.limit + 1)
    rows = (await reading.session.execute(ordered)).scalars().all()
    reading.trail.about("webhook_endpoint", None)
    shown = rows[: page.limit]
    return page.body([endpoint_item(row) for row in shown], [shown[-1].id] if len(rows) > page.limit else None)


async def list_deliveries(
    reading: Reading, endpoint_id: UUID, page: Page, state: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """List what an endpoint was owed and every attempt at it, newest first."""
    await find_endpoint(reading, endpoint_id)
    shown = text(shown_to_systems("webhook_delivery.case_file_id", "webhook_delivery.organisation"))
    wanted = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, shown)
    after = page.after(UUID)
    if after is not None:
        wanted = wanted.where(col(WebhookDelivery.id) < after[0])
    if state is not None:
        wanted = wanted.where(WebhookDelivery.state == state)
    ordered = wanted.order_by(col(WebhookDelivery.id).desc()).limit(page.limit + 1)
    rows = (await reading.session.execute(ordered)).scalars().all()
    listed = rows[: page.limit]
    attempts = await _attempts(reading, [row.id for row in listed])
    items = [delivery_view(row, attempts[row.id]) for row in listed]
    reading.trail.showed(row.case_file_id for row in listed)
    return page.body(items, [listed[-1].id] if len(rows) > page.limit else None)


async def _attempts(reading: Reading, deliveries: Sequence[UUID]) -> dict[UUID, list[WebhookAttempt]]:
    found: dict[UUID, list[WebhookAttempt]] = defaultdict(list)
    if deliveries:
        wanted = select(WebhookAttempt).where(col(WebhookAttempt.delivery_id).in_(deliveries))
        ordered = wanted.order_by(col(WebhookAttempt.delivery_id), col(WebhookAttempt.number))
        for attempt in (await reading.session.execute(ordered)).scalars():
            found[attempt.delivery_id].append(attempt)
    return found


async def newest_position(reading: Reading) -> int:
    """Return the newest position of the feed: an endpoint registered now is told of what comes after."""
    found = await reading.session.execute(text("select coalesce(max(position), 0) from event_position"))
    return int(found.scalar_one())
