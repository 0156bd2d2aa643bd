"""The feed: everything an organisation is told, in one order, read from where one left off.

Positions are given after commit, so a cursor never skips an event that commits late. The feed is complete for 90 days;
a cursor that has fallen behind further is answered with 410, never with a gap. What is older is in the archive, by the
same cursors: at any place in the order either the next event is old, and the archive has it, or the feed has. Nothing
is moved: events are the timeline of their case files, and no table of them is ever shortened.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.errors import Fault, Gone, Invalid
from casefile_api.ledger.happenings import shown_to_systems
from casefile_api.webhooks.cloud_events import cloud_event

# Looked at event by event, in order, until the page is full: with the policies' conditions beside its own the planner
# expects too few to fill one, and would gather all that the organisation was ever told.
_PAGE = text(
    f"""
    select p.position, e.occurred_at, e.body, e.case_file_id, e.traceparent
    from event_position p cross join lateral (
        select * from event where event_id = p.event_id and organisation = p.organisation offset 0) e
    where p.organisation = :organisation and p.position > :after and e.endpoint_id is null
      and {shown_to_systems("e.case_file_id", "p.organisation")}
    order by p.position limit :most
    """
)
_OLDEST_KEPT = text(
    """
    select p.position
    from event e join event_position p on p.event_id = e.event_id and p.organisation = e.organisation
    where e.organisation = :organisation and e.occurred_at < :cutoff
    order by e.occurred_at desc, p.position desc limit 1
    """
)
_NEWEST = text("select coalesce(max(position), 0) from event_position")


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Part of the feed: bodies as they were written, and where to go on."""

    bodies: Sequence[bytes]
    next_cursor: str
    case_file_ids: Sequence[UUID | None] = ()
    traceparents: Sequence[str | None] = ()

    def body(self) -> bytes:
        """Return the page as JSON; the bodies are passed on byte for byte."""
        return b'{"items":[%b],"next_cursor":%b}' % (b",".join(self.bodies), json.dumps(self.next_cursor).encode())

    def batch(self, public_url: str) -> bytes:
        """Return the page as a batch of CloudEvents."""
        pairs = zip(self.bodies, self.traceparents, strict=True)
        return json.dumps([cloud_event(body, public_url, trace) for body, trace in pairs]).encode()


async def read_feed(
    session: AsyncSession, organisation: str, after: str | None, limit: int, now: datetime, retention_days: int
) -> FeedPage:
    """Read the feed of an organisation after a cursor, or from the oldest event kept.

    Raises Invalid where the cursor is not one of this feed, Gone where events after it are kept no longer.
    """
    cutoff = now - timedelta(days=retention_days)
    if after is None:
        oldest = await session.execute(_OLDEST_KEPT, {"organisation": organisation, "cutoff": cutoff})
        position = oldest.scalar_one_or_none() or 0
    else:
        position = _read_cursor(after)
        if position > (await session.execute(_NEWEST)).scalar_one():
            raise _broken()
    found = {"organisation": organisation, "after": position, "most": limit}
    rows = (await session.execute(_PAGE, found)).all()
    if not rows:
        return FeedPage((), after or _make_cursor(position))
    if after is not None and rows[0].occurred_at < cutoff:
        raise Gone(
            f"The feed goes back {retention_days} days, and this cursor is older. GET /v1/events/archive with the same"
            " cursor reads on from there until the feed does; or start the feed without a cursor."
        )
    return _page(rows)


async def read_archive(
    session: AsyncSession, organisation: str, after: str | None, limit: int, now: datetime, retention_days: int
) -> FeedPage:
    """Read what an organisation was told before the feed begins, after a cursor or from the very first event.

    An empty page is the end: the feed goes on at its cursor. Who may know of what is asked now, as in the feed.
    """
    cutoff = now - timedelta(days=retention_days)
    position = 0 if after is None else _read_cursor(after)
    found = {"organisation": organisation, "after": position, "most": limit}
    rows = (await session.execute(_PAGE, found)).all()
    old = list(takewhile(lambda row: row.occurred_at < cutoff, rows))
    return _page(old) if old else FeedPage((), _make_cursor(position))


def _page(rows: Sequence[Any]) -> FeedPage:
    bodies = [bytes(row.body) for row in rows]
    cases, traces = [row.case_file_id for row in rows], [row.traceparent for row in rows]
    return FeedPage(bodies, _make_cursor(rows[-1].position), cases, traces)


def _make_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"feed:{position}".encode()).decode().rstrip("=")


def _read_cursor(text_: str) -> int:
    try:
        plain = base64.b64decode(text_ + "=" * (-len(text_) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise _broken() from None
    digits = plain.removeprefix("feed:")
    if not digits.isdigit() or len(digits) > 18 or _make_cursor(int(digits)) != text_:
        raise _broken()
    return int(digits)


def _broken() -> Invalid:
    fault = Fault("malformed", "Use next_cursor as the feed gave it, or leave after out.", parameter="after")
    return Invalid("The cursor is not one that this feed gave.", fault)
