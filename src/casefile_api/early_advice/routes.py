"""The calls on requests for early advice: opening, the queue, the story, readiness, and one route for each step."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from casefile_api.early_advice import advising, appeals, drafting, ending, triage
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.queries import Queue, find_request, list_queue
from casefile_api.early_advice.representations import QueuePage, RequestReadiness, RequestView
from casefile_api.early_advice.schemas import (
    AcceptRequest,
    AdviseRequest,
    AllocateRequest,
    AppealRequest,
    ApproveRequest,
    CompleteRequest,
    CreateRequest,
    DecideAppealRequest,
    FinaliseRequest,
    ProvideInformationRequest,
    RefuseRequest,
    ReopenRequest,
    RequestInformationRequest,
    ReturnRequest,
    SubmitRequest,
    TransferRequest,
    WithdrawRequest,
)
from casefile_api.early_advice.stories import queue_items, request_tag, request_view
from casefile_api.early_advice.workflow import State
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["early advice"])

RequestId = Annotated[str, Path(description="the request's id")]
CaseFileId = Annotated[str, Path(description="the case file's id")]
_ONE = "/early-advice-requests/{request_id}"
_WRONG_STATE = refusals("wrong-state")


@router.post(
    "/case-files/{case_file_id}/early-advice-requests",
    operation_id="create_early_advice_request",
    status_code=201,
    response_model=RequestView,
    responses=refusals("already-exists"),
)
async def create(
    case_file_id: CaseFileId, work: Work, body: Annotated[CreateRequest, JsonBody(CreateRequest)]
) -> Response:
    """Open a draft for a set of suspects."""
    async with work:
        return await drafting.create_request(work, case_file_id, body)


@router.get("/early-advice-requests", operation_id="list_early_advice_requests", response_model=QueuePage)
async def list_all(
    reading: ReadingNow,
    page: AskedPage,
    unit: Annotated[str | None, Query(max_length=64, description="the CPS unit, or the police unit")] = None,
    state: Annotated[State | None, Query(description="where the requests are")] = None,
    holder: Annotated[Side | None, Query(alias="with", description="who is to act")] = None,
    due_before: Annotated[
        date | AwareDatetime | None, Query(description="the next deadline falls before this day, or moment")
    ] = None,
    assigned_to: Annotated[str | None, Query(max_length=100, description="the prosecutor's staff id")] = None,
    case_file_id: Annotated[str | None, Query(max_length=64, description="the case file's id")] = None,
) -> Response:
    """List the requests that the caller sees, newest change first."""
    queue = Queue(unit, state, holder, due_before, assigned_to, case_file_id)
    async with reading:
        rows = await list_queue(reading, queue, page)
        shown = sorted({str(request.case_file_id) for request, _ in rows[: page.limit]})
        reading.trail.details = {"query": queue.as_asked(), "case_file_ids": shown}
        items = await queue_items(reading, rows[: page.limit])
    last = rows[page.limit - 1][0] if len(rows) > page.limit else None
    body, headers = page.body(items, (last.updated_at, last.id) if last else None)
    return reading.answer(body, headers=headers)


@router.get(_ONE, operation_id="get_early_advice_request", response_model=RequestView)
async def get_one(request_id: RequestId, reading: ReadingNow) -> Response:
    """Return the whole story of a request, with its clocks and the steps open to the caller."""
    async with reading:
        found = await find_request(reading, request_id)
        view = await request_view(reading, found)
        tag = request_tag(reading.caller, found.request, found.case.police_unit)
    return reading.answer(view, etag=tag)


@router.get(_ONE + "/readiness", operation_id="get_early_advice_readiness", response_model=RequestReadiness)
async def get_readiness(request_id: RequestId, reading: ReadingNow) -> Response:
    """Judge the newest version and the request together: what `submit` checks."""
    async with reading:
        found = await find_request(reading, request_id)
        verdict = await drafting.judge(reading, found, found.case.newest_number)
    return reading.answer(verdict.as_body())


@router.post(
    _ONE + "/submit",
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
    _ONE + "/accept",
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
    _ONE + "/return",
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
    _ONE + "/approve",
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
    _ONE + "/refuse",
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
    _ONE + "/appeal",
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
    _ONE + "/uphold",
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
    _ONE + "/overturn",
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
    _ONE + "/allocate",
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
    _ONE + "/request-information",
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
    _ONE + "/provide-information",
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
    _ONE + "/advise",
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
    _ONE + "/complete",
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
    _ONE + "/transfer",
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
    _ONE + "/withdraw",
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
    _ONE + "/finalise",
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
    _ONE + "/reopen",
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
