"""The calls on requests for early advice: opening, the queue, the story, readiness. Steps have routes of their own."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from casefile_api.early_advice import drafting, editing, not_sought
from casefile_api.early_advice.advice_document import MEDIA_TYPE as PDF
from casefile_api.early_advice.advice_document import advice_document
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.following_representations import NotSoughtPage, NotSoughtView
from casefile_api.early_advice.list_counts import count_lists
from casefile_api.early_advice.queries import find_request
from casefile_api.early_advice.request_queue import Queue, list_queue
from casefile_api.early_advice.request_representations import QueueCounts, QueuePage, RequestReadiness, RequestView
from casefile_api.early_advice.schemas import CreateRequest, EditRequest, RecordNotSought
from casefile_api.early_advice.stories import queue_items, request_tag, request_view
from casefile_api.early_advice.work_lists import WorkList
from casefile_api.early_advice.workflow import State
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import MERGE_PATCH, JsonBody, PatchBody
from casefile_api.web.documenting import refusals
from casefile_api.web.moments import AskedDay, AskedMoment
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute
from casefile_api.web.strict_json import merge_patch_nulls

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["early advice"])

RequestId = Annotated[str, Path(description="the request's id")]
CaseFileId = Annotated[str, Path(description="the case file's id")]
_ONE = "/early-advice-requests/{request_id}"


@router.post(
    "/case-files/{case_file_id}/early-advice-requests",
    operation_id="create_early_advice_request",
    status_code=201,
    response_model=RequestView,
    responses=refusals("already-exists", "wrong-state"),
)
async def create(
    case_file_id: CaseFileId, work: Work, body: Annotated[CreateRequest, JsonBody(CreateRequest)]
) -> Response:
    """Open a draft for a set of suspects."""
    async with work:
        return await drafting.create_request(work, case_file_id, body)


@router.post(
    "/case-files/{case_file_id}/early-advice-not-sought",
    operation_id="record_early_advice_not_sought",
    status_code=201,
    response_model=NotSoughtView,
    responses=refusals("wrong-state"),
)
async def record_not_sought(
    case_file_id: CaseFileId, work: Work, body: Annotated[RecordNotSought, JsonBody(RecordNotSought)]
) -> Response:
    """Record why early advice is not sought for these suspects."""
    async with work:
        return await not_sought.record_not_sought(work, case_file_id, body)


@router.get(
    "/case-files/{case_file_id}/early-advice-not-sought",
    operation_id="list_early_advice_not_sought",
    response_model=NotSoughtPage,
)
async def list_not_sought(case_file_id: CaseFileId, reading: ReadingNow, page: AskedPage) -> Response:
    """List what was recorded of advice that was not sought, oldest first."""
    async with reading:
        items, place = await not_sought.list_not_sought(reading, case_file_id, page)
    body, headers = page.body(items, place)
    return reading.answer(body, headers=headers)


@router.get("/early-advice-requests", operation_id="list_early_advice_requests", response_model=QueuePage)
async def list_all(
    reading: ReadingNow,
    page: AskedPage,
    unit: Annotated[str | None, Query(max_length=64, description="the CPS unit, or the police unit")] = None,
    state: Annotated[State | None, Query(description="where the requests are")] = None,
    holder: Annotated[Side | None, Query(alias="with", description="who is to act")] = None,
    due_before: Annotated[
        AskedDay | AskedMoment | None, Query(description="the next deadline falls before this day, or moment")
    ] = None,
    assigned_to: Annotated[str | None, Query(max_length=100, description="the prosecutor's staff id")] = None,
    case_file_id: Annotated[str | None, Query(max_length=64, description="the case file's id")] = None,
    queue: Annotated[WorkList | None, Query(description="one of your lists of open requests")] = None,
    sort: Annotated[
        Literal["due_at"] | None, Query(description="those that are open, the soonest deadline first, without one last")
    ] = None,
) -> Response:
    """List the requests that the caller sees, newest change first, or by deadline."""
    asked = Queue(
        unit, state, holder, due_before, assigned_to, case_file_id, work_list=queue, by_deadline=sort is not None
    )
    async with reading:
        rows = await list_queue(reading, asked, page)
        reading.trail.details = {"query": {**reading.trail.query, **asked.as_asked()}}
        reading.trail.showed(row.request.case_file_id for row in rows[: page.limit])
        for row in rows[: page.limit]:
            reading.trail.seen_through(row.broken_glass)
        owners = {row.request.organisation for row in rows[: page.limit]}
        reading.trail.about_those_of(owners, reader=reading.caller.organisation)
        items = await queue_items(reading, rows[: page.limit])
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    body, headers = page.body(items, last.keys(by_deadline=asked.by_deadline) if last else None)
    return reading.answer(body, headers=headers)


@router.get("/early-advice-queues", operation_id="count_early_advice_queues", response_model=QueueCounts)
async def count_queues(reading: ReadingNow) -> Response:
    """Count what is on each of the caller's lists of open requests, each with where it is."""
    async with reading:
        counts = await count_lists(reading)
    return reading.answer(counts)


@router.patch(
    _ONE,
    operation_id="patch_early_advice_request",
    response_model=RequestView,
    responses=refusals("wrong-state", "already-exists"),
)
async def edit(
    request_id: RequestId,
    work: ConditionalWork,
    body: Annotated[EditRequest, PatchBody({MERGE_PATCH: EditRequest}, {MERGE_PATCH: merge_patch_nulls})],
) -> Response:
    """Edit a draft; of a returned request the words, which the CPS sees when it is submitted again."""
    async with work:
        return await editing.edit_request(work, request_id, body)


@router.get(_ONE, operation_id="get_early_advice_request", response_model=RequestView)
async def get_one(request_id: RequestId, reading: ReadingNow) -> Response:
    """Return the whole story of a request, with its clocks and the steps open to the caller."""
    async with reading:
        found = await find_request(reading, request_id)
        view = await request_view(reading, found)
        tag = request_tag(reading.caller, found.request, found.case.police_unit, view["prosecutor"])
    return reading.answer(view, etag=tag)


@router.get(_ONE + "/readiness", operation_id="get_early_advice_readiness", response_model=RequestReadiness)
async def get_readiness(request_id: RequestId, reading: ReadingNow) -> Response:
    """Judge the newest version and the request together: what `submit` checks."""
    async with reading:
        found = await find_request(reading, request_id)
        judgement = await drafting.judge(reading, found, found.case.newest_number)
    return reading.answer(judgement.verdict.as_body())


@router.get(
    _ONE + "/advice.pdf",
    operation_id="get_advice_document",
    response_class=Response,
    responses={
        200: {"description": "The advice as PDF", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def get_document(request_id: RequestId, reading: ReadingNow) -> Response:
    """Return the advice as a document for the file: privileged, marked so on every page, and logged as a disclosure."""
    async with reading:
        return await advice_document(reading, request_id)
