"""The call on the figures of early advice."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from casefile_api.access.caller import OrganisationKind
from casefile_api.clock import LONDON
from casefile_api.errors import Fault, Invalid
from casefile_api.statistics.queries import early_advice_figures
from casefile_api.statistics.schemas import EarlyAdviceStatistics, GroupBy
from casefile_api.statistics.tables import csv_of
from casefile_api.unit_of_work import Reading, ReadingNow
from casefile_api.web.media_types import most_wanted
from casefile_api.web.moments import AskedDay
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/statistics", route_class=GuardedRoute, tags=["statistics"])

YEAR = timedelta(days=365)
CSV = "text/csv"
_FORMS = {"text/csv": CSV, "application/json": "application/json", "text/*": CSV, "*/*": "application/json"}
_BY_ACCEPT = {"Vary": "Authorization, Accept"}


@router.get(
    "/early-advice",
    operation_id="get_early_advice_statistics",
    response_model=EarlyAdviceStatistics,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The figures"}},
)
async def get_early_advice(
    reading: ReadingNow,
    request: Request,
    first: Annotated[AskedDay | None, Query(alias="from", description="first day; else a year before `to`")] = None,
    last: Annotated[AskedDay | None, Query(alias="to", description="last day; else today")] = None,
    group_by: Annotated[GroupBy | None, Query(description="one group for all where left out")] = None,
    unit: Annotated[str | None, Query(description="of one CPS unit alone", max_length=100)] = None,
) -> Response:
    """Return the figures of the requests submitted in a period, with what each figure means; CSV where accepted."""
    async with reading:
        since, until = _period(reading, first, last)
        asked = {"from": since.isoformat(), "to": until.isoformat(), "group_by": group_by.value if group_by else None}
        reading.trail.details = {"query": {**asked, **({"unit": unit} if unit else {})}}
        figures = await early_advice_figures(reading, since, until, group_by, unit)
    told = figures.model_dump(mode="json", by_alias=True)
    if most_wanted(request.headers.get("accept"), _FORMS) == CSV:
        return Response(csv_of(told), headers=_BY_ACCEPT, media_type="text/csv; charset=utf-8")
    return reading.answer(told, headers=_BY_ACCEPT)


def _period(reading: Reading, first: date | None, last: date | None) -> tuple[date, date]:
    """Return the days asked for, in whole months for oversight: the difference of two periods is no small number then.

    Raises Invalid.
    """
    until = last or reading.now.astimezone(LONDON).date()
    since = first or max(until, date.min + YEAR) - YEAR
    if since > until:
        fault = Fault("after_end", "Give a first day that is not after the last.", parameter="from")
        raise Invalid("The period ends before it begins.", fault)
    if until >= date.max.replace(month=1, day=1):
        raise Invalid("The period does not end.", Fault("too_late", "Give an earlier last day.", parameter="to"))
    if reading.caller.kind is OrganisationKind.OVERSIGHT:
        after = (until.replace(day=1) + timedelta(days=32)).replace(day=1)
        return since.replace(day=1), after - timedelta(days=1)
    return since, until
