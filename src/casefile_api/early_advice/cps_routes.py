"""The steps that the CPS takes with a request: one route for each."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.early_advice import advising, appeals, ending, response_dates, triage
from casefile_api.early_advice.request_representations import RequestView
from casefile_api.early_advice.schemas import (
    AcceptRequest,
    AdviseRequest,
    AllocateRequest,
    ApproveRequest,
    CompleteRequest,
    DecideAppealRequest,
    FinaliseRequest,
    MoveResponseDate,
    RefuseRequest,
    RequestInformationRequest,
    ReturnRequest,
    TransferRequest,
)
from casefile_api.unit_of_work import ConditionalWork
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/early-advice-requests/{request_id}", route_class=GuardedRoute, tags=["early advice"])

RequestId = Annotated[str, Path(description="the request's id")]
_WRONG_STATE = refusals("wrong-state")


@router.post(
    "/accept",
    operation_id="accept_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def accept(
    request_id: RequestId, work: ConditionalWork, body: Annotated[AcceptRequest, JsonBody(AcceptRequest)]
) -> Response:
    """Let the request through triage."""
    async with work:
        return await triage.accept_request(work, request_id, body)


@router.post(
    "/return",
    operation_id="return_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def return_to_police(
    request_id: RequestId, work: ConditionalWork, body: Annotated[ReturnRequest, JsonBody(ReturnRequest)]
) -> Response:
    """Return the request to the police with coded reasons and a date."""
    async with work:
        return await triage.return_request(work, request_id, body)


@router.post(
    "/approve",
    operation_id="approve_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def approve(
    request_id: RequestId,
    work: ConditionalWork,
    body: Annotated[ApproveRequest, JsonBody(ApproveRequest, optional=True)],
) -> Response:
    """Let the request through the second gate."""
    async with work:
        return await triage.approve_request(work, request_id, body)


@router.post(
    "/refuse",
    operation_id="refuse_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def refuse(
    request_id: RequestId, work: ConditionalWork, body: Annotated[RefuseRequest, JsonBody(RefuseRequest)]
) -> Response:
    """Refuse early advice, with reasons."""
    async with work:
        return await triage.refuse_request(work, request_id, body)


@router.post(
    "/uphold",
    operation_id="uphold_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def uphold(
    request_id: RequestId, work: ConditionalWork, body: Annotated[DecideAppealRequest, JsonBody(DecideAppealRequest)]
) -> Response:
    """Let the refusal stand."""
    async with work:
        return await appeals.uphold_request(work, request_id, body)


@router.post(
    "/overturn",
    operation_id="overturn_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def overturn(
    request_id: RequestId, work: ConditionalWork, body: Annotated[DecideAppealRequest, JsonBody(DecideAppealRequest)]
) -> Response:
    """Set the refusal aside."""
    async with work:
        return await appeals.overturn_request(work, request_id, body)


@router.post(
    "/allocate",
    operation_id="allocate_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def allocate(
    request_id: RequestId, work: ConditionalWork, body: Annotated[AllocateRequest, JsonBody(AllocateRequest)]
) -> Response:
    """Give the request to a prosecutor of the unit."""
    async with work:
        return await triage.allocate_request(work, request_id, body)


@router.post(
    "/request-information",
    operation_id="request_information_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def ask_police(
    request_id: RequestId,
    work: ConditionalWork,
    body: Annotated[RequestInformationRequest, JsonBody(RequestInformationRequest)],
) -> Response:
    """Ask the police, who answer by a date."""
    async with work:
        return await advising.request_information(work, request_id, body)


@router.post(
    "/advise",
    operation_id="advise_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def advise(
    request_id: RequestId, work: ConditionalWork, body: Annotated[AdviseRequest, JsonBody(AdviseRequest)]
) -> Response:
    """Give advice by topic, and set actions."""
    async with work:
        return await advising.advise_request(work, request_id, body)


@router.post(
    "/complete",
    operation_id="complete_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def complete(
    request_id: RequestId,
    work: ConditionalWork,
    body: Annotated[CompleteRequest, JsonBody(CompleteRequest, optional=True)],
) -> Response:
    """Complete the request, every action being settled."""
    async with work:
        return await advising.complete_request(work, request_id, body)


@router.post(
    "/transfer",
    operation_id="transfer_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def transfer(
    request_id: RequestId, work: ConditionalWork, body: Annotated[TransferRequest, JsonBody(TransferRequest)]
) -> Response:
    """Send the request on to another unit."""
    async with work:
        return await triage.transfer_request(work, request_id, body)


@router.post(
    "/finalise",
    operation_id="finalise_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def finalise(
    request_id: RequestId, work: ConditionalWork, body: Annotated[FinaliseRequest, JsonBody(FinaliseRequest)]
) -> Response:
    """Finalise administratively what was left unanswered past its date."""
    async with work:
        return await ending.finalise_request(work, request_id, body)


@router.post(
    "/move-response-date",
    operation_id="move_response_date",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def move_date(
    request_id: RequestId, work: ConditionalWork, body: Annotated[MoveResponseDate, JsonBody(MoveResponseDate)]
) -> Response:
    """Give the police another date to answer by; the old one is kept."""
    async with work:
        return await response_dates.move_response_date(work, request_id, body)
