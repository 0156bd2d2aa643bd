"""The CPS takes a request in: the two gates, the allocation to a prosecutor, and the transfer to another unit.

The first gate is a casework assistant's (13 coded reasons to return a request); the second, for RASSO, a legal
manager's.
"""

from fastapi import Response

from casefile_api.access.caller import OrganisationKind, kind_of
from casefile_api.case_files.commands import touch
from casefile_api.early_advice.clock_keeping import unit_kind
from casefile_api.early_advice.clocks import london_date
from casefile_api.early_advice.departures import let_go
from casefile_api.early_advice.drafting import send_to
from casefile_api.early_advice.endorsing import address_to_unit, refuse_unseen, share, versions_shared_with
from casefile_api.early_advice.schemas import (
    AcceptRequest,
    AllocateRequest,
    ApproveRequest,
    RefuseRequest,
    ReturnRequest,
    TransferRequest,
)
from casefile_api.early_advice.sealing import Json
from casefile_api.early_advice.steps import Said, Standing, begin, due_text, finish, take, tell
from casefile_api.early_advice.workflow import State, after_accept
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.organisations.models import Staff, Unit
from casefile_api.unit_of_work import UnitOfWork


async def accept_request(work: UnitOfWork, request_id: str, body: AcceptRequest) -> Response:
    """Let a request through triage; a RASSO case goes on to the second gate."""
    standing = await begin(work, request_id, "accept")
    _note_types(standing, body.review_type, body.case_type)
    words: dict[str, Json] = {"review_type": body.review_type, "case_type": body.case_type}
    words |= _by_cps_direct(body.cps_direct)
    return await finish(standing, after_accept(body.case_type), Said(words))


async def return_request(work: UnitOfWork, request_id: str, body: ReturnRequest) -> Response:
    """Return a request to the police with coded reasons and the date by which they answer."""
    standing = await begin(work, request_id, "return")
    for index, reason in enumerate(body.reasons):
        standing.checks.code("triage_rejection_reason", reason.code, f"/reasons/{index}/code")
    standing.checks.future(body.response_due_on, "/response_due_on")
    if body.remind_on is not None and body.remind_on < body.response_due_on:
        told = "A reminder is for the response date or a day after it."
        standing.checks.fault("before_response", told, "/remind_on")
    _note_types(standing, body.review_type, body.case_type)
    standing.request.response_due_on = body.response_due_on
    reasons: list[Json] = [
        {"code": reason.code, **({"detail": reason.detail} if reason.detail is not None else {})}
        for reason in body.reasons
    ]
    words: dict[str, Json] = {
        "reasons": reasons,
        "response_due_on": body.response_due_on.isoformat(),
        **({"remind_on": body.remind_on.isoformat()} if body.remind_on else {}),
        "review_type": body.review_type,
        "case_type": body.case_type,
        **_by_cps_direct(body.cps_direct),
    }
    codes = sorted({reason.code for reason in body.reasons})
    due_on = body.response_due_on
    return await finish(standing, State.RETURNED, Said(words, codes, due_on=due_on, due_at=due_text(due_on)))


def _by_cps_direct(taken_in: bool | None) -> dict[str, Json]:
    return {} if taken_in is None else {"cps_direct": taken_in}


def _note_types(standing: Standing, review_type: str, case_type: str) -> None:
    """Keep the review type and the case type, also of what is returned: figures go by them."""
    standing.checks.code("review_task_type", review_type, "/review_type")
    standing.checks.code("case_type", case_type, "/case_type")
    standing.checks.refuse_faults()
    standing.request.review_type, standing.request.case_type = review_type, case_type


async def approve_request(work: UnitOfWork, request_id: str, body: ApproveRequest) -> Response:
    """Let a request through the second gate."""
    standing = await begin(work, request_id, "approve")
    return await finish(standing, State.ACCEPTED, Said({"note": body.note} if body.note is not None else {}))


async def refuse_request(work: UnitOfWork, request_id: str, body: RefuseRequest) -> Response:
    """Refuse early advice; the police may appeal once."""
    standing = await begin(work, request_id, "refuse")
    standing.request.refused_by = work.caller.staff_id
    standing.request.refusal_upheld = False
    return await finish(standing, State.REFUSED, Said({"reasons": list(body.reasons)}))


async def allocate_request(work: UnitOfWork, request_id: str, body: AllocateRequest) -> Response:
    """Give a request to a prosecutor of the unit, or to another one."""
    standing = await begin(work, request_id, "allocate")
    request = standing.request
    person = await work.session.get(Staff, (request.cps_organisation, body.prosecutor))
    if person is None or not person.active or person.unit != request.cps_unit or "prosecutor" not in person.roles:
        told = "Name an active prosecutor of the unit that the request is with, by staff id."
        standing.checks.fault("unknown_prosecutor", told, "/prosecutor")
    elif not standing.found.case.lets_in(person.organisation, person.staff_id, person.roles):
        told = "The case file is shut to this prosecutor: name another, or have the police admit this one."
        standing.checks.fault("not_admitted", told, "/prosecutor")
    standing.checks.refuse_faults()
    request.prosecutor = body.prosecutor
    return await finish(standing, State.ALLOCATED, Said({"prosecutor": body.prosecutor}))


async def transfer_request(work: UnitOfWork, request_id: str, body: TransferRequest) -> Response:
    """Send a request on to another unit, of this Area or another: it takes over, the unit left keeps what it saw."""
    standing = await begin(work, request_id, "transfer")
    request, case = standing.request, standing.found.case
    unit = await _unit_named(standing, body.unit)
    await refuse_unseen(work, case, unit, "/unit")
    left, area_left = str(request.cps_unit), str(request.cps_organisation)
    kept = await versions_shared_with(work.session, case.id, left)
    if not kept:
        raise WrongState("All that was shared was retracted: there is nothing to go to another unit.")
    await send_to(work, request, unit)
    for number in kept:
        await share(work, case, number, request)
    await address_to_unit(work, case, unit.id)
    await touch(work, case.id, [area_left])
    request.prosecutor = request.review_type = request.case_type = None
    words: dict[str, Json] = {"from_unit": left, "unit": unit.id, "reason": body.reason}
    said = Said(words, codes=[await unit_kind(work.session, unit.id)], told_too=[area_left])
    await take(standing, State.SUBMITTED, said)
    await let_go(work, request, left, revision=request.revision)
    return await tell(standing, said)


async def _unit_named(standing: Standing, name: str) -> Unit:
    """Return the CPS unit named, which is in being and is not the one that has the request.

    Raises Invalid.
    """
    unit = await standing.work.session.get(Unit, name)
    today = london_date(standing.work.now)
    mend = "Name another CPS unit that is in being; see /v1/units."
    if unit is None or unit.id == standing.request.cps_unit:
        raise Invalid("The unit cannot take the request.", Fault("unknown_unit", mend, pointer="/unit"))
    in_being = unit.valid_from <= today and (unit.valid_until is None or today <= unit.valid_until)
    if kind_of(unit.organisation) is not OrganisationKind.CPS or not in_being:
        raise Invalid("The unit cannot take the request.", Fault("unknown_unit", mend, pointer="/unit"))
    return unit
