"""The calls on escalations of a request: raised by one side, answered by the other."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.early_advice import escalations
from casefile_api.early_advice.following_representations import EscalationList, EscalationView
from casefile_api.early_advice.schemas import AnswerEscalation, RaiseEscalation
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(
    prefix="/v1/early-advice-requests/{request_id}/escalations", route_class=GuardedRoute, tags=["early advice"]
)
RequestId = Annotated[str, Path(description="the request's id")]


@router.get("", operation_id="list_escalations", response_model=EscalationList)
async def list_all(request_id: RequestId, reading: ReadingNow) -> Response:
    """List the escalations of a request, oldest first."""
    async with reading:
        items = await escalations.list_escalations(reading, request_id)
    return reading.answer({"items": items})


@router.post(
    "",
    operation_id="raise_escalation",
    status_code=201,
    response_model=EscalationView,
    responses=refusals("wrong-state", "already-exists"),
)
async def raise_one(
    request_id: RequestId, work: Work, body: Annotated[RaiseEscalation, JsonBody(RaiseEscalation)]
) -> Response:
    """Take a disagreement up the ladder."""
    async with work:
        return await escalations.raise_escalation(work, request_id, body)


@router.post(
    "/{escalation_id}/answer",
    operation_id="answer_escalation",
    response_model=EscalationView,
    responses=refusals("wrong-state"),
)
async def answer(
    request_id: RequestId,
    escalation_id: Annotated[str, Path(description="the escalation's id")],
    work: ConditionalWork,
    body: Annotated[AnswerEscalation, JsonBody(AnswerEscalation)],
) -> Response:
    """Answer at the level that it was raised at."""
    async with work:
        return await escalations.answer_escalation(work, request_id, escalation_id, body)
