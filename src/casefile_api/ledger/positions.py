"""Positions of events in the feed: given after commit, without gaps, so that no cursor ever skips one."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

_TAKE = """
    with taken as (
        delete from event_pending returning event_id, organisation)
    select e.event_id, e.organisation, e.case_file_id, e.sequence
    from taken join event e using (event_id, organisation)
    order by e.recorded_at, e.event_id, e.organisation
"""
_GIVE = """
    insert into event_position (position, event_id, organisation)
    select (select coalesce(max(position), 0) from event_position) + ordinality, event_id, organisation
    from unnest(%s::uuid[], %s::text[]) with ordinality as taken (event_id, organisation, ordinality)
"""


class TakenEvent(NamedTuple):
    """An event without a position."""

    event_id: UUID
    organisation: str
    case_file_id: UUID | None
    sequence: int | None


def in_feed_order(events: Sequence[TakenEvent]) -> list[TakenEvent]:
    """The events by time, those of one case file and receiver by their sequence.

    Times are read before a case file's row is locked, so two acts on one case may bear them the wrong way round.
    """
    by_case: dict[tuple[str, UUID | None], deque[TakenEvent]] = defaultdict(deque)
    for event in sorted(events, key=lambda event: event.sequence or 0):
        by_case[event.organisation, event.case_file_id].append(event)
    return [by_case[event.organisation, event.case_file_id].popleft() for event in events]


async def give_positions(connection: AsyncConnection[Any]) -> int:
    """Give the waiting events the next positions, in the transaction at hand; how many there were.

    All at once, however many: of a part, a case file's later event might be in it and the earlier one not.
    """
    rows: Iterable[tuple[Any, ...]] = await (await connection.execute(_TAKE)).fetchall()
    events = in_feed_order([TakenEvent(*row) for row in rows])
    if events:
        await connection.execute(
            _GIVE, ([event.event_id for event in events], [event.organisation for event in events])
        )
    return len(events)
