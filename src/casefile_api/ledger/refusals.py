"""Refusals of callers that are not known: counted, and one entry per source, reason and minute (contract of the log).

The count is durable before the refusal is answered; the worker writes the entry when its minute is over.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.ledger.entries import compose, write_entries
from casefile_api.ledger.trail import Trail

_COUNT = text(
    """
    insert into refusal_tally (source, reason, minute, action, request_id, count)
    values (:source, :reason, date_trunc('minute', cast(:now as timestamptz)), :action, :request_id, 1)
    on conflict (source, reason, minute) do update set count = refusal_tally.count + 1
    """
)
_TAKE = text(
    """
    delete from refusal_tally where minute < date_trunc('minute', cast(:now as timestamptz))
    returning source, reason, minute, action, request_id, count
    """
)


async def count_refusal(connection: AsyncConnection, trail: Trail, *, reason: str, now: datetime) -> None:
    """Count one refusal and commit."""
    await connection.execute(
        _COUNT,
        {
            "source": trail.source or "",
            "reason": reason,
            "now": now,
            "action": trail.action,
            "request_id": trail.request_id or "",
        },
    )
    await connection.commit()


async def write_refusal_entries(connection: AsyncConnection, *, now: datetime) -> int:
    """Write one entry for each source, reason and minute that is over; return how many (the worker does this)."""
    taken = (await connection.execute(_TAKE, {"now": now})).all()
    entries = []
    for row in taken:
        trail = Trail(row.action, request_id=row.request_id or None, source=row.source or None)
        trail.details = {"reason": row.reason, "count": row.count, "minute": row.minute.strftime("%Y-%m-%dT%H:%MZ")}
        entries.append(compose(trail, None, outcome="refused", occurred_at=now))
    if entries:
        await write_entries(connection, entries)
    await connection.commit()
    return len(entries)
