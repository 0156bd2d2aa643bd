"""The call that holds a version against a file standard."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response

from casefile_api.case_files import queries, views
from casefile_api.clock import LONDON
from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.schemas import ReadinessView
from casefile_api.file_standards.standards import StandardName
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files", route_class=GuardedRoute, tags=["case files"])


@router.get("/{case_file_id}/versions/{number}/readiness", operation_id="get_readiness", response_model=ReadinessView)
async def get_readiness(
    reading: ReadingNow,
    case_file_id: Annotated[str, Path(description="the case file's id")],
    number: Annotated[int, Path(ge=1, le=2_147_483_647, description="the version's number")],
    standard: Annotated[StandardName, Query(description="what the file is being sent for")],
) -> Response:
    """Hold a version against a file standard: what is met, what is missing and how to mend it."""
    async with reading:
        case = await queries.find_visible(reading, case_file_id)
        asked = await queries.number_asked(reading, case, version=number)
        view = await views.view_case_file(reading, case, asked)
    today = reading.now.astimezone(LONDON).date()
    content = orjson.loads(view.content)
    return reading.answer(evaluate(standard, content, envelope=view.envelope, request=None, on=today).as_body())
