"""Which steps are open to whom: the table, the caller's scope and role, and the rules that go by the person.

The same answer refuses a step and lists the steps of a representation. Rules by the person: CPS steps belong to the
unit that the request is with, the prosecutor's to the prosecutor it is allocated to; who endorses is not who asked, and
who decides an appeal is not who refused (separation of duties).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.access.permissions import OPERATIONS
from casefile_api.early_advice.action_models import EarlyAdviceAction
from casefile_api.early_advice.actions_workflow import ACTIONS, ActionState, ActionStep
from casefile_api.early_advice.clocks import end_of
from casefile_api.early_advice.drawing import what_may_follow, who
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.workflow import WORKFLOW, State, Step
from casefile_api.errors import NotPermitted, WrongState

PROSECUTORS_STEPS = frozenset({"request-information", "advise", "complete"})
APPEAL_DECISIONS = frozenset({"uphold", "overturn"})


def permitted(caller: Caller, operation: str) -> bool:
    """Say whether the caller's scope and role allow the operation at all."""
    row = OPERATIONS[operation]
    return row.role_allows(caller) and row.scope_missing(caller) is None


def why_not_this_person(caller: Caller, request: EarlyAdviceRequest, step: str, *, prosecutors: bool) -> str | None:
    """Say why a step is not this person's although their role may take it; None where it is."""
    if caller.kind is OrganisationKind.CPS:
        return _why_not_cps(caller, request, step, prosecutors=prosecutors)
    if step == "submit" and caller.staff_id == request.created_by:
        return "Who endorses a request is not who created it."
    return None


def refuse_unit_that_passed_it_on(caller: Caller, request: EarlyAdviceRequest) -> None:
    """Refuse to hear the CPS where the request is with another unit: it keeps what was shared, and has no say.

    Raises NotPermitted.
    """
    if caller.kind is OrganisationKind.CPS and (why := _why_not_cps(caller, request, "message", prosecutors=False)):
        raise NotPermitted(why)


def _why_not_cps(caller: Caller, request: EarlyAdviceRequest, step: str, *, prosecutors: bool) -> str | None:
    of_the_area = caller.has_role("unit_head") and caller.organisation == request.cps_organisation
    if caller.unit != request.cps_unit and not of_the_area:
        return "The request is with another unit."
    if prosecutors and request.prosecutor is not None and caller.staff_id != request.prosecutor:
        return "This is for the prosecutor to whom the request is allocated."
    if step in APPEAL_DECISIONS and caller.staff_id == request.refused_by:
        return "Who decides an appeal is not who refused."
    return None


def following(request: EarlyAdviceRequest) -> tuple[Step, ...]:
    """Return the steps that may follow: the table's, without a second appeal of one refusal."""
    rows = WORKFLOW.following(State(request.state))
    return tuple(row for row in rows if not (row.step == "appeal" and request.refusal_upheld))


def refuse_other_persons(caller: Caller, request: EarlyAdviceRequest, row: Step) -> None:
    """Refuse a step to a person who may not take it with this request.

    Raises NotPermitted.
    """
    why = why_not_this_person(caller, request, row.step, prosecutors=row.step in PROSECUTORS_STEPS)
    if why:
        raise NotPermitted(why)


def refuse_wrong_state(request: EarlyAdviceRequest, row: Step) -> None:
    """Refuse a step that may not follow the request's state.

    Raises WrongState, which says what may follow and who may do it.
    """
    open_rows = following(request)
    if row in open_rows:
        return
    told = f"A request that is {request.state} has no step {row.step}."
    if row.step == "appeal" and request.refusal_upheld:
        told = "There is one appeal for each refusal, and this one was upheld."
    raise _wrong_state(told, request.state, open_rows)


def refuse_wrong_action_state(action: EarlyAdviceAction, row: ActionStep) -> None:
    """Refuse a step that may not follow the action's state.

    Raises WrongState, which says what may follow and who may do it.
    """
    state = ActionState(action.state)
    if not row.may_follow(state):
        told = f"An action that is {state.value} has no step {row.step}."
        raise _wrong_state(told, action.state, ACTIONS.following(state))


def _wrong_state(told: str, state: str, open_rows: Sequence[Step | ActionStep]) -> WrongState:
    refusal = WrongState(f"{told} What may follow: {what_may_follow(open_rows)}.")
    refusal.members = {
        "state": state,
        "steps": [{"step": row.step, "who": who(row.operation)} for row in open_rows],
    }
    return refusal


@dataclass(frozen=True)
class Unsettled:
    """The actions of a request that are neither satisfied nor cancelled: how many, and the last of their dates."""

    count: int = 0
    last_due_on: date | None = None


def date_awaited(request: EarlyAdviceRequest, unsettled: Unsettled) -> date | None:
    """Return the date by which the police are to answer: the one set, or the last of the unsettled actions."""
    return unsettled.last_due_on if request.state == State.ACTION_PLAN_OPEN else request.response_due_on


def timely(request: EarlyAdviceRequest, step: str, unsettled: Unsettled, now: datetime) -> bool:
    """Say whether a step is not too early: finalising before the date, completing before every action is settled."""
    if step == "finalise":
        day = date_awaited(request, unsettled)
        return day is not None and now > end_of(day)
    return step != "complete" or unsettled.count == 0


def steps_open(
    caller: Caller, request: EarlyAdviceRequest, unsettled: Unsettled, now: datetime
) -> Iterator[dict[str, object]]:
    """List the steps that may follow, as links, each with whether this caller may take it now."""
    for row in following(request):
        prosecutors = row.step in PROSECUTORS_STEPS
        mine = permitted(caller, row.operation) and timely(request, row.step, unsettled, now)
        mine = mine and why_not_this_person(caller, request, row.step, prosecutors=prosecutors) is None
        yield {"step": row.step, "href": f"/v1/early-advice-requests/{request.id}/{row.step}", "allowed": mine}


def action_steps_open(
    caller: Caller, request: EarlyAdviceRequest, action: EarlyAdviceAction
) -> Iterator[dict[str, object]]:
    """List the steps that may follow with an action, as links."""
    href = f"/v1/early-advice-requests/{request.id}/actions/{action.id}"
    plan_open = request.state == State.ACTION_PLAN_OPEN
    for row in ACTIONS.following(ActionState(action.state)):
        undecided = action.extension_due_on is not None
        if not plan_open or (row.step == "decide-extension" and not undecided):
            continue
        if row.step == "request-extension" and undecided:
            continue
        mine = permitted(caller, row.operation) and why_not_with_action(caller, request, row.step) is None
        yield {"step": row.step, "href": f"{href}/{row.step}", "allowed": mine}


def why_not_with_action(caller: Caller, request: EarlyAdviceRequest, step: str) -> str | None:
    """Say why a step with an action is not this person's: the prosecutor's are the allocated prosecutor's.

    A dispute may be answered by the unit's legal manager too.
    """
    manager_answers = step == "answer-dispute" and caller.has_role("legal_manager")
    return why_not_this_person(caller, request, step, prosecutors=not manager_answers)
