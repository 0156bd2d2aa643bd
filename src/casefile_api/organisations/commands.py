"""Registering who there is. Staff are their own organisation's; organisations and units are the administrator's.

Narrowing what a person may do takes effect on the tokens they have: those issued until then are cut off.
"""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import OrganisationKind, kind_of
from casefile_api.access.revocations import LOCK_STAFF, cut_off_tokens
from casefile_api.clock import LONDON, real_now
from casefile_api.errors import Fault, Invalid
from casefile_api.organisations.models import Organisation, Staff, Unit
from casefile_api.organisations.queries import find_unit
from casefile_api.organisations.schemas import (
    OrganisationEntry,
    OrganisationsFile,
    PutStaffRequest,
    StaffFile,
    roles_of,
)
from casefile_api.tenancy import AS_OWNER
from casefile_api.unattended import Act


async def put_staff_member(
    session: AsyncSession, organisation: str, staff_id: str, wanted: PutStaffRequest, now: datetime, base: str = ""
) -> tuple[Staff, bool]:
    """Register a member of staff, or change how they are registered; say whether they are new.

    Raises Invalid where a role is not of this kind of organisation, or the unit is not its own.
    """
    await _check(session, organisation, wanted, now, base)
    await session.execute(LOCK_STAFF, {"organisation": organisation, "staff_id": staff_id})
    row = await session.get(Staff, (organisation, staff_id), populate_existing=True)
    is_new = row is None
    if row is not None and _is_narrowed(row, wanted):
        await cut_off_tokens(session, "staff", organisation, staff_id, real_now())
    row = await session.merge(
        Staff(
            organisation=organisation,
            staff_id=staff_id,
            name=wanted.name,
            rank=wanted.rank,
            roles=list(wanted.roles),
            unit=wanted.unit,
            active=wanted.active,
            created_at=row.created_at if row is not None else now,
            updated_at=now,
        )
    )
    await session.flush()
    return row, is_new


async def load_staff(act: Act, file: StaffFile) -> int:
    """Register the staff of a file; return how many. All of them or, where one is wrong, none."""
    await become_owner(act.session)
    for index, entry in enumerate(file.staff):
        if await act.session.get(Organisation, entry.organisation) is None:
            raise _invalid(f"/staff/{index}/organisation", "There is no such organisation: load it first.")
        wanted = PutStaffRequest.model_validate(entry.model_dump(exclude={"organisation", "staff_id"}))
        base = f"/staff/{index}"
        await put_staff_member(act.session, entry.organisation, entry.staff_id, wanted, act.now, base)
    act.trail.about("staff", None)
    organisations = sorted({entry.organisation for entry in file.staff})
    act.trail.details = {"organisations": organisations, "count": len(file.staff)}
    return len(file.staff)


async def load_organisations(act: Act, file: OrganisationsFile) -> int:
    """Register the organisations and units of a file, or change how they are registered; return how many."""
    await become_owner(act.session)
    for index, entry in enumerate(file.organisations):
        await act.session.merge(_organisation(entry, f"/organisations/{index}"))
        await act.session.flush()
        for place, unit in enumerate(entry.units):
            known = await act.session.get(Unit, unit.id)
            if known is not None and known.organisation != entry.id:
                raise _invalid(f"/organisations/{index}/units/{place}/id", "This unit is another organisation's.")
            await act.session.merge(Unit(organisation=entry.id, **unit.model_dump()))
    await act.session.flush()
    act.trail.about("organisation", None)
    act.trail.details = {"organisations": sorted(entry.id for entry in file.organisations)}
    return len(file.organisations)


async def become_owner(session: AsyncSession) -> None:
    """Act as the owner of the tables for this transaction: the service's own role may not let anybody new in."""
    await session.execute(text(AS_OWNER))


async def _check(session: AsyncSession, organisation: str, wanted: PutStaffRequest, now: datetime, base: str) -> None:
    allowed = roles_of(kind_of(organisation))
    faults = [
        Fault("unknown_code", f"Use {', '.join(sorted(allowed))}.", pointer=f"{base}/roles/{index}")
        for index, role in enumerate(wanted.roles)
        if role not in allowed
    ]
    if len(set(wanted.roles)) != len(wanted.roles):
        faults.append(Fault("duplicate", "Name each role once.", pointer=f"{base}/roles"))
    if wanted.unit is not None:
        unit = await find_unit(session, wanted.unit, _london_day(now))
        if unit is None or unit.organisation != organisation:
            detail = "Name a unit of this organisation that is open: GET /v1/units lists them."
            faults.append(Fault("unknown_unit", detail, pointer=f"{base}/unit"))
    if faults:
        raise Invalid("The member of staff cannot be registered so.", *faults)


def _is_narrowed(row: Staff, wanted: PutStaffRequest) -> bool:
    return not set(row.roles) <= set(wanted.roles) or row.unit != wanted.unit or (row.active and not wanted.active)


def _organisation(entry: OrganisationEntry, base: str) -> Organisation:
    try:
        kind = kind_of(entry.id)
    except ValueError:
        detail = "An id begins with police-, cps-, oversight-, or is operator."
        raise _invalid(f"{base}/id", detail) from None
    if (kind is OrganisationKind.OVERSIGHT) != (entry.remit is not None):
        raise _invalid(f"{base}/remit", "An oversight body, and no other, has a remit: all, or the id of one force.")
    force_code = entry.id.removeprefix("police-") if kind is OrganisationKind.POLICE else None
    return Organisation(
        **entry.model_dump(exclude={"units"}),
        kind=kind.value,
        force_code=force_code,
    )


def _london_day(now: datetime) -> date:
    return now.astimezone(LONDON).date()


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid("The file cannot be loaded.", Fault("invalid_value", detail, pointer=pointer))
