"""The steps that the police take with a request: one route for each."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.early_advice import advising, appeals, drafting, ending
from casefile_api.early_advice.request_representations import RequestView
from casefile_api.early_advice.schemas import (
    AppealRequest,
    ProvideInformationRequest,
    ReopenRequest,
    SubmitRequest,
    WithdrawRequest,
)
from casefile_api.unit_of_work import ConditionalWork
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/early-advice-requests/{request_id}", route_class=GuardedRoute, tags=["early advice"])

RequestId = Annotated[str, Path(description="the request's id")]
_WRONG_STATE = refusals("wrong-state")


@router.post(
    "/submit",
    operation_id="submit_early_advice_request",
    response_model=RequestView,
    responses=refusals("wrong-state", "not-ready"),
)
async def submit(
    request_id: RequestId, work: ConditionalWork, body: Annotated[SubmitRequest, JsonBody(SubmitRequest)]
) -> Response:
    """Endorse the newest version and send the request to the CPS; answers a receipt."""
    async with work:
        return await drafting.submit_request(work, request_id, body)


@router.post(
    "/appeal",
    operation_id="appeal_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def appeal(
    request_id: RequestId, work: ConditionalWork, body: Annotated[AppealRequest, JsonBody(AppealRequest)]
) -> Response:
    """Appeal against a refusal, once."""
    async with work:
        return await appeals.appeal_request(work, request_id, body)


@router.post(
    "/provide-information",
    operation_id="provide_information_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def answer_prosecutor(
    request_id: RequestId,
    work: ConditionalWork,
    body: Annotated[ProvideInformationRequest, JsonBody(ProvideInformationRequest)],
) -> Response:
    """Answer the prosecutor, with a newer version where a supervisor endorses one."""
    async with work:
        return await advising.provide_information(work, request_id, body)


@router.post(
    "/withdraw",
    operation_id="withdraw_early_advice_request",
    response_model=RequestView,
    responses=_WRONG_STATE,
)
async def withdraw(
    request_id: RequestId, work: ConditionalWork, body: Annotated[WithdrawRequest, JsonBody(WithdrawRequest)]
) -> Response:
    """Withdraw the request."""
    async with work:
        return await ending.withdraw_request(work, request_id, body)


@router.post(
    "/reopen",
    operation_id="reopen_early_advice_request",
    response_model=RequestView,
    responses=refusals("wrong-state", "already-exists"),
)
async def reopen(
    request_id: RequestId, work: ConditionalWork, body: Annotated[ReopenRequest, JsonBody(ReopenRequest)]
) -> Response:
    """Take up a finalised request with a newer version."""
    async with work:
        return await ending.reopen_request(work, request_id, body)
