"""The envelope of a case file: URN, units and crime references, checked against who is calling and what exists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from casefile_api.access.caller import OrganisationKind, kind_of
from casefile_api.case_files.urn import is_crime_reference, normalise_suffix, parse_urn
from casefile_api.clock import LONDON
from casefile_api.errors import AlreadyExists, Fault, Invalid
from casefile_api.organisations.queries import find_unit
from casefile_api.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope may say; None leaves a member as it is."""

    urn: str | None = None
    urn_suffix: str | None = None
    crime_references: list[str] | None = None
    police_unit: str | None = None
    cps_unit: str | None = None


def checked_urn(urn: str | None, suffix: str | None, force_code: str) -> tuple[str | None, str | None, list[Fault]]:
    """Return URN and suffix in their canonical form, and what is wrong with them."""
    faults: list[Fault] = []
    canonical = None
    if urn is not None:
        try:
            parsed = parse_urn(urn)
            canonical = str(parsed)
            if parsed.force != force_code:
                faults.append(
                    Fault("other_force", f"The URN begins with your force's code, {force_code}.", pointer="/urn")
                )
        except ValueError as found:
            faults.append(Fault("malformed", str(found), pointer="/urn"))
    return canonical, normalise_suffix(suffix) if suffix is not None else None, faults


async def check_envelope(work: UnitOfWork, asked: Envelope) -> Envelope:
    """Return the envelope in canonical form.

    Raises Invalid naming each member that does not fit the caller's force or names no unit.
    """
    urn, suffix, faults = checked_urn(asked.urn, asked.urn_suffix, work.caller.force_code)
    for position, reference in enumerate(asked.crime_references or []):
        if not is_crime_reference(reference):
            detail = "Letters, digits, slashes, dots and dashes, two to forty of them."
            faults.append(Fault("malformed", detail, pointer=f"/crime_references/{position}"))
    if asked.police_unit is not None and not await _is_unit(work, asked.police_unit, work.caller.organisation):
        faults.append(
            Fault("unknown_unit", "Name a unit of your own force that is open today.", pointer="/police_unit")
        )
    if asked.cps_unit is not None and not await _is_unit(work, asked.cps_unit, None):
        faults.append(Fault("unknown_unit", "Name a CPS unit that is open today: GET /v1/units.", pointer="/cps_unit"))
    if faults:
        raise Invalid("The envelope of the case file is not right.", *faults)
    return Envelope(urn, suffix, asked.crime_references, asked.police_unit, asked.cps_unit)


async def _is_unit(work: UnitOfWork, unit: str, organisation: str | None) -> bool:
    """Say whether this is an open unit of the organisation, or of any CPS Area where none is given."""
    found = await find_unit(work.session, unit, work.now.astimezone(LONDON).date())
    if found is None:
        return False
    return found.organisation == organisation if organisation else kind_of(found.organisation) is OrganisationKind.CPS


async def refuse_taken_urn(
    work: UnitOfWork, urn: str | None, suffix: str | None, *, other_than: UUID | None = None
) -> None:
    """Refuse a URN with a suffix that another case file has.

    Raises AlreadyExists.
    """
    found = await work.session.execute(
        text("select id from case_file where urn = :urn and coalesce(urn_suffix, '') = coalesce(:suffix, '')"),
        {"urn": urn, "suffix": suffix},
    )
    if found.scalar_one_or_none() not in (None, other_than):
        raise _taken()


async def guarding_urn(work: UnitOfWork, statement: str, values: Mapping[str, Any]) -> None:
    """Do what writes a URN; another case file may have got it meanwhile.

    Raises AlreadyExists.
    """
    try:
        await work.session.execute(text(statement), dict(values))
    except IntegrityError as fault:
        if "case_file_urn" in str(fault.orig):
            raise _taken() from None
        raise


def _taken() -> AlreadyExists:
    fault = Fault("taken", "Use another suffix for a split case, or find the case file by its URN.", pointer="/urn")
    return AlreadyExists("A case file with this URN and suffix exists.", fault)
