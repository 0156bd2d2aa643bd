"""The date by which the police answer, moved by the CPS with a reason: the old one is kept, in story and clock."""

from fastapi import Response

from casefile_api.early_advice.clock_keeping import ClockKeeper, rules_of
from casefile_api.early_advice.clocks import ClockKind
from casefile_api.early_advice.openings import refuse_unit_that_passed_it_on
from casefile_api.early_advice.queries import find_request, told_of
from casefile_api.early_advice.schemas import MoveResponseDate
from casefile_api.early_advice.steps import Checks, Said, due_text, write_step
from casefile_api.early_advice.stories import request_tag, request_tag_now, request_view
from casefile_api.early_advice.workflow import ClockEffect, Do, State
from casefile_api.errors import WrongState
from casefile_api.unit_of_work import UnitOfWork

STEP = "move-response-date"
_AWAITED_IN = (State.RETURNED, State.INFORMATION_REQUESTED)
_EFFECTS = (ClockEffect(Do.STOP, ClockKind.POLICE_RESPONSE), ClockEffect(Do.START, ClockKind.POLICE_RESPONSE))


async def move_response_date(work: UnitOfWork, request_id: str, body: MoveResponseDate) -> Response:
    """Give the police another date to answer by.

    Raises NotFound, NotPermitted, Replayed, PreconditionRequired, Stale, WrongState or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request = found.request
    refuse_unit_that_passed_it_on(work.caller, request)
    await work.precondition(await request_tag_now(work, found))
    if State(request.state) not in _AWAITED_IN or request.response_due_on is None:
        refusal = WrongState(f"The police are not waited for: the request is {request.state}.")
        refusal.members = {"state": request.state}
        raise refusal
    checks = Checks(work)
    checks.future(body.response_due_on, "/response_due_on")
    if body.response_due_on == request.response_due_on:
        checks.fault("not_changed", "Give another date than the present one.", "/response_due_on")
    checks.refuse_faults()
    before, request.response_due_on = request.response_due_on, body.response_due_on
    request.revision += 1
    request.updated_at = work.now
    keeper = ClockKeeper(work.session, rules_of(work.settings), request, work.now)
    await keeper.apply(_EFFECTS, date_set=body.response_due_on)
    dates = {"response_due_on": body.response_due_on.isoformat(), "response_due_on_before": before.isoformat()}
    said = Said({**dates, "reason": body.reason}, due_on=body.response_due_on, due_on_before=before)
    await write_step(work, request, STEP, request.state, said)
    await work.record(
        "early_advice.response_date_moved",
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        state=request.state,
        due_at=due_text(body.response_due_on),
    )
    view = await request_view(work, found)
    tag = request_tag(work.caller, request, found.case.police_unit, view["prosecutor"])
    return work.answer_change(view, etag=tag)
