"""The calls on case files and their versions."""

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from casefile_api.case_files import commands, correcting, opening, queries, views
from casefile_api.case_files.changes import changes_between, json_patch
from casefile_api.case_files.envelope import Envelope
from casefile_api.case_files.patches import apply_json_patch, apply_merge_patch, check_result
from casefile_api.case_files.schemas import (
    AddVersion,
    CaseFileRepresentation,
    ChangesView,
    CorrectCaseFile,
    JsonPatch,
    MergePatch,
    OpenCaseFile,
    RestoreVersion,
    Timeline,
    VersionList,
)
from casefile_api.case_files.since import NOTHING, Since, version_since
from casefile_api.case_files.timeline import dates_ahead, list_timeline
from casefile_api.errors import Fault, Invalid
from casefile_api.unit_of_work import ConditionalWork, QuickConditionalWork, ReadingNow, Work
from casefile_api.web.bodies import JSON_PATCH, MERGE_PATCH, JsonBody, PatchBody
from casefile_api.web.documenting import refusals
from casefile_api.web.etags import tag_of
from casefile_api.web.exchange import exchange_of
from casefile_api.web.moments import AskedMoment
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute
from casefile_api.web.strict_json import json_patch_nulls, merge_patch_nulls

router = APIRouter(prefix="/v1/case-files", route_class=GuardedRoute, tags=["case files"])

_ONE_OF_TWO = "Ask for a version by its number or for that of a moment, not for both."
_BY_ACCEPT = {"Vary": "Authorization, Accept"}
CaseFileId = Annotated[str, Path(description="the case file's id")]
Number = Annotated[int, Path(ge=1, le=2_147_483_647, description="the version's number")]


@router.post(
    "",
    operation_id="open_case_file",
    status_code=201,
    response_model=CaseFileRepresentation,
    responses=refusals("already-exists"),
)
async def open_case_file(
    work: Work, request: Request, body: Annotated[OpenCaseFile, JsonBody(OpenCaseFile)]
) -> Response:
    """Open a case file with its version 1."""
    envelope = Envelope(body.urn, body.urn_suffix, body.crime_references, body.police_unit, body.cps_unit)
    async with work:
        view = await opening.open_case_file(work, envelope, exchange_of(request).value["content"], body.note)
        location = f"/v1/case-files/{view.envelope['id']}"
        return work.answer_change(view.body(), status=201, etag=view.tag, location=location)


@router.get(
    "/{case_file_id}", operation_id="get_case_file", response_model=CaseFileRepresentation, responses=refusals("gone")
)
async def get_case_file(
    reading: ReadingNow,
    case_file_id: CaseFileId,
    version: Annotated[int | None, Query(ge=1, le=2_147_483_647, description="an earlier version")] = None,
    as_of: Annotated[AskedMoment | None, Query(description="the newest version of that moment")] = None,
) -> Response:
    """Read a case file at its newest visible version, at a given one, or as of a moment."""
    if version is not None and as_of is not None:
        raise Invalid("Two versions are asked for.", Fault("either_or", _ONE_OF_TWO, parameter="as_of"))
    return await _read(reading, case_file_id, version, as_of)


@router.patch(
    "/{case_file_id}",
    operation_id="patch_case_file",
    response_model=CaseFileRepresentation,
    responses=refusals("wrong-state"),
)
async def patch_case_file(
    work: QuickConditionalWork,
    request: Request,
    case_file_id: CaseFileId,
    body: Annotated[
        MergePatch | JsonPatch,
        PatchBody(
            {MERGE_PATCH: MergePatch, JSON_PATCH: JsonPatch},
            {MERGE_PATCH: merge_patch_nulls, JSON_PATCH: json_patch_nulls},
        ),
    ],
) -> Response:
    """Make a new version by a patch of the newest one."""
    limit = work.settings.body_limit_bytes
    async with work:
        held = await commands.find_for_version(work, case_file_id, content=True)
        before = {"content": orjson.loads(held.view.content), "note": ""}
        value = exchange_of(request).value
        if isinstance(body, JsonPatch):
            result = apply_json_patch(before, value, limit)
        else:
            result = apply_merge_patch(before, value)
        content, note = check_result(result, limit)
        if not json_patch(before["content"], content):
            raise Invalid("The patch changes nothing.", Fault("no_change", "Change something.", pointer="/content"))
        view = await commands.add_patched_version(work, held, content, note)
        return work.answer_change(view.body(), etag=view.tag)


@router.post(
    "/{case_file_id}/versions",
    operation_id="add_version",
    status_code=201,
    response_model=CaseFileRepresentation,
    responses=refusals("wrong-state"),
)
async def add_version(
    work: QuickConditionalWork,
    request: Request,
    case_file_id: CaseFileId,
    body: Annotated[AddVersion, JsonBody(AddVersion)],
) -> Response:
    """Make a new version from a whole new content."""
    async with work:
        held = await commands.find_for_version(work, case_file_id)
        view = await commands.add_version(work, held, exchange_of(request).value["content"], body.note)
        location = f"/v1/case-files/{held.case.id}/versions/{view.envelope['version']['number']}"
        return work.answer_change(view.body(), status=201, etag=view.tag, location=location)


@router.post(
    "/{case_file_id}/versions/{number}/restore",
    operation_id="restore_version",
    status_code=201,
    response_model=CaseFileRepresentation,
    responses=refusals("wrong-state"),
)
async def restore_version(
    work: ConditionalWork,
    case_file_id: CaseFileId,
    number: Number,
    body: Annotated[RestoreVersion, JsonBody(RestoreVersion)],
) -> Response:
    """Make a new version from the content of an earlier one; nothing between them is lost."""
    async with work:
        held = await commands.find_for_version(work, case_file_id, content=True)
        view = await commands.restore_version(work, held, number, body.note)
        location = f"/v1/case-files/{held.case.id}/versions/{view.envelope['version']['number']}"
        return work.answer_change(view.body(), status=201, etag=view.tag, location=location)


@router.post(
    "/{case_file_id}/corrections",
    operation_id="correct_case_file",
    response_model=CaseFileRepresentation,
    responses=refusals("already-exists", "wrong-state"),
)
async def correct_case_file(
    work: ConditionalWork, case_file_id: CaseFileId, body: Annotated[CorrectCaseFile, JsonBody(CorrectCaseFile)]
) -> Response:
    """Correct the envelope of a case file; what it was is kept."""
    envelope = Envelope(body.urn, body.urn_suffix, body.crime_references, body.police_unit, body.cps_unit)
    async with work:
        held = await commands.find_for_change(work, case_file_id)
        view = await correcting.correct_case_file(work, held, envelope, body.reason)
        return work.answer_change(view.body(), etag=view.tag)


@router.get("/{case_file_id}/versions", operation_id="list_versions", response_model=VersionList)
async def list_versions(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """List the versions that the caller may see, ascending."""
    after = page.after(int) or (0,)
    async with reading:
        case = await queries.find_visible(reading, case_file_id)
        numbers = await queries.visible_numbers(reading, case, after=after[0], limit=page.limit + 1)
        shown = await views.envelopes_of(reading, [(case.id, seen) for seen in numbers[: page.limit]])
        items = [{**envelope["version"], "etag": tag_of(envelope)} for envelope in shown]
    more = (numbers[page.limit - 1],) if len(numbers) > page.limit else None
    body, headers = page.body(items, more)
    return reading.answer(body, headers=headers)


@router.get(
    "/{case_file_id}/versions/{number}",
    operation_id="get_version",
    response_model=CaseFileRepresentation,
    responses=refusals("gone"),
)
async def get_version(reading: ReadingNow, case_file_id: CaseFileId, number: Number) -> Response:
    """Read a case file at a version."""
    return await _read(reading, case_file_id, number, None)


@router.get(
    "/{case_file_id}/versions/{number}/changes",
    operation_id="get_changes",
    response_model=ChangesView,
    responses=refusals("gone")
    | {200: {"content": {JSON_PATCH: {"schema": {"type": "array", "items": {"type": "object"}}}}}},
)
async def get_changes(
    reading: ReadingNow,
    request: Request,
    case_file_id: CaseFileId,
    number: Number,
    since: Annotated[
        Annotated[int, Field(ge=1, le=2_147_483_647)] | Since,
        Query(
            description="the version to compare with; the last before it that the caller saw, or that was submitted",
            examples=[1, "last-seen"],
        ),
    ],
) -> Response:
    """Say what changed since a version, in a prosecutor's terms, or as JSON Patch by `Accept`."""
    async with reading:
        case = await queries.find_visible(reading, case_file_id)
        if isinstance(since, Since):
            since = await version_since(reading, case, since, number)
        seen = [await _compared(reading, case, asked) for asked in (since, number)]
    reading.trail.details = {"since": since}
    before, after = (orjson.loads(view.content) for view in seen)
    if JSON_PATCH in request.headers.get("accept", ""):
        return Response(orjson.dumps(json_patch(before, after)), media_type=JSON_PATCH, headers=_BY_ACCEPT)
    was, now = (view.envelope.get("version", {}).get("attachments", []) for view in seen)
    told = changes_between(
        before, after, from_number=since, to_number=number, attachments_before=was, attachments_after=now
    )
    return reading.answer({**told, "retracted": _retracted(seen)}, headers=_BY_ACCEPT)


@router.get("/{case_file_id}/timeline", operation_id="get_timeline", response_model=Timeline)
async def get_timeline(reading: ReadingNow, page: AskedPage, case_file_id: CaseFileId) -> Response:
    """Tell everything that happened to the case, in order, in words."""
    after = page.after(int) or (0,)
    async with reading:
        case = await queries.find_visible(reading, case_file_id)
        items = list(await list_timeline(reading, case, after=after[0], limit=page.limit + 1))
        dates = await dates_ahead(reading, case)
    more = (items[page.limit - 1]["sequence"],) if len(items) > page.limit else None
    body, headers = page.body(items[: page.limit], more)
    return reading.answer({**body, "dates": dates}, headers=headers)


def _retracted(seen: list[views.CaseFileView]) -> list[int]:
    """Return the numbers of those versions that were retracted."""
    versions = [view.envelope.get("version", {}) for view in seen]
    return [version["number"] for version in versions if version.get("retraction")]


async def _compared(reading: ReadingNow, case: queries.CaseFileRow, asked: int) -> views.CaseFileView:
    """Return a version to compare; where none was seen or submitted before, everything is new."""
    if asked == NOTHING:
        return views.CaseFileView({})
    found = await queries.number_asked(reading, case, version=asked)
    return await views.view_case_file(reading, case, found)


async def _read(reading: ReadingNow, case_file_id: str, version: int | None, as_of: datetime | None) -> Response:
    view = await views.read_case_file(reading, case_file_id, version=version, as_of=as_of)
    return reading.answer(view.body(), etag=view.tag)
