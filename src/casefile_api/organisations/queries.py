"""Who there is: organisations and units for everyone to look up, staff for their own organisation alone."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.errors import NotFound
from casefile_api.organisations.models import Organisation, Staff, Unit


async def find_unit(session: AsyncSession, unit: str, on: date) -> Unit | None:
    """Return a unit that is open on that day, else None."""
    row = await session.get(Unit, unit)
    return row if row is not None and _in_being(row, on) else None


async def find_staff(session: AsyncSession, organisation: str, staff_id: str) -> Staff | None:
    """Return a registered member of staff, active or not, else None."""
    return await session.get(Staff, (organisation, staff_id))


async def list_organisations(session: AsyncSession, *, after: str, limit: int) -> Sequence[Organisation]:
    """Return organisations by id, those that are no more included: old cases name them."""
    chosen = select(Organisation).where(col(Organisation.id) > after).order_by(col(Organisation.id)).limit(limit)
    return (await session.execute(chosen)).scalars().all()


async def list_units(
    session: AsyncSession, *, kind: str | None, organisation: str | None, after: str, limit: int
) -> Sequence[Unit]:
    """Return units by id, closed ones included."""
    chosen = select(Unit).where(col(Unit.id) > after)
    if kind is not None:
        chosen = chosen.where(col(Unit.kind) == kind)
    if organisation is not None:
        chosen = chosen.where(col(Unit.organisation) == organisation)
    return (await session.execute(chosen.order_by(col(Unit.id)).limit(limit))).scalars().all()


async def list_unit_staff(
    session: AsyncSession, organisation: str, unit: str, *, role: str | None, after: str, limit: int
) -> Sequence[Staff]:
    """Return the active staff of a unit of this organisation, by staff id.

    Raises NotFound where the unit is another organisation's, or none.
    """
    row = await session.get(Unit, unit)
    if row is None or row.organisation != organisation:
        raise NotFound()
    chosen = select(Staff).where(
        col(Staff.organisation) == organisation, col(Staff.unit) == unit, col(Staff.active), col(Staff.staff_id) > after
    )
    if role is not None:
        chosen = chosen.where(col(Staff.roles).contains([role]))
    return (await session.execute(chosen.order_by(col(Staff.staff_id)).limit(limit))).scalars().all()


def _in_being(row: Organisation | Unit, on: date) -> bool:
    return row.valid_from <= on and (row.valid_until is None or row.valid_until >= on)
