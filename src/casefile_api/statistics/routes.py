"""The call on the figures of early advice."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from casefile_api.clock import LONDON
from casefile_api.errors import Fault, Invalid
from casefile_api.statistics.queries import early_advice_figures
from casefile_api.statistics.schemas import EarlyAdviceStatistics, GroupBy
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.moments import AskedDay
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/statistics", route_class=GuardedRoute, tags=["statistics"])

YEAR = timedelta(days=365)


@router.get("/early-advice", operation_id="get_early_advice_statistics", response_model=EarlyAdviceStatistics)
async def get_early_advice(
    reading: ReadingNow,
    first: Annotated[AskedDay | None, Query(alias="from", description="first day; else a year before `to`")] = None,
    last: Annotated[AskedDay | None, Query(alias="to", description="last day; else today")] = None,
    group_by: Annotated[GroupBy | None, Query(description="one group for all where left out")] = None,
) -> Response:
    """Return the figures of the requests submitted in a period, with what each figure means."""
    async with reading:
        until = last or reading.now.astimezone(LONDON).date()
        since = first or max(until, date.min + YEAR) - YEAR
        if since > until:
            fault = Fault("after_end", "Give a first day that is not after the last.", parameter="from")
            raise Invalid("The period ends before it begins.", fault)
        if until == date.max:
            raise Invalid("The period does not end.", Fault("too_late", "Give an earlier last day.", parameter="to"))
        asked = {"from": since.isoformat(), "to": until.isoformat(), "group_by": group_by.value if group_by else None}
        reading.trail.details = {"query": asked}
        figures = await early_advice_figures(reading, since, until, group_by)
    return reading.answer(figures.model_dump(mode="json", by_alias=True))
