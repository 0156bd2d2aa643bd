"""The call that retracts a version."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from casefile_api.case_files import commands
from casefile_api.case_files.retracting import RetractionCode, retract_version
from casefile_api.case_files.schemas import CaseFileRepresentation
from casefile_api.unit_of_work import ConditionalWork
from casefile_api.web.bodies import Body, JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files", route_class=GuardedRoute, tags=["case files"])


class RetractVersion(Body):
    """Retract a version that was shared in error."""

    code: RetractionCode = Field(description="why, as those who were given the version are told")
    reason: str = Field(min_length=1, max_length=2_000, description="why, in words for the force alone")


@router.post(
    "/{case_file_id}/versions/{number}/retract",
    operation_id="retract_version",
    response_model=CaseFileRepresentation,
    responses=refusals("wrong-state"),
)
async def retract(
    work: ConditionalWork,
    case_file_id: Annotated[str, Path(description="the case file's id")],
    number: Annotated[int, Path(ge=1, le=2_147_483_647, description="the version's number")],
    body: Annotated[RetractVersion, JsonBody(RetractVersion)],
) -> Response:
    """Mark a shared version as retracted: those who were given it are told, and see its content no more."""
    async with work:
        held = await commands.find_for_change(work, case_file_id)
        view = await retract_version(work, held, number, body.code, body.reason)
        return work.answer_change(view.body(), etag=view.tag)
