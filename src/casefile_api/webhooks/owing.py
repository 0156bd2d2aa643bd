"""What an endpoint is owed: deliveries made out of its organisation's feed, and which of them may be sent now.

An endpoint reads the feed like any other reader, from the position it was registered at; so nothing is missed that
commits late, and nothing is owed twice. Events of one case file go out in order: a later one waits for an earlier one
until that has failed a few times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.events import matches_any
from casefile_api.identifiers import new_id
from casefile_api.webhooks.schedule import DISABLED_AFTER, ORDER_KEPT_FOR

VERIFICATION = "webhook_endpoint.verification"
TEST = "webhook_endpoint.test"
FED_AT_ONCE = 500

_IN_ORDER = f"""
    d.state = 'waiting' and d.due_at <= :now and d.event_type <> '{VERIFICATION}'
    and not exists (
        select from webhook_delivery o
        where o.endpoint_id = d.endpoint_id and o.state = 'waiting' and o.case_file_id = d.case_file_id
          and o.position < d.position and o.failures < {ORDER_KEPT_FOR} and o.due_at > :now)
"""
_WITH_SOMETHING_TO_DO = text(
    f"""
    select e.id from webhook_endpoint e
    where (e.state = 'active' and (
            e.failing_since <= :dead
            or ((e.paused_until is null or e.paused_until <= :now) and (
                exists (select from event_position p where p.organisation = e.organisation and p.position > e.fed_to)
                or exists (select from webhook_delivery d where d.endpoint_id = e.id and {_IN_ORDER})))))
       or (e.state = 'pending' and exists (
            select from webhook_delivery d
            where d.endpoint_id = e.id and d.state = 'waiting' and d.due_at <= :now
              and d.event_type = '{VERIFICATION}'))
    """
)
_DUE = text(
    f"""
    select d.id, d.event_id, d.event_type, d.case_file_id, d.failures, d.first_tried_at, e.body
    from webhook_delivery d join event e on e.event_id = d.event_id and e.organisation = d.organisation
    where d.endpoint_id = :endpoint and {_IN_ORDER}
    order by d.position, d.created_at limit :most
    """
)
_VERIFICATION_DUE = text(
    f"""
    select d.id, d.event_id, d.event_type, d.case_file_id, d.failures, d.first_tried_at, e.body
    from webhook_delivery d join event e on e.event_id = d.event_id and e.organisation = d.organisation
    where d.endpoint_id = :endpoint and d.state = 'waiting' and d.due_at <= :now and d.event_type = '{VERIFICATION}'
    order by d.created_at desc limit 1
    """
)
_NEW_IN_FEED = text(
    """
    select p.position, e.event_id, e.type, e.case_file_id, e.endpoint_id
    from event_position p join event e on e.event_id = p.event_id and e.organisation = p.organisation
    where p.organisation = :organisation and p.position > :after
    order by p.position limit :most
    """
)
_OWE = text(
    """
    insert into webhook_delivery (id, endpoint_id, event_id, organisation, event_type, case_file_id, position, state,
                                  due_at, created_at)
    values (:id, :endpoint, :event, :organisation, :type, :case, :position, 'waiting', :due, :now)
    on conflict (endpoint_id, event_id) do update
        set state = 'waiting', failures = 0, first_tried_at = null, due_at = excluded.due_at
        where :again
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may be sent now."""

    id: UUID
    event_id: UUID
    event_type: str
    case_file_id: UUID | None
    failures: int
    first_tried_at: datetime | None
    body: bytes


async def find_endpoints_with_work(session: AsyncSession, now: datetime) -> list[UUID]:
    """Find the endpoints that have something to be sent now, or have failed for so long that they are disabled."""
    rows = await session.execute(_WITH_SOMETHING_TO_DO, {"now": now, "dead": now - DISABLED_AFTER})
    return list(rows.scalars())


async def feed(session: AsyncSession, endpoint_id: UUID, now: datetime) -> bool:
    """Owe an active endpoint what is new in the feed; True where there may be more. The caller commits."""
    endpoint = (
        await session.execute(
            text(
                "select organisation, event_types, fed_to from webhook_endpoint"
                " where id = :id and state = 'active' for no key update"
            ),
            {"id": endpoint_id},
        )
    ).one_or_none()
    if endpoint is None:
        return False
    found = {"organisation": endpoint.organisation, "after": endpoint.fed_to, "most": FED_AT_ONCE}
    events = (await session.execute(_NEW_IN_FEED, found)).all()
    if not events:
        return False
    told = endpoint.organisation
    wanted = [
        owed_row(endpoint_id, event.event_id, told, event.type, now, event.case_file_id, event.position)
        for event in events
        if event.endpoint_id is None and matches_any(endpoint.event_types, event.type)
    ]
    await owe(session, wanted)
    fed = {"last": events[-1].position, "id": endpoint_id}
    await session.execute(text("update webhook_endpoint set fed_to = :last where id = :id"), fed)
    return len(events) == FED_AT_ONCE


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


async def owe(session: AsyncSession, rows: Sequence[dict[str, Any]], *, again: bool = False) -> None:
    """Write deliveries. One that is owed already is left as it is, or with `again` becomes due afresh."""
    if rows:
        await session.execute(_OWE, [{**row, "again": again} for row in rows])


async def find_due(session: AsyncSession, endpoint_id: UUID, now: datetime, *, most: int) -> list[Due]:
    """Find what may be sent to an active endpoint, oldest first."""
    rows = await session.execute(_DUE, {"endpoint": endpoint_id, "now": now, "most": most})
    return [Due(**{**row._mapping, "body": bytes(row.body)}) for row in rows]


async def find_verification(session: AsyncSession, endpoint_id: UUID, now: datetime) -> list[Due]:
    """Find the verification that a pending endpoint is to be sent: nothing else goes to it."""
    rows = await session.execute(_VERIFICATION_DUE, {"endpoint": endpoint_id, "now": now})
    return [Due(**{**row._mapping, "body": bytes(row.body)}) for row in rows]
