"""The feed over HTTP, with long-polling: a caller who waits holds no database connection."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from casefile_api.unit_of_work import Reading, ReadingNow
from casefile_api.web.documenting import refusals
from casefile_api.web.pagination import LIMIT_DEFAULT, LIMIT_MOST, asked_shape
from casefile_api.web.routing import GuardedRoute
from casefile_api.webhooks.feed import FeedPage, read_feed
from casefile_api.webhooks.listening import Announcements
from casefile_api.webhooks.schemas import EventPage

LONGEST_WAIT_SECONDS = 30
LOOK_AGAIN_SECONDS = 2.0
"""Where an announcement is lost with its connection, a waiting caller is answered this much later."""

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["Events and webhooks"])


@router.get(
    "/events", operation_id="list_events", response_model=EventPage, responses=refusals("gone"), summary="Read the feed"
)
async def list_events(
    request: Request,
    reading: ReadingNow,
    after: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before")] = None,
    wait: Annotated[int, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="seconds to wait for something new")] = 0,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MOST, description="how many events at the most")] = LIMIT_DEFAULT,
) -> Response:
    """Read what your organisation is told, its own acts included, in order. Without `after`: from the oldest kept."""
    loop = asyncio.get_running_loop()
    announcements: Announcements = request.app.state.announcements
    deadline = loop.time() + wait
    while True:
        ticket = announcements.ticket()
        page = await _read(reading, after, limit)
        left = deadline - loop.time()
        if page.bodies or left <= 0 or announcements.stopped:
            break
        await ticket.wait(min(left, LOOK_AGAIN_SECONDS))
    if page.bodies:
        reading.trail.told = True
        reading.trail.about("event_feed", None)
        reading.trail.query = asked_shape(request.query_params.keys(), limit, continued=after is not None)
        reading.trail.details = {"events": len(page.bodies)}
        reading.trail.showed(page.case_file_ids)
    return reading.answer(page.body())


async def _read(reading: Reading, after: str | None, limit: int) -> FeedPage:
    async with reading:
        days = reading.settings.event_retention_days
        return await read_feed(reading.session, reading.caller.organisation, after, limit, reading.now, days)
