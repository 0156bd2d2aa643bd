"""Setting actions: by advice, or one by one while the plan is open. Each has its own date, suspects and clock."""

from sqlalchemy import func
from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceAction, EarlyAdviceActionStep
from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.clock_keeping import ClockKeeper, rules_of
from casefile_api.early_advice.clocks import ClockKind, end_of
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.queries import told_of
from casefile_api.early_advice.schemas import SetActionRequest
from casefile_api.early_advice.sealing import Json, Words, seal_words
from casefile_api.early_advice.steps import Checks, Said, by
from casefile_api.early_advice.workflow import ClockEffect, Do
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork


def check_action(checks: Checks, body: SetActionRequest, known: frozenset[str], place: str) -> None:
    """Note what is wrong with an action that is to be set."""
    checks.code("police_request_item_category", body.category, f"{place}/category")
    checks.future(body.due_on, f"{place}/due_on")
    checks.suspects(body.suspect_ids, known, f"{place}/suspect_ids")


async def set_action(work: UnitOfWork, request: EarlyAdviceRequest, body: SetActionRequest) -> EarlyAdviceAction:
    """Set an action: its clock starts, and the police are told."""
    action_id = new_id()
    words: dict[str, Json] = {"description": body.description, "justification": body.justification}
    action = EarlyAdviceAction(
        id=action_id,
        request_id=request.id,
        case_file_id=request.case_file_id,
        number=await _next_number(work, request),
        state=ActionState.OPEN.value,
        category=body.category,
        gating=body.gating,
        due_on=body.due_on,
        suspect_ids=list(body.suspect_ids),
        set_at=work.now,
        updated_at=work.now,
        sealed=await seal_words(work, request.case_file_id, "early_advice_action.sealed", action_id, words),
    )
    work.session.add(action)
    await work.session.flush()
    keeper = ClockKeeper(work.session, rules_of(work.settings), request, work.now)
    await keeper.apply([ClockEffect(Do.START, ClockKind.ACTION)], date_set=body.due_on, action=action)
    due_at = utc_text(end_of(body.due_on))
    await write_action_step(work, action, "set", None, Said({}, version=request.version, due_on=body.due_on))
    await announce_action(work, request, action, "action.set", due_at=due_at)
    return action


async def _next_number(work: UnitOfWork, request: EarlyAdviceRequest) -> int:
    query = select(func.max(col(EarlyAdviceAction.number))).where(EarlyAdviceAction.request_id == request.id)
    return ((await work.session.execute(query)).scalar_one_or_none() or 0) + 1


async def write_action_step(
    work: UnitOfWork, action: EarlyAdviceAction, step: str, before: str | None, said: Said
) -> None:
    """Write a step into the action's history."""
    query = select(func.max(col(EarlyAdviceActionStep.number))).where(EarlyAdviceActionStep.action_id == action.id)
    taken = (await work.session.execute(query)).scalar_one_or_none() or 0
    step_id = new_id()
    words: Words = {"by": dict(by(work.caller)), "said": dict(said.words)}
    work.session.add(
        EarlyAdviceActionStep(
            id=step_id,
            action_id=action.id,
            request_id=action.request_id,
            case_file_id=action.case_file_id,
            number=taken + 1,
            step=step,
            state_from=before,
            state_to=action.state,
            cycle=action.cycle,
            at=work.now,
            organisation=work.caller.organisation,
            unit=work.caller.unit,
            client_id=work.caller.client_id,
            staff_id=work.caller.staff_id,
            version=said.version,
            due_on=said.due_on,
            due_on_before=said.due_on_before,
            sealed=await seal_words(work, action.case_file_id, "early_advice_action_step.sealed", step_id, words),
        )
    )
    await work.session.flush()


async def announce_action(
    work: UnitOfWork, request: EarlyAdviceRequest, action: EarlyAdviceAction, event: str, **members: object
) -> None:
    """Tell the parties what became of an action."""
    await work.record(
        event,
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        action_id=action.id,
        state=action.state,
        **members,
    )
