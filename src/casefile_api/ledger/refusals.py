"""Refusals of callers that are not known: counted, and one entry per source, reason and minute (contract of the log).

The count is durable before the refusal is answered, with those that came meanwhile in one commit; the worker writes the
entry when its minute is over. Whoever asks too much is counted in memory and written down every second: a flood must
not become a flood of commits, nor have the connections that others wait for.
"""

import asyncio
import time
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
REST_SECONDS_EACH, REST_SECONDS_MOST = 0.002, 0.1
"""How long a writing waits for each refusal of the one before: others wait for the same disk."""

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
        self._request_ids: dict[tuple[str, str, str, datetime], str] = {}
        self._one_at_a_time = asyncio.Lock()
        self._begun = self._written = 0
        self._rest_until = 0.0

    def add(self, trail: Trail, reason: str) -> None:
        """Count one."""
        minute = real_now().replace(second=0, microsecond=0)
        key = trail.action, trail.source or "", reason, minute
        self._counted[key] += 1
        self._request_ids.setdefault(key, trail.request_id or "")

    async def count(self, trail: Trail, reason: str) -> None:
        """Count one, and wait until it is written down.

        All that came while the last ones were written go together, and fail together. Raises DependencyUnavailable
        where they do; they are kept, and written down later.
        """
        self.add(trail, reason)
        taken_by = self._begun + 1
        async with self._one_at_a_time:
            if self._begun < taken_by:
                await self._write()
            elif self._written < taken_by:
                raise DependencyUnavailable("The database does not answer; nothing was changed.")

    async def write(self) -> None:
        """Write down what was counted; what cannot be written is kept for the next time."""
        try:
            async with self._one_at_a_time:
                await self._write()
        except DependencyUnavailable:
            log.warning("refusals_not_written", kinds=len(self._counted))

    async def _write(self) -> None:
        await asyncio.sleep(self._rest_until - time.monotonic())
        self._begun += 1
        counted, self._counted = self._counted, Counter()
        rest = min(counted.total() * REST_SECONDS_EACH, REST_SECONDS_MOST)
        request_ids, self._request_ids = self._request_ids, {}
        try:
            async with self._database.brief_connection() as connection:
                for key, times in list(counted.items()):
                    action, source, reason, minute = key
                    trail = Trail(action, source=source, request_id=request_ids[key])
                    await count_refusal(connection, trail, reason=reason, now=minute, times=times)
                    del counted[key]
        finally:
            self._counted += counted
            self._request_ids = {key: request_ids[key] for key in counted} | self._request_ids
        self._written = self._begun
        self._rest_until = time.monotonic() + rest

    async def keep_written(self) -> None:
        """Write every second, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_EVERY_SECONDS)
            if self._counted:
                await self.write()
