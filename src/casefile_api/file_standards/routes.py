"""Is a file good enough for what it is sent for: a version held against a standard, and a content before it is sent."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files import queries, views
from casefile_api.case_files.content.clocks import legal_dates
from casefile_api.clock import LONDON
from casefile_api.file_standards.checking import check_unstored
from casefile_api.file_standards.keeping import rules_in_force
from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.schemas import CheckContent, CheckView, DatedReadinessView
from casefile_api.file_standards.standards import StandardName
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.exchange import exchange_of
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files", route_class=GuardedRoute, tags=["case files"])


@router.get(
    "/{case_file_id}/versions/{number}/readiness",
    operation_id="get_readiness",
    response_model=DatedReadinessView,
    responses=refusals("gone"),
)
async def get_readiness(
    reading: ReadingNow,
    case_file_id: Annotated[str, Path(description="the case file's id")],
    number: Annotated[int, Path(ge=1, le=2_147_483_647, description="the version's number")],
    standard: Annotated[StandardName, Query(description="what the file is being sent for")],
) -> Response:
    """Hold a version against a file standard: what is met, what is missing and how to mend it."""
    today = reading.now.astimezone(LONDON).date()
    async with reading:
        case = await queries.find_visible(reading, case_file_id)
        asked = await queries.number_asked(reading, case, version=number)
        view = await views.view_case_file(reading, case, asked)
        rules = await rules_in_force(reading.session, case.organisation, today)
    content = orjson.loads(view.content)
    verdict = evaluate(standard, content, envelope=view.envelope, request=None, on=today, rules=rules)
    reading.trail.details = {"rule_set": verdict.rule_set, "ready": verdict.ready}
    retracted = view.envelope["version"]["retraction"] is not None
    return reading.answer({**verdict.as_body(), "dates": legal_dates(content, today), "retracted": retracted})


@router.post("/check", operation_id="check_content", response_model=CheckView)
async def check_content(
    reading: ReadingNow, request: Request, body: Annotated[CheckContent, JsonBody(CheckContent)]
) -> Response:
    """Check a content before it is sent: errors, warnings and what is missing for its purpose. Nothing is kept."""
    today = reading.now.astimezone(LONDON).date()
    async with reading:
        force = reading.caller.organisation if reading.caller.kind is OrganisationKind.POLICE else ""
        rules = await rules_in_force(reading.session, force, today)
    told = check_unstored(exchange_of(request).value, [name.value for name in body.standards], rules, today)
    reading.trail.details = {"standards": [name.value for name in body.standards], "errors": len(told["errors"])}
    return reading.answer(told)
