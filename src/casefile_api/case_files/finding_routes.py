"""The calls by which case files are found: the list by what may be in a URL, the search by what may not."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from casefile_api.case_files.finding import CaseFileFilter, Sort
from casefile_api.case_files.finding_schemas import CaseFileList, SearchCaseFiles
from casefile_api.case_files.listing import count_case_files, list_case_files
from casefile_api.case_files.standing import Status
from casefile_api.unit_of_work import ReadingNow
from casefile_api.web.bodies import JsonBody
from casefile_api.web.moments import AskedDay, AskedMoment
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1/case-files", route_class=GuardedRoute, tags=["case files"])


@router.get("", operation_id="list_case_files", response_model=CaseFileList)
async def list_all(
    reading: ReadingNow,
    page: AskedPage,
    urn: Annotated[str | None, Query(max_length=30, description="the URN, as people write it")] = None,
    crime_reference: Annotated[str | None, Query(max_length=64, description="a crime reference, exactly")] = None,
    status: Annotated[Status | None, Query(description="the derived status")] = None,
    suspect_status: Annotated[Status | None, Query(description="the derived status of one suspect or more")] = None,
    case_type: Annotated[str | None, Query(max_length=64, description="the content's case type")] = None,
    offence: Annotated[str | None, Query(max_length=16, description="a CJS offence code")] = None,
    officer: Annotated[str | None, Query(max_length=64, description="staff id in one of the named roles")] = None,
    police_unit: Annotated[str | None, Query(max_length=64, description="the police unit of the envelope")] = None,
    cps_unit: Annotated[str | None, Query(max_length=64, description="the CPS unit of the envelope")] = None,
    reported_from: Annotated[AskedDay | None, Query(description="reported on this day or later")] = None,
    reported_to: Annotated[AskedDay | None, Query(description="reported on this day or before")] = None,
    opened_since: Annotated[AskedMoment | None, Query(description="with the caller's side since this time")] = None,
    updated_since: Annotated[AskedMoment | None, Query(description="changed at or after this time")] = None,
    deadline_before: Annotated[AskedMoment | None, Query(description="a clock runs out before this time")] = None,
    sort: Annotated[Sort, Query(description="the order")] = Sort.NEWEST_CHANGE,
    counts: Annotated[bool, Query(description="say how many there are, by status and by case type")] = False,
) -> Response:
    """List and find case files, newest change first."""
    asked = CaseFileFilter(
        urn=urn,
        crime_reference=crime_reference,
        status=status,
        suspect_status=suspect_status,
        case_type=case_type,
        offence=offence,
        officer=officer,
        police_unit=police_unit,
        cps_unit=cps_unit,
        reported_from=reported_from,
        reported_to=reported_to,
        opened_since=opened_since,
        updated_since=updated_since,
        deadline_before=deadline_before,
    )
    return await _found(reading, page, asked, sort, counts)


@router.post("/search", operation_id="search_case_files", response_model=CaseFileList)
async def search(
    reading: ReadingNow, page: AskedPage, body: Annotated[SearchCaseFiles, JsonBody(SearchCaseFiles)]
) -> Response:
    """Find case files by a suspect: name, date of birth, national numbers. Complainants cannot be searched for."""
    return await _found(reading, page, body.filter(), body.sort, body.counts)


async def _found(reading: ReadingNow, page: AskedPage, asked: CaseFileFilter, sort: Sort, counts: bool) -> Response:
    async with reading:
        items, last = await list_case_files(reading, asked, sort, page)
        counted = {"counts": await count_case_files(reading, asked)} if counts else {}
    body, headers = page.body(items, last)
    return reading.answer(body | counted, headers=headers)
