"""What a CPS unit is given of a case file, and where the requests about it stand."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text

from casefile_api.case_files.commands import touch
from casefile_api.case_files.queries import CaseFileRow, is_retracted
from casefile_api.errors import WrongState
from casefile_api.unit_of_work import UnitOfWork


async def share_version(
    work: UnitOfWork, case: CaseFileRow, number: int, *, unit: str, organisation: str, request_id: UUID
) -> None:
    """Share a version with a CPS unit; a version already shared with it stays as it was shared.

    Raises WrongState where it was retracted.
    """
    if await is_retracted(work.session, case.id, number):
        raise WrongState("The version was retracted; share a newer one.")
    shared = await work.session.execute(
        text(
            "insert into case_file_share (case_file_id, number, unit, organisation, request_id, shared_at)"
            " values (:id, :number, :unit, :organisation, :request_id, :now) on conflict do nothing"
        ),
        {
            "id": case.id,
            "number": number,
            "unit": unit,
            "organisation": organisation,
            "request_id": request_id,
            "now": work.now,
        },
    )
    newly = cast("CursorResult[Any]", shared).rowcount == 1
    await let_have(work, case.id, organisation, unit)
    await touch(work, case.id, [case.organisation, organisation])
    work.trail.disclosed_to(unit)
    if newly:
        told = [case.organisation, organisation]
        await work.record("case_file.version_shared", to=told, case_file_id=case.id, version=number)


async def set_request_position(
    work: UnitOfWork,
    case_file_id: UUID,
    request_id: UUID,
    *,
    organisation: str,
    unit: str,
    holder: str,
    submitted: bool,
) -> None:
    """Note where a request stands, so that the case file's status follows from it."""
    await work.session.execute(
        text(
            "insert into case_file_request_position (request_id, case_file_id, organisation, unit, holder, submitted)"
            " values (:request, :case, :organisation, :unit, :holder, :submitted)"
            " on conflict (request_id) do update set organisation = excluded.organisation, unit = excluded.unit,"
            " holder = excluded.holder, submitted = case_file_request_position.submitted or excluded.submitted"
        ),
        {
            "request": request_id,
            "case": case_file_id,
            "organisation": organisation,
            "unit": unit,
            "holder": holder,
            "submitted": submitted,
        },
    )


async def let_have(work: UnitOfWork, case_file_id: UUID, organisation: str, unit: str) -> None:
    """Make a unit one that has the case file; its organisation has it since the first of its units had."""
    await work.session.execute(
        text(
            "insert into case_file_party (case_file_id, organisation, unit, first, created_at, updated_at)"
            " select :id, :organisation, :unit, p.unit is null, coalesce(p.created_at, :now), :now"
            " from (select) one left join case_file_party p"
            " on p.case_file_id = :id and p.organisation = :organisation and p.first on conflict do nothing"
        ),
        {"id": case_file_id, "organisation": organisation, "unit": unit, "now": work.now},
    )
