"""The calls that link case files, split one, and merge one into another."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from casefile_api.case_files import linking, splitting
from casefile_api.case_files.envelope import Envelope
from casefile_api.case_files.link_schemas import (
    LinkCaseFiles,
    LinkList,
    LinkView,
    MergeCaseFile,
    RemoveLink,
    SplitCaseFile,
)
from casefile_api.case_files.queries import find_visible
from casefile_api.case_files.schemas import CaseFileRepresentation
from casefile_api.unit_of_work import ConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files/{case_file_id}", route_class=GuardedRoute, tags=["linked case files"])

CaseFileId = Annotated[str, Path(description="the case file's id")]


@router.post(
    "/links",
    operation_id="link_case_files",
    status_code=201,
    response_model=LinkView,
    responses=refusals("already-exists"),
)
async def link(
    work: Work, case_file_id: CaseFileId, body: Annotated[LinkCaseFiles, JsonBody(LinkCaseFiles)]
) -> Response:
    """Link two case files of your force that belong together; only who sees both sees the link."""
    async with work:
        view = await linking.link_case_files(work, case_file_id, body.case_file_id, body.relation, body.reason)
        return work.answer_change(view, status=201, etag=tag_of(view))


@router.get("/links", operation_id="list_links", response_model=LinkList)
async def list_links(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """List the case files that this one is linked with, split from or into, or merged with, as far as you see them."""
    after = page.after(UUID)
    async with reading:
        case = await find_visible(reading, case_file_id)
        items = await linking.list_links(reading, case, after=after[0] if after else None, limit=page.limit + 1)
        reading.trail.about("case_file", case.id)
    more = (UUID(items[page.limit - 1]["id"]),) if len(items) > page.limit else None
    body, headers = page.body(items[: page.limit], more)
    return reading.answer(body, headers=headers)


@router.post(
    "/links/{link_id}/remove",
    operation_id="remove_link",
    response_model=LinkView,
    responses=refusals("wrong-state"),
)
async def remove(
    work: ConditionalWork,
    case_file_id: CaseFileId,
    link_id: Annotated[str, Path(description="the link's id")],
    body: Annotated[RemoveLink, JsonBody(RemoveLink)],
) -> Response:
    """Take back a link that was a mistake; that it was there stays in the list."""
    async with work:
        view = await linking.remove_link(work, case_file_id, link_id, body.reason)
        return work.answer_change(view, etag=tag_of(view))


@router.post(
    "/split",
    operation_id="split_case_file",
    status_code=201,
    response_model=CaseFileRepresentation,
    responses=refusals("already-exists", "wrong-state"),
)
async def split(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[SplitCaseFile, JsonBody(SplitCaseFile)]
) -> Response:
    """Split the file of suspects off: a new case file with what of a version concerns them alone. Files stay behind."""
    envelope = Envelope(body.urn, body.urn_suffix, body.crime_references, body.police_unit, body.cps_unit)
    asked = splitting.Split(body.suspect_ids, body.version, body.note, body.reason)
    async with work:
        view = await splitting.split_case_file(work, case_file_id, envelope, asked)
        location = f"/v1/case-files/{view.envelope['id']}"
        return work.answer_change(view.body(), status=201, etag=view.tag, location=location)


@router.post(
    "/merge",
    operation_id="merge_case_file",
    response_model=CaseFileRepresentation,
    responses=refusals("wrong-state"),
)
async def merge(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[MergeCaseFile, JsonBody(MergeCaseFile)]
) -> Response:
    """Merge a case file into another: it stays to be read, and is closed to new versions and requests."""
    async with work:
        view = await splitting.merge_case_file(work, case_file_id, body.case_file_id, body.reason)
        return work.answer_change(view.body(), etag=view.tag)
