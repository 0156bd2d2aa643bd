"""Owing an endpoint an event: the deliveries that commands write, of what is for one endpoint alone or sent again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.identifiers import new_id

VERIFICATION = "webhook_endpoint.verification"
TEST = "webhook_endpoint.test"

_OWE = text(
    """
    insert into webhook_delivery (id, endpoint_id, event_id, organisation, event_type, case_file_id, position, state,
                                  due_at, created_at)
    values (:id, :endpoint, :event, :organisation, :type, :case, :position, 'waiting', :due, :now)
    on conflict (endpoint_id, event_id) do update
        set state = 'waiting', failures = 0, first_tried_at = null, due_at = excluded.due_at
    """
)


def owed_row(
    endpoint_id: UUID,
    event_id: UUID,
    organisation: str,
    event_type: str,
    due_at: datetime,
    case_file_id: UUID | None = None,
    position: int = 0,
) -> dict[str, Any]:
    """Return the row of a delivery; what is for one endpoint alone has position 0 and so goes first."""
    return {
        "id": new_id(),
        "endpoint": endpoint_id,
        "event": event_id,
        "organisation": organisation,
        "type": event_type,
        "case": case_file_id,
        "position": position,
        "due": due_at,
        "now": due_at,
    }


async def owe(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write deliveries. One that is owed already, or was made, becomes due afresh."""
    if rows:
        await session.execute(_OWE, list(rows))
