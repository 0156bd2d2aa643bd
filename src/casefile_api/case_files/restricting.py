"""Restricting a case file to named staff and roles, changing whom it admits, and lifting it: a gatekeeper's or a senior
officer's decision, each time with a reason that is kept sealed.

To everybody else the case file is not there at all. So the command sees to it that somebody of the force is left who
can work on it, and that a CPS unit which has a request about it has somebody who can answer.
"""

import json
from collections.abc import Sequence

from sqlalchemy import text

from casefile_api.access.caller import kind_of
from casefile_api.access.field_policy import own_alone
from casefile_api.access.permissions import ROLES
from casefile_api.case_files.commands import created_by, touch
from casefile_api.case_files.principals import described, everybody, of_organisation, person
from casefile_api.case_files.queries import CaseFileRow, find_visible, parties
from casefile_api.case_files.restriction_schemas import Admitted
from casefile_api.errors import Fault, Invalid, NotPermitted, WrongState
from casefile_api.identifiers import new_id
from casefile_api.organisations.queries import find_staff
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.etags import tag_of

_EVENTS = {
    "restricted": "case_file.restricted",
    "changed": "case_file.restriction_changed",
    "lifted": "case_file.restriction_lifted",
}
# Whoever is admitted must be able to get there by their place as well: their unit's, their own, or the whole force's.
_SOMEBODY_LEFT = text(
    """
    select exists (
        select from staff s where s.organisation = :force and s.active
        and (s.organisation || '/' || s.staff_id = any(:admitted)
             or exists (select from unnest(s.roles) role where s.organisation || '#' || role = any(:admitted)))
        and not s.organisation || '/' || s.staff_id = any(:shut_out)
        and ('senior_officer' = any(s.roles) or s.unit = :unit or s.staff_id = any(:named))
        and (cast(:roles as text[]) is null or cast(s.roles as text[]) && cast(:roles as text[])))
    """
)
_DECIDING = ["gatekeeper", "senior_officer"]
_UNITS_WAITING = text(
    """
    select r.organisation, r.unit from case_file_request_position r
    where r.case_file_id = :case and r.submitted and r.holder in ('cps', 'both')
    """
)
# What was held back from a feed while its systems were not admitted; they are told of it now, without a gap.
_LET_GO = text("select casefile_let_go(:case)")


async def restrict_case_file(
    work: UnitOfWork, case_file_id: str, named: Sequence[Admitted], reason: str
) -> CaseFileRow:
    """Restrict a case file to those named.

    Raises NotFound, Stale, WrongState where it is restricted already, Invalid.
    """
    case = await _held(work, case_file_id)
    if case.restricted:
        raise WrongState("The case file is restricted already; change the restriction.")
    return await _admit(work, case, await _principals(work, case, named), "restricted", reason)


async def change_restriction(
    work: UnitOfWork, case_file_id: str, named: Sequence[Admitted], reason: str
) -> CaseFileRow:
    """Change whom a restricted case file admits.

    Raises NotFound, Stale, WrongState where it is not restricted, Invalid.
    """
    case = await _held(work, case_file_id)
    if not case.restricted:
        raise WrongState("The case file is not restricted.")
    admitted = await _principals(work, case, named)
    if admitted == case.admitted:
        raise Invalid("Nothing would change.", Fault("no_change", "Name somebody else.", pointer="/admitted"))
    return await _admit(work, case, admitted, "changed", reason)


async def lift_restriction(work: UnitOfWork, case_file_id: str, reason: str) -> CaseFileRow:
    """Lift the restriction of a case file. Who is shut out by a conflict of interest stays so.

    Raises NotFound, Stale, WrongState where it is not restricted.
    """
    case = await _held(work, case_file_id)
    if not case.restricted:
        raise WrongState("The case file is not restricted.")
    return await _admit(work, case, [], "lifted", reason)


def restriction_view(reading: Reading, case: CaseFileRow) -> dict[str, object]:
    """Return whether a case file is restricted and to whom; the CPS is told of its own Area's people alone."""
    caller = reading.caller
    whole = not own_alone("RestrictionView", "admitted", caller.kind)
    shown = [name for name in case.admitted if whole or of_organisation(name, caller.organisation)]
    return {
        "case_file_id": str(case.id),
        "restricted": case.restricted,
        "admitted": [described(name) for name in shown],
    }


async def _held(work: UnitOfWork, case_file_id: str) -> CaseFileRow:
    case = await find_visible(work, case_file_id, lock=True)
    await refuse_through_glass(work, case)
    await work.precondition(tag_of(restriction_view(work, case)))
    return case


async def refuse_through_glass(work: UnitOfWork, case: CaseFileRow) -> None:
    """Refuse to decide who is let in or kept out to somebody who sees the case file by break-glass alone.

    Where nobody who is let in by right could decide it any more, they may: or it would stay as it is for good.
    Raises NotPermitted.
    """
    if work.trail.broken_glass and await _somebody_left(work, case, case.admitted, _DECIDING):
        raise NotPermitted("Break-glass opens a case file and does not change who is let in.")


async def _somebody_left(
    work: UnitOfWork, case: CaseFileRow, admitted: Sequence[str], roles: Sequence[str] | None = None
) -> bool:
    """Say whether somebody of the force would see the case file if these were admitted, in one of the roles."""
    asked = {
        "force": case.organisation,
        "admitted": list(admitted),
        "shut_out": case.shut_out,
        "unit": case.police_unit,
        "named": case.named_staff,
        "roles": roles,
    }
    return bool((await work.session.execute(_SOMEBODY_LEFT, asked)).scalar_one())


async def _principals(work: UnitOfWork, case: CaseFileRow, named: Sequence[Admitted]) -> list[str]:
    """Return those named as principals, sorted.

    Raises Invalid naming each that is none, and where nobody would be left who can work on the case.
    """
    found: set[str] = set()
    faults: list[Fault] = []
    for position, entry in enumerate(named):
        principal = await _principal(work, case, entry, f"/admitted/{position}", faults)
        if principal:
            found.add(principal)
    admitted = sorted(found)
    if not faults:
        faults = await _left_alone(work, case, admitted)
    if faults:
        raise Invalid("The case file cannot be restricted to these.", *faults)
    return admitted


async def _principal(
    work: UnitOfWork, case: CaseFileRow, entry: Admitted, place: str, faults: list[Fault]
) -> str | None:
    organisation = entry.organisation
    if not await _may_be_named(work, case, entry):
        mend = "Name your own force, a role of a CPS Area, or staff of an Area that has the case file or is to have it."
        faults.append(Fault("unknown_organisation", mend, pointer=f"{place}/organisation"))
        return None
    if (entry.staff_id is None) == (entry.role is None):
        faults.append(Fault("one_of", "Give either staff_id or role.", pointer=place))
        return None
    if entry.role is not None:
        if entry.role not in ROLES[kind_of(organisation)]:
            faults.append(Fault("unknown_role", "Name a role of that organisation.", pointer=f"{place}/role"))
            return None
        return everybody(organisation, entry.role)
    registered = await find_staff(work.session, organisation, str(entry.staff_id))
    if registered is None or not registered.active:
        mend = "Name an active member of that organisation's staff."
        faults.append(Fault("unknown_staff", mend, pointer=f"{place}/staff_id"))
        return None
    return person(organisation, registered.staff_id)


async def _may_be_named(work: UnitOfWork, case: CaseFileRow, entry: Admitted) -> bool:
    """Say whether the organisation is one whose people can be named; who works there shows to nobody else."""
    if entry.role is not None and entry.organisation.startswith("cps-"):
        known = text("select exists (select from organisation where id = :organisation and kind = 'cps')")
        found = await work.session.execute(known, {"organisation": entry.organisation})
        return bool(found.scalar_one())
    unit = text("select organisation from unit where id = :unit")
    addressed = await work.session.execute(unit, {"unit": case.cps_unit})
    return entry.organisation in {*await parties(work.session, case.id), *addressed.scalars()}


async def _left_alone(work: UnitOfWork, case: CaseFileRow, admitted: Sequence[str]) -> list[Fault]:
    """Say what is wrong where nobody of the force, or of a unit that is to answer, could see the case file."""
    faults = []
    if not await _somebody_left(work, case, admitted):
        mend = "Admit at least one active member of your force's staff who would see the case file but for this."
        faults.append(Fault("nobody_left", mend, pointer="/admitted"))
    for row in (await work.session.execute(_UNITS_WAITING, {"case": case.id})).all():
        if not await admits_somebody_of(work, case, admitted, row.organisation, row.unit):
            mend = "A request is with the CPS: admit somebody of the unit that has it, or withdraw the request first."
            faults.append(Fault("nobody_left", mend, pointer="/admitted"))
    return faults


async def admits_somebody_of(
    work: UnitOfWork, case: CaseFileRow, admitted: Sequence[str], organisation: str, unit: str
) -> bool:
    """Say whether these admissions let in somebody of a CPS unit, so that what is sent there can be answered."""
    found = await work.session.execute(
        text(
            "select exists (select from staff s where s.organisation = :organisation and s.active"
            " and (s.unit = :unit or 'unit_head' = any(s.roles))"
            " and (s.organisation || '/' || s.staff_id = any(:admitted) or exists (select from unnest(s.roles) role"
            " where s.organisation || '#' || role = any(:admitted)))"
            " and not s.organisation || '/' || s.staff_id = any(:shut_out))"
        ),
        {"organisation": organisation, "unit": unit, "admitted": list(admitted), "shut_out": case.shut_out},
    )
    return bool(found.scalar_one())


async def _admit(work: UnitOfWork, case: CaseFileRow, admitted: list[str], act: str, reason: str) -> CaseFileRow:
    before = case.admitted
    await work.session.execute(
        text("update case_file set restricted = :restricted, admitted = :admitted where id = :id"),
        {"id": case.id, "restricted": bool(admitted), "admitted": admitted},
    )
    await keep_act(work, case, admitted, act, reason)
    told = await parties(work.session, case.id)
    await touch(work, case.id, told)
    await work.session.execute(_LET_GO, {"case": case.id})
    await work.record(_EVENTS[act], to=told, case_file_id=case.id)
    work.trail.details = {"admitted": {"before": before, "after": admitted}}
    return CaseFileRow(
        **{name: getattr(case, name) for name in CaseFileRow.__dataclass_fields__}
        | {"restricted": bool(admitted), "admitted": admitted}
    )


async def keep_act(work: UnitOfWork, case: CaseFileRow, admitted: Sequence[str], act: str, reason: str) -> None:
    """Write down what was done to a restriction, with the reason sealed."""
    identifier = new_id()
    sealed = await work.vault.seal(work.session, case.id, reason.encode(), f"case_file_restriction.reason:{identifier}")
    await work.session.execute(
        text(
            "insert into case_file_restriction (id, case_file_id, act, at, by, admitted_before, admitted_after, reason)"
            " values (:id, :case, :act, :now, cast(:by as jsonb), :before, :after, :reason)"
        ),
        {
            "id": identifier,
            "case": case.id,
            "act": act,
            "now": work.now,
            "by": json.dumps(created_by(work.caller)),
            "before": case.admitted,
            "after": list(admitted),
            "reason": sealed,
        },
    )
