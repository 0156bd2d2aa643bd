"""Declaring a conflict of interest of the own side's staff, and withdrawing one: with a reason, kept sealed."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.commands import created_by
from casefile_api.case_files.conflicts import parties_named, reckon_shut_out
from casefile_api.case_files.principals import person
from casefile_api.case_files.queries import CaseFileRow, content_bytes, find_visible
from casefile_api.case_files.restricting import refuse_through_glass
from casefile_api.case_files.restriction_models import CaseFileConflict
from casefile_api.clock import utc_text
from casefile_api.errors import AlreadyExists, Fault, Invalid, NotFound, WrongState
from casefile_api.identifiers import new_id, parse_id
from casefile_api.organisations.queries import find_staff
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.etags import tag_of


async def declare_conflict(work: UnitOfWork, case_file_id: str, staff_id: str, reason: str) -> dict[str, Any]:
    """Declare that a member of the own staff has an interest in the case; from here on it does not exist for them.

    Raises NotFound, Invalid where there is no such member of staff, AlreadyExists.
    """
    case = await find_visible(work, case_file_id, lock=True)
    await refuse_through_glass(work, case)
    await work.first_time()
    organisation = work.caller.organisation
    if await find_staff(work.session, organisation, staff_id) is None:
        fault = Fault("unknown_staff", "Name a member of your own organisation's staff.", pointer="/staff_id")
        raise Invalid("There is no such member of staff.", fault)
    if await _standing(work, case, organisation, staff_id):
        raise AlreadyExists("A conflict of interest of this member of staff is declared already.")
    row = CaseFileConflict(
        id=new_id(),
        case_file_id=case.id,
        organisation=organisation,
        staff_id=staff_id,
        kind="declared",
        since=work.now,
        declared_by=created_by(work.caller),
    )
    row.reason = await work.vault.seal(work.session, case.id, reason.encode(), reason_of_conflict(row.id))
    work.session.add(row)
    await work.session.flush()
    await reckon_shut_out(work, case.id)
    await _tell(work, case, row, "conflict.declared")
    return await conflict_view(work, row)


async def withdraw_conflict(work: UnitOfWork, case_file_id: str, conflict_id: str, reason: str) -> dict[str, Any]:
    """Withdraw a conflict of interest that was declared, or that a version stated by mistake.

    Raises NotFound, Stale, WrongState where it was withdrawn or the newest version still names them as a party.
    """
    case = await find_visible(work, case_file_id, lock=True)
    await refuse_through_glass(work, case)
    row = await _find(work, case, conflict_id)
    await work.precondition(tag_of(await conflict_view(work, row)))
    if row.withdrawn_at is not None:
        raise WrongState("This conflict of interest was withdrawn.")
    if row.kind == "party" and person(row.organisation, row.staff_id) in await _parties_now(work, case):
        raise WrongState("The newest version names them as a party; correct it with a new version first.")
    row.withdrawn_at, row.withdrawn_by = work.now, created_by(work.caller)
    row.withdrawn_because = await work.vault.seal(work.session, case.id, reason.encode(), _withdrawal_of(row))
    await work.session.flush()
    await reckon_shut_out(work, case.id)
    await _tell(work, case, row, "conflict.withdrawn")
    return await conflict_view(work, row)


async def list_conflicts(
    reading: Reading, case: CaseFileRow, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return the conflicts of the own side's staff, and to the force those of parties that its versions name."""
    query = select(CaseFileConflict).where(CaseFileConflict.case_file_id == case.id, _theirs(reading))
    if after is not None:
        query = query.where(col(CaseFileConflict.id) > after)
    rows = (await reading.session.execute(query.order_by(col(CaseFileConflict.id)).limit(limit))).scalars().all()
    return [await conflict_view(reading, row) for row in rows]


async def conflict_view(reading: Reading, row: CaseFileConflict) -> dict[str, Any]:
    """Return a conflict of interest as it is answered."""
    vault, session = reading.vault, reading.session

    async def opened(sealed: bytes | None, place: str) -> str | None:
        return (await vault.open(session, row.case_file_id, sealed, place)).decode() if sealed is not None else None

    return {
        "id": str(row.id),
        "organisation": row.organisation,
        "staff_id": row.staff_id,
        "kind": row.kind,
        "version": row.version,
        "since": utc_text(row.since),
        "declared_by": row.declared_by,
        "reason": await opened(row.reason, reason_of_conflict(row.id)),
        "withdrawn_at": utc_text(row.withdrawn_at) if row.withdrawn_at else None,
        "withdrawn_by": row.withdrawn_by,
        "withdrawn_because": await opened(row.withdrawn_because, _withdrawal_of(row)),
    }


def _theirs(reading: Reading) -> Any:
    own = col(CaseFileConflict.organisation) == reading.caller.organisation
    return own | (col(CaseFileConflict.kind) == "party") if reading.caller.kind is OrganisationKind.POLICE else own


async def _find(work: UnitOfWork, case: CaseFileRow, conflict_id: str) -> CaseFileConflict:
    query = select(CaseFileConflict).where(
        CaseFileConflict.id == parse_id(conflict_id), CaseFileConflict.case_file_id == case.id, _theirs(work)
    )
    row: CaseFileConflict | None = (await work.session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    work.trail.about("case_file_conflict", row.id)
    return row


async def _standing(work: UnitOfWork, case: CaseFileRow, organisation: str, staff_id: str) -> bool:
    query = select(CaseFileConflict.id).where(
        CaseFileConflict.case_file_id == case.id,
        CaseFileConflict.organisation == organisation,
        CaseFileConflict.staff_id == staff_id,
        CaseFileConflict.kind == "declared",
        col(CaseFileConflict.withdrawn_at).is_(None),
    )
    return (await work.session.execute(query)).scalar_one_or_none() is not None


async def _parties_now(work: UnitOfWork, case: CaseFileRow) -> set[str]:
    """Return whom the newest version names as parties, whatever the caller may see of it."""
    number = await work.session.execute(text("select newest_number from case_file where id = :id"), {"id": case.id})
    content = await content_bytes(work.session, work.vault, case.id, number.scalar_one())
    return set(parties_named(json.loads(content)))


async def _tell(work: UnitOfWork, case: CaseFileRow, row: CaseFileConflict, event_type: str) -> None:
    told = [work.caller.organisation]
    await work.record(event_type, to=told, case_file_id=case.id, conflict_id=row.id)
    work.trail.about("case_file_conflict", row.id)
    work.trail.details = {"shut_out": person(row.organisation, row.staff_id)}


def reason_of_conflict(conflict_id: object) -> str:
    """Return the place for which the reason of a conflict is sealed."""
    return f"case_file_conflict.reason:{conflict_id}"


def _withdrawal_of(row: CaseFileConflict) -> str:
    return f"case_file_conflict.withdrawn_because:{row.id}"
