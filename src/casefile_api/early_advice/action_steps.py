"""Steps of an action: the police work on it and answer, dispute it or ask for more time; the prosecutor settles it."""

from dataclasses import dataclass

from fastapi import Response

from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceAction
from casefile_api.early_advice.action_plan import announce_action, check_action, set_action, write_action_step
from casefile_api.early_advice.action_schemas import (
    AnswerDispute,
    CancelAction,
    DecideExtension,
    DisputeAction,
    RejectAction,
    RequestExtension,
    ReturnAction,
    SatisfyAction,
    StartAction,
)
from casefile_api.early_advice.actions_workflow import ACTIONS, SETTLED, ActionState, ActionStep, after_dispute
from casefile_api.early_advice.clock_keeping import ClockKeeper, rules_of
from casefile_api.early_advice.clocks import end_of
from casefile_api.early_advice.endorsing import (
    is_shared,
    material_in,
    receipt,
    refuse_missing_material,
    refuse_older_version,
    refuse_sharing_by_others,
    share,
    shared_suspects,
)
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.openings import refuse_wrong_action_state, why_not_with_action
from casefile_api.early_advice.queries import Found, find_action, find_request
from casefile_api.early_advice.schemas import SetActionRequest
from casefile_api.early_advice.sealing import Json, Words
from casefile_api.early_advice.staleness import last_action_step, telling_what_happened
from casefile_api.early_advice.steps import Checks, Said
from casefile_api.early_advice.stories import action_tag, action_view
from casefile_api.early_advice.workflow import State
from casefile_api.errors import NotPermitted, WrongState
from casefile_api.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class ActionStanding:
    """A step that may be taken with an action: the case file is locked, and all that goes before holds."""

    work: UnitOfWork
    row: ActionStep
    found: Found
    action: EarlyAdviceAction
    checks: Checks

    @property
    def request(self) -> EarlyAdviceRequest:
        """The request whose action plan it is."""
        return self.found.request


async def _begin(
    work: UnitOfWork, request_id: str, action_id: str, step: str, *, version: int | None = None
) -> ActionStanding:
    """Find and lock an action for a step.

    Raises NotFound, NotPermitted, Replayed, PreconditionRequired, Stale or WrongState, in this order.
    """
    row = ACTIONS[step]
    found = await find_request(work, request_id, lock=True)
    action = await find_action(work, found, action_id)
    why = why_not_with_action(work.caller, found.request, step)
    if why:
        raise NotPermitted(why)
    unit = found.request.cps_unit
    if version is not None:
        await refuse_sharing_by_others(work, found.case, unit, version)
    async with telling_what_happened(work, action.state, last_action_step(action.id)):
        await work.precondition(action_tag(work.caller, action))
    if version is not None and not await is_shared(work.session, found.case.id, version, unit):
        refuse_older_version(found.case, version)
    _refuse_closed_plan(found.request)
    refuse_wrong_action_state(action, row)
    return ActionStanding(work, row, found, action, Checks(work))


def _refuse_closed_plan(request: EarlyAdviceRequest) -> None:
    """Refuse to touch the actions of a request whose plan is not open.

    Raises WrongState.
    """
    if request.state != State.ACTION_PLAN_OPEN:
        refusal = WrongState(f"The request is {request.state}; its action plan is not open.")
        refusal.members = {"state": request.state}
        raise refusal


async def _finish(standing: ActionStanding, to: ActionState, said: Said, *, due_at: str | None = None) -> Response:
    """Move the action to its new state, keep its clock, write the step down, tell of it, and answer."""
    work, action = standing.work, standing.action
    before = action.state
    action.state = to.value
    action.revision += 1
    action.updated_at = work.now
    if to in SETTLED:
        action.settled_at = work.now
        action.extension_due_on = None
    await _keeper(standing).apply(standing.row.effects, date_set=action.due_on, action=action)
    await write_action_step(work, action, standing.row.step, before, said)
    members: dict[str, object] = {"version": said.version, "due_at": due_at}
    told = {name: value for name, value in members.items() if value is not None}
    await announce_action(work, standing.request, action, standing.row.event, **told)
    view = await action_view(work, standing.request, action)
    if said.receipt is not None:
        view = {**view, "receipt": dict(said.receipt)}
    return work.answer_change(view, etag=action_tag(work.caller, action))


def _keeper(standing: ActionStanding) -> ClockKeeper:
    work = standing.work
    return ClockKeeper(work.session, rules_of(work.settings), standing.request, work.now)


async def add_action(work: UnitOfWork, request_id: str, body: SetActionRequest) -> Response:
    """Set one more action while the plan is open."""
    found = await find_request(work, request_id, lock=True)
    why = why_not_with_action(work.caller, found.request, "set")
    if why:
        raise NotPermitted(why)
    await work.first_time()
    _refuse_closed_plan(found.request)
    checks = Checks(work)
    check_action(checks, body, await shared_suspects(work, found.case), "")
    checks.refuse_faults()
    action = await set_action(work, found.request, body)
    work.trail.about("early_advice_action", action.id)
    location = f"/v1/early-advice-requests/{found.request.id}/actions/{action.id}"
    view = await action_view(work, found.request, action)
    return work.answer_change(view, status=201, etag=action_tag(work.caller, action), location=location)


async def start_action(work: UnitOfWork, request_id: str, action_id: str, body: StartAction) -> Response:
    """Begin work on an action."""
    standing = await _begin(work, request_id, action_id, "start")
    return await _finish(standing, ActionState.IN_PROGRESS, Said(_note(body.note)))


async def return_action(work: UnitOfWork, request_id: str, action_id: str, body: ReturnAction) -> Response:
    """Answer an action with material, in a version that a supervisor shares where the CPS does not have it."""
    standing = await _begin(work, request_id, action_id, "return", version=body.version)
    request, case = standing.request, standing.found.case
    number = body.version or request.version or case.newest_number
    known = await material_in(work, case, number)
    for index, material in enumerate(body.material_ids):
        if material not in known:
            told = "Name material of the version that the CPS has, or name a version that holds it."
            standing.checks.fault("unknown_material", told, f"/material_ids/{index}")
    standing.checks.refuse_faults()
    proof = await _share_with(standing, body.version) if body.version is not None else None
    words: dict[str, Json] = {"answer": body.answer, "material_ids": list(body.material_ids)}
    if proof is not None:
        words["receipt"] = dict(proof)
    return await _finish(standing, ActionState.RETURNED, Said(words, version=body.version, receipt=proof))


async def _share_with(standing: ActionStanding, number: int) -> Words | None:
    """Share a version that the unit does not have, and return its receipt; None where it has it already."""
    work, request, case = standing.work, standing.request, standing.found.case
    if await is_shared(work.session, case.id, number, request.cps_unit):
        return None
    await refuse_missing_material(work, case, number)
    await share(work, case, number, request)
    request.version = number
    request.revision += 1
    return await receipt(work, case, number, work.now)


async def satisfy_action(work: UnitOfWork, request_id: str, action_id: str, body: SatisfyAction) -> Response:
    """Settle an action as done."""
    standing = await _begin(work, request_id, action_id, "satisfy")
    why = {"reason": body.reason} if body.reason is not None else {}
    return await _finish(standing, ActionState.SATISFIED, Said({**why, **_note(body.note)}))


async def reject_action(work: UnitOfWork, request_id: str, action_id: str, body: RejectAction) -> Response:
    """Send an answer back as insufficient; the next cycle begins."""
    standing = await _begin(work, request_id, action_id, "reject")
    action, before = standing.action, standing.action.due_on
    if body.due_on is not None:
        standing.checks.future(body.due_on, "/due_on")
        standing.checks.refuse_faults()
        action.due_on = body.due_on
    action.cycle += 1
    said = Said({"reason": body.reason}, due_on=action.due_on, due_on_before=before)
    return await _finish(standing, ActionState.OPEN, said)


async def cancel_action(work: UnitOfWork, request_id: str, action_id: str, body: CancelAction) -> Response:
    """Cancel an action with a reason."""
    standing = await _begin(work, request_id, action_id, "cancel")
    return await _finish(standing, ActionState.CANCELLED, Said({"reason": body.reason}))


async def dispute_action(work: UnitOfWork, request_id: str, action_id: str, body: DisputeAction) -> Response:
    """Dispute that an action is reasonable."""
    standing = await _begin(work, request_id, action_id, "dispute")
    return await _finish(standing, ActionState.DISPUTED, Said({"reason": body.reason}))


async def answer_dispute(work: UnitOfWork, request_id: str, action_id: str, body: AnswerDispute) -> Response:
    """Withdraw a disputed action, or confirm it."""
    standing = await _begin(work, request_id, action_id, "answer-dispute")
    to = after_dispute(body.outcome)
    if to is ActionState.CANCELLED:
        await _keeper(standing).apply(ACTIONS["cancel"].effects, action=standing.action)
    return await _finish(standing, to, Said({"outcome": body.outcome.value, "reason": body.reason}))


async def request_extension(work: UnitOfWork, request_id: str, action_id: str, body: RequestExtension) -> Response:
    """Ask for more time; one asking at a time."""
    standing = await _begin(work, request_id, action_id, "request-extension")
    action = standing.action
    if action.extension_due_on is not None:
        raise WrongState("An extension was asked for already and is not decided yet.")
    standing.checks.future(body.due_on, "/due_on")
    if body.due_on <= action.due_on:
        standing.checks.fault("not_later", "Give a date after the present due date.", "/due_on")
    standing.checks.refuse_faults()
    action.extension_due_on = body.due_on
    said = Said({"reason": body.reason}, due_on=body.due_on, due_on_before=action.due_on)
    return await _finish(standing, ActionState(action.state), said, due_at=utc_text(end_of(body.due_on)))


async def decide_extension(work: UnitOfWork, request_id: str, action_id: str, body: DecideExtension) -> Response:
    """Grant more time or do not; the old date is kept in the history and in the stopped clock."""
    standing = await _begin(work, request_id, action_id, "decide-extension")
    action, before, asked = standing.action, standing.action.due_on, standing.action.extension_due_on
    if asked is None:
        raise WrongState("No extension was asked for.")
    action.extension_due_on = None
    if body.granted:
        action.due_on = asked
        if ActionState(action.state) is not ActionState.RETURNED:
            await _keeper(standing).move(action, asked)
    said = Said({"granted": body.granted, "reason": body.reason}, due_on=action.due_on, due_on_before=before)
    return await _finish(standing, ActionState(action.state), said, due_at=utc_text(end_of(action.due_on)))


def _note(note: str | None) -> dict[str, Json]:
    return {"note": note} if note is not None else {}
