"""How an endpoint fares, for those whose it is: what waits, when it is tried next, and what came of late."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from casefile_api.clock import utc_text
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.unit_of_work import Reading
from casefile_api.webhooks.queries import find_endpoint
from casefile_api.webhooks.schemas import endpoint_view

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# What is of a case file that the organisation's systems do not see at present is not counted: it is not sent either.
_WAITING = text(
    f"""
    select count(*) as waiting, min(d.created_at) as oldest, min(d.due_at) as due_at
    from webhook_delivery d
    where d.endpoint_id = :endpoint and d.state = 'waiting' and {shown_to_systems("d.case_file_id", "d.organisation")}
    """
)
_UNREAD = text(
    f"""
    select count(*)
    from event_position p join event e on e.event_id = p.event_id and e.organisation = p.organisation
    where p.organisation = :organisation and p.position > :fed_to and e.endpoint_id is null
      and {shown_to_systems("e.case_file_id", "p.organisation")}
    """
)
_GIVEN_UP = text(
    f"""
    select count(*) from webhook_delivery d
    where d.endpoint_id = :endpoint and d.state = 'given_up' and {shown_to_systems("d.case_file_id", "d.organisation")}
    """
)
_LAST_TAKEN = text(
    """
    select tried_at from webhook_attempt where endpoint_id = :endpoint and error is null
    order by tried_at desc limit 1
    """
)
_LAST_FAILURE = text(
    """
    select tried_at, status, error from webhook_attempt where endpoint_id = :endpoint and error is not null
    order by tried_at desc limit 1
    """
)
_RECENT = text(
    """
    select count(*) filter (where error is null) as taken, count(error) as failed,
           percentile_disc(0.5) within group (order by latency_ms) as p50,
           percentile_disc(0.95) within group (order by latency_ms) as p95
    from webhook_attempt where endpoint_id = :endpoint and tried_at > :after
    """
)


async def watch_endpoint(reading: Reading, endpoint_id: UUID) -> dict[str, Any]:
    """Return how one of the caller's organisation's endpoints fares.

    Raises NotFound.
    """
    endpoint = await find_endpoint(reading, endpoint_id)
    session, now, named = reading.session, reading.now, {"endpoint": endpoint.id}
    waiting = (await session.execute(_WAITING, named)).one()
    behind = {"organisation": endpoint.organisation, "fed_to": endpoint.fed_to}
    unread = (await session.execute(_UNREAD, behind)).scalar_one() if endpoint.state != "disabled" else 0
    failure = (await session.execute(_LAST_FAILURE, named)).one_or_none()
    recent = {
        name: _recent((await session.execute(_RECENT, {**named, "after": now - length})).one())
        for name, length in (("last_hour", HOUR), ("last_day", DAY))
    }
    due = [moment for moment in (waiting.due_at, endpoint.paused_until) if waiting.waiting and moment is not None]
    view = endpoint_view(endpoint)
    return {
        "as_of": utc_text(now),
        **{name: view[name] for name in ("id", "state", "reason", "failing_since")},
        "failures_in_a_row": endpoint.failures,
        "waiting": waiting.waiting,
        "oldest_waiting_since": _text(waiting.oldest),
        "unread": unread,
        "next_attempt_at": _text(max(due, default=None)),
        "given_up": (await session.execute(_GIVEN_UP, named)).scalar_one(),
        "last_taken_at": _text((await session.execute(_LAST_TAKEN, named)).scalar_one_or_none()),
        "last_failure": failure and {"at": _text(failure.tried_at), "status": failure.status, "error": failure.error},
        **recent,
    }


def _recent(row: Row[Any]) -> dict[str, Any]:
    return {"taken": row.taken, "failed": row.failed, "latency_ms_p50": row.p50, "latency_ms_p95": row.p95}


def _text(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None
