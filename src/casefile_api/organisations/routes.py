"""Looking up who there is and which codes there are; registering the organisation's own staff."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from casefile_api.errors import NotFound, Stale
from casefile_api.organisations import queries
from casefile_api.organisations.code_lists import CODE_LISTS, CodeList
from casefile_api.organisations.commands import put_staff_member
from casefile_api.organisations.documenting import (
    CODE,
    CODE_LIST,
    CODE_LIST_HEAD,
    ME,
    ORGANISATION,
    STAFF,
    UNIT,
    listed,
    shown,
)
from casefile_api.organisations.models import Staff
from casefile_api.organisations.schemas import (
    PERSONAL_ROLES,
    STAFF_ID_PATTERN,
    PutStaffRequest,
    UnitKind,
    organisation_view,
    staff_view,
    unit_view,
    with_tag,
)
from casefile_api.unit_of_work import Reading, ReadingNow, UnitOfWork, Work
from casefile_api.web.bodies import JsonBody
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import AskedPage
from casefile_api.web.routing import GuardedRoute

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["organisations"])

PersonalRole = StrEnum("PersonalRole", {role: role for role in PERSONAL_ROLES})  # type: ignore[misc]


@router.get("/me", operation_id="get_me", summary="Who the token says you are", responses=shown(ME))
async def get_me(reading: ReadingNow) -> Response:
    """Return the organisation, unit, roles, scopes and person of the token."""
    async with reading:
        caller = reading.caller
        found = await queries.find_staff(reading.session, caller.organisation, caller.staff_id or "")
        view = {
            "organisation": caller.organisation,
            "kind": caller.kind.value,
            "client_id": caller.client_id,
            "unit": caller.unit,
            "roles": sorted(caller.roles),
            "scopes": sorted(caller.scopes),
            "staff": _named(found) if found is not None else None,
        }
        return reading.answer(view, etag=tag_of(view))


@router.get(
    "/organisations",
    operation_id="list_organisations",
    summary="Forces, Areas and others",
    responses=listed(ORGANISATION),
)
async def list_organisations(reading: ReadingNow, page: AskedPage) -> Response:
    """List every organisation, in the order of their ids."""
    async with reading:
        rows = await queries.list_organisations(reading.session, after=_after(page), limit=page.limit + 1)
        return _listing(reading, page, [organisation_view(row) for row in rows], "id")


@router.get("/units", operation_id="list_units", summary="Units of organisations", responses=listed(UNIT))
async def list_units(
    reading: ReadingNow,
    page: AskedPage,
    kind: Annotated[UnitKind | None, Query(description="only units of this kind")] = None,
    organisation: Annotated[str | None, Query(max_length=80, description="only units of this organisation")] = None,
) -> Response:
    """List units, in the order of their ids; closed ones too, with the period in which they were open."""
    async with reading:
        rows = await queries.list_units(
            reading.session,
            kind=kind,
            organisation=organisation,
            after=_after(page),
            limit=page.limit + 1,
        )
        return _listing(reading, page, [unit_view(row) for row in rows], "id")


@router.get(
    "/units/{unit_id}/staff", operation_id="list_unit_staff", summary="Staff of an own unit", responses=listed(STAFF)
)
async def list_unit_staff(
    reading: ReadingNow,
    page: AskedPage,
    unit_id: Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9-]+$")],
    role: Annotated[PersonalRole | None, Query(description="only staff who hold this role")] = None,
) -> Response:
    """List the active staff of a unit of the caller's own organisation, in the order of their ids."""
    async with reading:
        reading.trail.about("unit", unit_id)
        rows = await queries.list_unit_staff(
            reading.session,
            reading.caller.organisation,
            unit_id,
            role=role.value if role is not None else None,
            after=_after(page),
            limit=page.limit + 1,
        )
        return _listing(reading, page, [with_tag(staff_view(row)) for row in rows], "staff_id")


@router.get(
    "/code-lists", operation_id="list_code_lists", summary="Names of all code lists", responses=listed(CODE_LIST)
)
async def list_code_lists(reading: ReadingNow, page: AskedPage) -> Response:
    """List the code lists, in the order of their names, each with its size and the day of its last change."""
    after = _after(page)
    views = [with_tag(_index_entry(CODE_LISTS[name])) for name in sorted(CODE_LISTS) if name > after]
    return _listing(reading, page, views[: page.limit + 1], "name")


@router.get(
    "/code-lists/{name}",
    operation_id="get_code_list",
    summary="Codes of a list",
    responses=listed(CODE, **CODE_LIST_HEAD),
)
async def get_code_list(
    reading: ReadingNow, page: AskedPage, name: Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9_]+$")]
) -> Response:
    """List the codes of a list, each with the time in which it holds, in the list's own order."""
    if name not in CODE_LISTS:
        raise NotFound()
    found = CODE_LISTS[name]
    (start,) = page.after(int) or (0,)
    values = found.values[max(start, 0) : max(start, 0) + page.limit]
    following = max(start, 0) + page.limit
    body, headers = page.body(
        [value.as_body() for value in values], (following,) if following < len(found.values) else None
    )
    view = {**_index_entry(found), **body}
    return reading.answer(view, etag=tag_of(view), headers=headers)


@router.put(
    "/staff/{staff_id}",
    operation_id="put_staff_member",
    summary="Register a member of staff",
    responses={**shown(STAFF), 201: shown(STAFF)[200]},
)
async def put_staff(
    work: Work,
    staff_id: Annotated[str, Path(pattern=STAFF_ID_PATTERN)],
    body: Annotated[PutStaffRequest, JsonBody(PutStaffRequest)],
) -> Response:
    """Register a member of the caller's own staff (201), or change how they are registered (200)."""
    async with work:
        work.trail.about("staff", staff_id)
        await work.first_time()
        await _check_seen(work, staff_id)
        organisation = work.caller.organisation
        row, is_new = await put_staff_member(work.session, organisation, staff_id, body, work.now)
        work.unannounced()
        view = staff_view(row)
        return work.answer_change(view, status=201 if is_new else 200, etag=tag_of(view))


def _index_entry(found: CodeList) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "count": len(found.values),
        "changed_on": found.changed_on.isoformat() if found.changed_on else None,
        "digest": f"sha256:{found.digest}",
    }


async def _check_seen(work: UnitOfWork, staff_id: str) -> None:
    """Respect an If-Match, which this call does not demand: nobody's change is silently lost who says what they saw."""
    if work.exchange.if_match is None:
        return
    row = await queries.find_staff(work.session, work.caller.organisation, staff_id)
    if row is None:
        raise Stale("There is no such member of staff yet.")
    await work.precondition(tag_of(staff_view(row)))


def _named(row: Staff) -> dict[str, str]:
    named = {"staff_id": row.staff_id, "name": row.name}
    return {**named, "rank": row.rank} if row.rank is not None else named


def _after(page: AskedPage) -> str:
    (after,) = page.after(str) or ("",)
    return str(after)


def _listing(reading: Reading, page: AskedPage, views: list[dict[str, Any]], key: str) -> Response:
    """Answer one page of views that were asked for with one to spare."""
    more = len(views) > page.limit
    items = views[: page.limit]
    body, headers = page.body(items, (items[-1][key],) if more else None)
    return reading.answer(body, etag=tag_of(body), headers=headers)
