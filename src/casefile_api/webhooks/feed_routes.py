"""The feed over HTTP, with long-polling: a caller who waits holds no database connection."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from casefile_api.unit_of_work import Reading, ReadingNow
from casefile_api.web.documenting import refusals
from casefile_api.web.media_types import most_wanted
from casefile_api.web.pagination import LIMIT_DEFAULT, LIMIT_MOST, asked_shape
from casefile_api.web.routing import GuardedRoute
from casefile_api.webhooks import cloud_events
from casefile_api.webhooks.catalogue_schemas import CloudEvent
from casefile_api.webhooks.feed import FeedPage, read_archive, read_feed
from casefile_api.webhooks.listening import Announcements
from casefile_api.webhooks.schemas import EventPage

LONGEST_WAIT_SECONDS = 30
LOOK_AGAIN_SECONDS = 2.0
"""Where an announcement is lost with its connection, a waiting caller is answered this much later."""

_FORMS = {"application/json": "", "application/*": "", "*/*": "", cloud_events.MEDIA_TYPE: cloud_events.MEDIA_TYPE}

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["Events and webhooks"])


_PAGES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": EventPage,
        "description": "A page of the feed; as a batch of CloudEvents by `Accept`, `Link` then leads on",
        "content": {cloud_events.MEDIA_TYPE: {"schema": {"type": "array", "items": CloudEvent.model_json_schema()}}},
    }
}


@router.get(
    "/events",
    operation_id="list_events",
    summary="Read the feed",
    response_class=Response,
    responses={**_PAGES, **refusals("gone")},
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
        _note(request, reading, page, limit, continued=after is not None)
    return _answer(request, reading, page)


@router.get(
    "/events/archive",
    operation_id="list_archived_events",
    summary="Read what is older than the feed",
    response_class=Response,
    responses=_PAGES,
)
async def list_archived_events(
    request: Request,
    reading: ReadingNow,
    after: Annotated[str | None, Query(max_length=100, description="a cursor of the feed or the archive")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MOST, description="how many events at the most")] = LIMIT_DEFAULT,
) -> Response:
    """Read what your organisation was told before the feed begins, in order; without `after` from the very first.

    An empty page is the end: the feed goes on at its `next_cursor`. What your systems may know of now is shown.
    """
    async with reading:
        days, organisation = reading.settings.event_retention_days, reading.caller.organisation
        page = await read_archive(reading.session, organisation, after, limit, reading.now, days)
    _note(request, reading, page, limit, continued=after is not None)
    return _answer(request, reading, page)


def _note(request: Request, reading: Reading, page: FeedPage, limit: int, *, continued: bool) -> None:
    """Let the log say what was asked for and what came back."""
    reading.trail.about("event_feed", None)
    reading.trail.query = asked_shape(request.query_params.keys(), limit, continued=continued)
    reading.trail.details = {"events": len(page.bodies)}
    reading.trail.showed(page.case_file_ids)


def _answer(request: Request, reading: Reading, page: FeedPage) -> Response:
    """Answer with a page in the form that is asked for; where the body has no cursor, Link leads on (RFC 8288)."""
    headers = {"Vary": "Authorization, Accept"}
    if not most_wanted(request.headers.get("accept"), _FORMS):
        return reading.answer(page.body(), headers=headers)
    public_url = reading.settings.public_url.rstrip("/")
    asked = [(name, value) for name, value in request.query_params.items() if name != "after"]
    following = urlencode([*asked, ("after", page.next_cursor)])
    headers["Link"] = f'<{public_url}{request.url.path}?{following}>; rel="next"'
    return Response(page.batch(public_url), media_type=cloud_events.MEDIA_TYPE, headers=headers)


async def _read(reading: Reading, after: str | None, limit: int) -> FeedPage:
    async with reading:
        days = reading.settings.event_retention_days
        return await read_feed(reading.session, reading.caller.organisation, after, limit, reading.now, days)
