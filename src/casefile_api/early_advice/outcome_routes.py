"""The calls on what became of the suspects of a request: told by the police, read by both sides."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.early_advice import outcomes
from casefile_api.early_advice.following_representations import OutcomeList, OutcomeView
from casefile_api.early_advice.schemas import RecordOutcome
from casefile_api.unit_of_work import ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(
    prefix="/v1/early-advice-requests/{request_id}/outcomes", route_class=GuardedRoute, tags=["early advice"]
)
RequestId = Annotated[str, Path(description="the request's id")]


@router.get("", operation_id="list_outcomes", response_model=OutcomeList)
async def list_all(request_id: RequestId, reading: ReadingNow) -> Response:
    """List what became of the suspects of a request, as it was told, oldest first."""
    async with reading:
        items = await outcomes.list_outcomes(reading, request_id)
    return reading.answer({"items": items})


@router.post(
    "",
    operation_id="record_outcome",
    status_code=201,
    response_model=OutcomeView,
    responses=refusals("wrong-state"),
)
async def record_one(
    request_id: RequestId, work: Work, body: Annotated[RecordOutcome, JsonBody(RecordOutcome)]
) -> Response:
    """Record what became of a suspect; every request that was submitted for them is told."""
    async with work:
        return await outcomes.record_outcome(work, request_id, body)
