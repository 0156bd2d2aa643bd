"""Break-glass: a senior officer or a unit head opens a restricted case file in an emergency, for a while.

It ends by itself, in real time. Whoever asks cannot know whether there is such a case file, so that only who is let in
is answered otherwise than a stranger: what is not there, not within their reach, or shut to them by a conflict of
interest is 404 alike. The owning force is told each time, and the log says what was seen this way.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, text
from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.admission import let_in, not_shut_out
from casefile_api.case_files.commands import created_by
from casefile_api.case_files.principals import person
from casefile_api.case_files.queries import CaseFileRow, find_visible, sight_of, within_reach
from casefile_api.case_files.restriction_models import CaseFileBreakGlass
from casefile_api.clock import real_now, utc_text
from casefile_api.errors import Fault, Invalid, NotFound, WrongState
from casefile_api.identifiers import new_id, parse_id
from casefile_api.unit_of_work import Reading, UnitOfWork


async def break_glass(work: UnitOfWork, case_file_id: str, reason: str, minutes: int | None) -> dict[str, Any]:
    """Open a restricted case file that is within the caller's reach, and not shut to them.

    Raises NotFound, Invalid where the time is too long, WrongState where they see it already.
    """
    settings = work.settings
    lasting = minutes or settings.break_glass_minutes
    if lasting > settings.break_glass_most_minutes:
        mend = f"Ask for {settings.break_glass_most_minutes} minutes at the most."
        raise Invalid("The time is too long.", Fault("too_long", mend, pointer="/minutes"))
    case_id, owner = await _find_behind_glass(work, parse_id(case_file_id))
    caller, now, identifier = work.caller, real_now(), new_id()
    row = CaseFileBreakGlass(
        id=identifier,
        case_file_id=case_id,
        owner=owner,
        organisation=caller.organisation,
        principal=person(caller.organisation, str(caller.staff_id)),
        opened_at=now,
        until=now + timedelta(minutes=lasting),
        opened_by=created_by(caller),
        reason=await work.vault.seal(work.session, case_id, reason.encode(), _reason_of(identifier)),
    )
    work.session.add(row)
    await work.session.flush()
    told = [owner, caller.organisation]
    await work.record("break_glass.opened", to=told, case_file_id=case_id, break_glass_id=row.id)
    # The force's systems may not be admitted to the case: that somebody broke the glass reaches them all the same.
    await work.record("break_glass.reported", to=[owner], break_glass_id=row.id)
    work.trail.about("break_glass", row.id, case_file_id=case_id, owner=owner)
    work.trail.details = {"break_glass": {"until": utc_text(row.until), "minutes": lasting}}
    return await break_glass_view(work, row)


async def end_break_glass(work: UnitOfWork, case_file_id: str, break_glass_id: str) -> dict[str, Any]:
    """End what was opened in an emergency before its time.

    Raises NotFound, WrongState where it ended.
    """
    case = await find_visible(work, case_file_id, lock=True)
    query = select(CaseFileBreakGlass).where(
        CaseFileBreakGlass.id == parse_id(break_glass_id), CaseFileBreakGlass.case_file_id == case.id, _theirs(work)
    )
    row: CaseFileBreakGlass | None = (await work.session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    work.trail.about("break_glass", row.id)
    await work.first_time()
    if row.ended_at is not None or row.until <= real_now():
        raise WrongState("This is open no longer.")
    row.ended_at, row.ended_by = real_now(), created_by(work.caller)
    await work.session.flush()
    told = [row.owner, row.organisation]
    await work.record("break_glass.ended", to=told, case_file_id=case.id, break_glass_id=row.id)
    return await break_glass_view(work, row)


async def list_break_glass(
    reading: Reading, case: CaseFileRow, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return the times that a case file was opened in an emergency: to the CPS those by its own Area."""
    query = select(CaseFileBreakGlass).where(CaseFileBreakGlass.case_file_id == case.id, _theirs(reading))
    if after is not None:
        query = query.where(col(CaseFileBreakGlass.id) > after)
    rows = (await reading.session.execute(query.order_by(col(CaseFileBreakGlass.id)).limit(limit))).scalars().all()
    return [await break_glass_view(reading, row) for row in rows]


async def break_glass_view(reading: Reading, row: CaseFileBreakGlass) -> dict[str, Any]:
    """Return an opening as it is answered."""
    reason = await reading.vault.open(reading.session, row.case_file_id, row.reason, _reason_of(row.id))
    return {
        "id": str(row.id),
        "case_file_id": str(row.case_file_id),
        "organisation": row.organisation,
        "opened_at": utc_text(row.opened_at),
        "opened_by": row.opened_by,
        "until": utc_text(row.until),
        "ended_at": utc_text(row.ended_at) if row.ended_at else None,
        "ended_by": row.ended_by,
        "reason": reason.decode(),
    }


async def _find_behind_glass(work: UnitOfWork, case_file_id: UUID) -> tuple[UUID, str]:
    """Find a case file that a restriction alone hides from the caller, and lock it."""
    caller = work.caller
    await work.session.execute(
        text("select set_config('casefile.breaking_glass', :id, true)"), {"id": str(case_file_id)}
    )
    await work.session.execute(text("select from case_file where id = :id for update"), {"id": case_file_id})
    found = await work.session.execute(
        text(
            f"select c.id, c.organisation, ({within_reach(caller)} and {not_shut_out()}) as within,"
            f" ({let_in()}) as seen from case_file c where c.id = :id"
        ),
        {"id": case_file_id, **sight_of(caller)},
    )
    row = found.one_or_none()
    work.trail.about("case_file", case_file_id)
    if row is None:
        raise NotFound()
    work.trail.about("case_file", row.id, case_file_id=row.id, owner=row.organisation)
    if not row.within:
        raise NotFound()
    await work.first_time()
    if row.seen:
        raise WrongState("You can see this case file.")
    return row.id, row.organisation


def _theirs(reading: Reading) -> Any:
    own = col(CaseFileBreakGlass.organisation) == reading.caller.organisation
    if reading.caller.kind is OrganisationKind.POLICE:
        return or_(own, col(CaseFileBreakGlass.owner) == reading.caller.organisation)
    return own


def _reason_of(break_glass_id: UUID) -> str:
    return f"case_file_break_glass.reason:{break_glass_id}"
