"""Refusals of callers that are not known: counted, and one entry per source, reason and minute (contract of the log).

The count is durable before the refusal is answered; the worker writes the entry when its minute is over. Whoever asks
too much is counted in memory and written down every second: a flood must not become a flood of commits.
"""

import asyncio
from collections import Counter
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.clock import real_now
from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger.entries import compose, write_entries
from casefile_api.ledger.trail import Trail

log = structlog.get_logger()

WRITE_EVERY_SECONDS = 1.0

_COUNT = text(
    """
    insert into refusal_tally (source, reason, minute, action, request_id, count)
    values (:source, :reason, date_trunc('minute', cast(:now as timestamptz)), :action, :request_id, :times)
    on conflict (source, reason, minute) do update set count = refusal_tally.count + excluded.count
    """
)
_TAKE = text(
    """
    delete from refusal_tally where minute < date_trunc('minute', cast(:now as timestamptz))
    returning source, reason, minute, action, request_id, count
    """
)


async def count_refusal(
    connection: AsyncConnection, trail: Trail, *, reason: str, now: datetime, times: int = 1
) -> None:
    """Count a refusal, or so many alike, and commit."""
    await connection.execute(
        _COUNT,
        {
            "source": trail.source or "",
            "reason": reason,
            "now": now,
            "action": trail.action,
            "request_id": trail.request_id or "",
            "times": times,
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


class RefusalTally:
    """Refusals of this process that are counted and not yet written down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[tuple[str, str, str, datetime]] = Counter()

    def add(self, trail: Trail, reason: str) -> None:
        """Count one."""
        minute = real_now().replace(second=0, microsecond=0)
        self._counted[trail.action, trail.source or "", reason, minute] += 1

    async def write(self) -> None:
        """Write down what was counted; what cannot be written is kept for the next time."""
        counted, self._counted = self._counted, Counter()
        try:
            async with self._database.connection() as connection:
                for (action, source, reason, minute), times in list(counted.items()):
                    trail = Trail(action, source=source)
                    await count_refusal(connection, trail, reason=reason, now=minute, times=times)
                    del counted[action, source, reason, minute]
        except DependencyUnavailable:
            log.warning("refusals_not_written", kinds=len(counted))
            self._counted += counted

    async def keep_written(self) -> None:
        """Write every second, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_EVERY_SECONDS)
            if self._counted:
                await self.write()
