"""The calls on restrictions, conflicts of interest, break-glass, and the history of corrections."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from casefile_api.case_files import breaking_glass, declaring, histories, restricting
from casefile_api.case_files.queries import CaseFileRow, find_visible
from casefile_api.case_files.restriction_schemas import (
    BreakGlass,
    BreakGlassList,
    BreakGlassView,
    ChangeRestriction,
    ConflictList,
    ConflictView,
    CorrectionList,
    DeclareConflict,
    LiftRestriction,
    RestrictCaseFile,
    RestrictionHistory,
    RestrictionView,
    WithdrawConflict,
)
from casefile_api.unit_of_work import ConditionalWork, Reading, ReadingNow, UnitOfWork, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage, Page
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files/{case_file_id}", route_class=GuardedRoute, tags=["restricted case files"])

CaseFileId = Annotated[str, Path(description="the case file's id")]
Listing = Callable[..., Awaitable[list[dict[str, Any]]]]


@router.get("/restriction", operation_id="get_restriction", response_model=RestrictionView)
async def get_restriction(reading: ReadingNow, case_file_id: CaseFileId) -> Response:
    """Say whether a case file is restricted, and whom it admits."""
    async with reading:
        case = await find_visible(reading, case_file_id)
        view = restricting.restriction_view(reading, case)
    return reading.answer(view, etag=tag_of(view))


@router.post(
    "/restrict",
    operation_id="restrict_case_file",
    response_model=RestrictionView,
    responses=refusals("wrong-state"),
)
async def restrict(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[RestrictCaseFile, JsonBody(RestrictCaseFile)]
) -> Response:
    """Restrict a case file to named staff and roles; to everybody else it does not exist from here on."""
    async with work:
        case = await restricting.restrict_case_file(work, case_file_id, body.admitted, body.reason)
        return _restriction(work, case)


@router.post(
    "/change-restriction",
    operation_id="change_restriction",
    response_model=RestrictionView,
    responses=refusals("wrong-state"),
)
async def change(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[ChangeRestriction, JsonBody(ChangeRestriction)]
) -> Response:
    """Change whom a restricted case file admits: the whole list as it is to be."""
    async with work:
        case = await restricting.change_restriction(work, case_file_id, body.admitted, body.reason)
        return _restriction(work, case)


@router.post(
    "/lift-restriction",
    operation_id="lift_restriction",
    response_model=RestrictionView,
    responses=refusals("wrong-state"),
)
async def lift(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[LiftRestriction, JsonBody(LiftRestriction)]
) -> Response:
    """Lift the restriction of a case file; who is shut out by a conflict of interest stays so."""
    async with work:
        case = await restricting.lift_restriction(work, case_file_id, body.reason)
        return _restriction(work, case)


@router.get("/restrictions", operation_id="list_restrictions", response_model=RestrictionHistory)
async def list_restrictions(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """Tell what was done to the restriction of a case file, by whom and why."""
    return await _listed(reading, page, case_file_id, histories.list_restrictions)


@router.get("/corrections", operation_id="list_corrections", response_model=CorrectionList)
async def list_corrections(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """Tell how the envelope of a case file was corrected, by whom and why."""
    return await _listed(reading, page, case_file_id, histories.list_corrections)


@router.post(
    "/conflicts",
    operation_id="declare_conflict",
    status_code=201,
    response_model=ConflictView,
    responses=refusals("already-exists"),
)
async def declare_conflict(
    work: Work, case_file_id: CaseFileId, body: Annotated[DeclareConflict, JsonBody(DeclareConflict)]
) -> Response:
    """Declare that a member of your own staff has an interest in the case, and shut them out of it."""
    async with work:
        view = await declaring.declare_conflict(work, case_file_id, body.staff_id, body.reason)
        return work.answer_change(view, status=201, etag=tag_of(view))


@router.get("/conflicts", operation_id="list_conflicts", response_model=ConflictList)
async def list_conflicts(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """List who of your own staff is shut out of a case file by a conflict of interest, or was."""

    async def tagged(*asked: Any, **how: Any) -> list[dict[str, Any]]:
        return [{**view, "etag": tag_of(view)} for view in await declaring.list_conflicts(*asked, **how)]

    return await _listed(reading, page, case_file_id, tagged)


@router.post(
    "/conflicts/{conflict_id}/withdraw",
    operation_id="withdraw_conflict",
    response_model=ConflictView,
    responses=refusals("wrong-state"),
)
async def withdraw_conflict(
    work: ConditionalWork,
    case_file_id: CaseFileId,
    conflict_id: Annotated[str, Path(description="the conflict's id")],
    body: Annotated[WithdrawConflict, JsonBody(WithdrawConflict)],
) -> Response:
    """Withdraw a conflict of interest that was a mistake or is none any longer."""
    async with work:
        view = await declaring.withdraw_conflict(work, case_file_id, conflict_id, body.reason)
        return work.answer_change(view, etag=tag_of(view))


@router.post(
    "/break-glass",
    operation_id="break_glass",
    status_code=201,
    response_model=BreakGlassView,
    responses=refusals("wrong-state"),
)
async def break_glass(
    work: Work, case_file_id: CaseFileId, body: Annotated[BreakGlass, JsonBody(BreakGlass)]
) -> Response:
    """Open a restricted case file in an emergency, for a while; its force is told."""
    async with work:
        view = await breaking_glass.break_glass(work, case_file_id, body.reason, body.minutes)
        return work.answer_change(view, status=201)


@router.get("/break-glass", operation_id="list_break_glass", response_model=BreakGlassList)
async def list_break_glass(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """List the times that a case file was opened in an emergency, by whom and why."""
    return await _listed(reading, page, case_file_id, breaking_glass.list_break_glass)


@router.post(
    "/break-glass/{break_glass_id}/end",
    operation_id="end_break_glass",
    response_model=BreakGlassView,
    responses=refusals("wrong-state"),
)
async def end_break_glass(
    work: Work, case_file_id: CaseFileId, break_glass_id: Annotated[str, Path(description="the opening's id")]
) -> Response:
    """End before its time what was opened in an emergency."""
    async with work:
        view = await breaking_glass.end_break_glass(work, case_file_id, break_glass_id)
        return work.answer_change(view)


def _restriction(work: UnitOfWork, case: CaseFileRow) -> Response:
    view = restricting.restriction_view(work, case)
    return work.answer_change(view, etag=tag_of(view))


async def _listed(reading: Reading, page: Page, case_file_id: str, listing: Listing) -> Response:
    after = page.after(UUID)
    async with reading:
        case = await find_visible(reading, case_file_id)
        items = await listing(reading, case, after=after[0] if after else None, limit=page.limit + 1)
    more = (UUID(items[page.limit - 1]["id"]),) if len(items) > page.limit else None
    body, headers = page.body(items[: page.limit], more)
    return reading.answer(body, headers=headers)
