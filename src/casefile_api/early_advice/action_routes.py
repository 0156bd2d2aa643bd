"""The calls on the action plan, the drafts of advice and the messages of a request: one route for each step."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from casefile_api.early_advice import action_steps, advice_drafts, messages, reading_marks
from casefile_api.early_advice.action_representations import ActionPage, ActionView
from casefile_api.early_advice.action_schemas import (
    AnswerDispute,
    CancelAction,
    DecideExtension,
    DisputeAction,
    RejectAction,
    RequestExtension,
    ReturnAction,
    SatisfyAction,
    StartAction,
)
from casefile_api.early_advice.following_representations import (
    AdviceDraftPage,
    AdviceDraftView,
    MessagePage,
    MessageView,
    ReadMark,
)
from casefile_api.early_advice.queries import find_action, find_request, list_actions
from casefile_api.early_advice.schemas import MarkRead, SaveAdviceDraft, SendMessageRequest, SetActionRequest
from casefile_api.early_advice.stories import action_items, action_tag, action_view
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/early-advice-requests/{request_id}", route_class=GuardedRoute, tags=["early advice"])

RequestId = Annotated[str, Path(description="the request's id")]
ActionId = Annotated[str, Path(description="the action's id")]
_ONE = "/actions/{action_id}"
_WRONG_STATE = refusals("wrong-state")


@router.get("/actions", operation_id="list_actions", response_model=ActionPage)
async def list_plan(request_id: RequestId, reading: ReadingNow, page: AskedPage) -> Response:
    """List the actions of a request in the order in which they were set."""
    async with reading:
        found = await find_request(reading, request_id)
        seen = page.after(int)
        after = seen[0] if seen else 0
        rows = await list_actions(reading.session, found.request.id, after=after, limit=page.limit + 1)
        if found.last_seen is not None:
            # Actions come with advice, and who lost sight of the request lost it before.
            rows = []
        items = await action_items(reading, found.request, rows[: page.limit])
    body, headers = page.body(items, (rows[page.limit - 1].number,) if len(rows) > page.limit else None)
    return reading.answer(body, headers=headers)


@router.post("/actions", operation_id="set_action", status_code=201, response_model=ActionView, responses=_WRONG_STATE)
async def set_action(
    request_id: RequestId, work: Work, body: Annotated[SetActionRequest, JsonBody(SetActionRequest)]
) -> Response:
    """Set one more action while the plan is open."""
    async with work:
        return await action_steps.add_action(work, request_id, body)


@router.get(_ONE, operation_id="get_action", response_model=ActionView)
async def get_one(request_id: RequestId, action_id: ActionId, reading: ReadingNow) -> Response:
    """Return an action with its clocks and its history."""
    async with reading:
        found = await find_request(reading, request_id)
        action = await find_action(reading, found, action_id)
        view = await action_view(reading, found.request, action)
    return reading.answer(view, etag=action_tag(reading.caller, action))


@router.post(_ONE + "/start", operation_id="start_action", response_model=ActionView, responses=_WRONG_STATE)
async def start(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[StartAction, JsonBody(StartAction, optional=True)],
) -> Response:
    """Begin work on an action."""
    async with work:
        return await action_steps.start_action(work, request_id, action_id, body)


@router.post(_ONE + "/return", operation_id="return_action", response_model=ActionView, responses=_WRONG_STATE)
async def return_action(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[ReturnAction, JsonBody(ReturnAction)],
) -> Response:
    """Answer an action with material."""
    async with work:
        return await action_steps.return_action(work, request_id, action_id, body)


@router.post(_ONE + "/satisfy", operation_id="satisfy_action", response_model=ActionView, responses=_WRONG_STATE)
async def satisfy(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[SatisfyAction, JsonBody(SatisfyAction, optional=True)],
) -> Response:
    """Settle an action as done."""
    async with work:
        return await action_steps.satisfy_action(work, request_id, action_id, body)


@router.post(_ONE + "/reject", operation_id="reject_action", response_model=ActionView, responses=_WRONG_STATE)
async def reject(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[RejectAction, JsonBody(RejectAction)],
) -> Response:
    """Send an answer back as insufficient."""
    async with work:
        return await action_steps.reject_action(work, request_id, action_id, body)


@router.post(_ONE + "/cancel", operation_id="cancel_action", response_model=ActionView, responses=_WRONG_STATE)
async def cancel(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[CancelAction, JsonBody(CancelAction)],
) -> Response:
    """Cancel an action."""
    async with work:
        return await action_steps.cancel_action(work, request_id, action_id, body)


@router.post(_ONE + "/dispute", operation_id="dispute_action", response_model=ActionView, responses=_WRONG_STATE)
async def dispute(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[DisputeAction, JsonBody(DisputeAction)],
) -> Response:
    """Dispute that an action is reasonable."""
    async with work:
        return await action_steps.dispute_action(work, request_id, action_id, body)


@router.post(
    _ONE + "/answer-dispute",
    operation_id="answer_action_dispute",
    response_model=ActionView,
    responses=_WRONG_STATE,
)
async def answer_dispute(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[AnswerDispute, JsonBody(AnswerDispute)],
) -> Response:
    """Withdraw a disputed action, or confirm it."""
    async with work:
        return await action_steps.answer_dispute(work, request_id, action_id, body)


@router.post(
    _ONE + "/request-extension",
    operation_id="request_action_extension",
    response_model=ActionView,
    responses=_WRONG_STATE,
)
async def request_extension(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[RequestExtension, JsonBody(RequestExtension)],
) -> Response:
    """Ask for more time."""
    async with work:
        return await action_steps.request_extension(work, request_id, action_id, body)


@router.post(
    _ONE + "/decide-extension",
    operation_id="decide_action_extension",
    response_model=ActionView,
    responses=_WRONG_STATE,
)
async def decide_extension(
    request_id: RequestId,
    action_id: ActionId,
    work: ConditionalWork,
    body: Annotated[DecideExtension, JsonBody(DecideExtension)],
) -> Response:
    """Decide on more time; the old date is kept."""
    async with work:
        return await action_steps.decide_extension(work, request_id, action_id, body)


@router.get("/messages", operation_id="list_messages", response_model=MessagePage)
async def list_thread(request_id: RequestId, reading: ReadingNow, page: AskedPage) -> Response:
    """List the messages of a request, oldest first."""
    async with reading:
        items, last = await messages.list_messages(reading, request_id, page)
    body, headers = page.body(items, (last,) if last is not None else None)
    return reading.answer(body, headers=headers)


@router.post(
    "/messages", operation_id="send_message", status_code=201, response_model=MessageView, responses=_WRONG_STATE
)
async def send(
    request_id: RequestId, work: Work, body: Annotated[SendMessageRequest, JsonBody(SendMessageRequest)]
) -> Response:
    """Send a message to the other side."""
    async with work:
        return await messages.send_message(work, request_id, body)


@router.post("/messages/read", operation_id="mark_messages_read", response_model=ReadMark)
async def mark_read(request_id: RequestId, work: Work, body: Annotated[MarkRead, JsonBody(MarkRead)]) -> Response:
    """Say that the messages up to one of them were read."""
    async with work:
        return await reading_marks.mark_read(work, request_id, body)


@router.get("/advice-drafts", operation_id="list_advice_drafts", response_model=AdviceDraftPage)
async def list_drafts(request_id: RequestId, reading: ReadingNow, page: AskedPage) -> Response:
    """List what was saved of advice that is written, oldest first; there for the CPS unit alone."""
    async with reading:
        items, last = await advice_drafts.list_drafts(reading, request_id, page)
    body, headers = page.body(items, (last,) if last is not None else None)
    return reading.answer(body, headers=headers)


@router.post(
    "/advice-drafts",
    operation_id="save_advice_draft",
    status_code=201,
    response_model=AdviceDraftView,
    responses=_WRONG_STATE,
)
async def save_draft(
    request_id: RequestId, work: Work, body: Annotated[SaveAdviceDraft, JsonBody(SaveAdviceDraft)]
) -> Response:
    """Save advice that is not finished, as the next version of its draft."""
    async with work:
        return await advice_drafts.save_draft(work, request_id, body)
