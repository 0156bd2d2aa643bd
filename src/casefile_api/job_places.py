"""Whose job is next: start-time fair queueing (Goyal, Vin and Cheng, 1996), so that nobody's backlog holds up another.

A job's place is where its share's last one ends, or where the queue now is, whichever is further; the nearest place is
done first. So who sends a thousand files waits for their own, and who sends one waits for nobody's thousand.
"""

from dataclasses import dataclass

import psycopg

BACKGROUND = "background"
"""The share of work that can wait for all other."""
_LAST_PLACE = 2_000_000_000
# Of the jobs that wait or are under way: where each share's last one ends; and where the queue is.
_PLACES = """
    select args->>'share', max(-priority + coalesce((args->>'cost')::int, 0)), min(-priority)
    from procrastinate_jobs
    where status in ('todo', 'doing') and args->>'share' <> %s
    group by 1
"""


@dataclass(slots=True)
class Places:
    """Where each share's last job ends, and where the queue is."""

    ends: dict[str, int]
    now: int

    def give(self, share: str | None, cost: int) -> int:
        """Give a job its place; work of nobody in particular, which is short, comes first."""
        if share is None:
            return 0
        if share == BACKGROUND:
            return _LAST_PLACE
        place = min(max(self.now, self.ends.get(share, 0)), _LAST_PLACE - 1)
        self.ends[share] = place + cost
        return place


async def find_places(connection: psycopg.AsyncConnection) -> Places:
    """Look how the queue is now."""
    rows = await (await connection.execute(_PLACES, (BACKGROUND,))).fetchall()
    return Places({share: end for share, end, _ in rows}, min((first for _, _, first in rows), default=0))
