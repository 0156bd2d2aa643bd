"""The sandbox's clock: its working time can be moved forward, so that an integrator sees deadlines pass.

Tokens, presigned URLs, webhook timestamps and checkpoints stay on real time. These routes exist in a sandbox alone.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import text

from casefile_api.clock import real_now, utc_text
from casefile_api.errors import Fault, Invalid
from casefile_api.sandbox.durations import PATTERN, read_duration
from casefile_api.unit_of_work import ReadingNow, Work
from casefile_api.web.bodies import Body, JsonBody
from casefile_api.web.etags import tag_of
from casefile_api.web.routing import GuardedRoute

LONGEST = timedelta(days=10 * 366)
"""How far working time may be ahead of real time in all."""

router = APIRouter(prefix="/v1/sandbox", route_class=GuardedRoute, tags=["Sandbox"])

_ADVANCE = text("update working_time set ahead_seconds = ahead_seconds + :seconds returning ahead_seconds")
_LOCK = text("select ahead_seconds from working_time for update")
_JOBS_SOONER = text(
    "update procrastinate_jobs set scheduled_at = scheduled_at - make_interval(secs => :seconds)"
    " where status = 'todo' and scheduled_at is not null"
)


class AdvanceClockRequest(Body):
    """Move working time forward."""

    advance: str = Field(pattern=PATTERN, max_length=64, description="An ISO 8601 duration.", examples=["P21D"])


class ClockView(BaseModel):
    """Both times of the sandbox, and how far apart they are."""

    working_time: str
    real_time: str
    ahead_seconds: int


@router.get("/clock", operation_id="get_sandbox_clock", response_model=ClockView, summary="Read the clock")
async def get_sandbox_clock(reading: ReadingNow) -> Response:
    """Read the working time of cases and the real time of tokens and proofs."""
    async with reading:
        ahead = (await reading.session.execute(text("select ahead_seconds from working_time"))).scalar_one()
    return reading.answer(_view(reading.now, ahead), etag=tag_of({"ahead_seconds": ahead}))


@router.post("/clock", operation_id="advance_sandbox_clock", response_model=ClockView, summary="Move the clock")
async def advance_sandbox_clock(
    work: Work, body: Annotated[AdvanceClockRequest, JsonBody(AdvanceClockRequest)]
) -> Response:
    """Move working time forward: deadlines fall due, retries come sooner. It cannot be moved back."""
    async with work:
        await work.first_time()
        ahead = (await work.session.execute(_LOCK)).scalar_one()
        seconds = _seconds(body.advance, work.now, ahead)
        ahead = (await work.session.execute(_ADVANCE, {"seconds": seconds})).scalar_one()
        await work.session.execute(_JOBS_SOONER, {"seconds": seconds})
        work.unannounced()
        work.trail.about("sandbox_clock", None)
        work.trail.details = {"seconds": seconds}
        view = _view(work.now + timedelta(seconds=seconds), ahead)
        return work.answer_change(view, etag=tag_of({"ahead_seconds": ahead}))


def _seconds(advance: str, now: datetime, ahead: int) -> int:
    """How far to move, in whole seconds."""
    try:
        length = read_duration(advance, now)
    except ValueError:
        length = timedelta()
    if not timedelta(seconds=1) <= length <= LONGEST - timedelta(seconds=ahead):
        mend = f"Give a duration above zero that brings working time at most {LONGEST.days} days ahead of real time."
        raise Invalid("The clock cannot be moved so.", Fault("out_of_range", mend, pointer="/advance"))
    return int(length.total_seconds())


def _view(now: datetime, ahead: int) -> dict[str, Any]:
    return {"working_time": utc_text(now), "real_time": utc_text(real_now()), "ahead_seconds": ahead}
