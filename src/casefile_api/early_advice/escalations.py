"""Disagreements taken up the ladder: raised by one side with grounds, answered by the other with a reason by a date.

One is open at a time; what was answered may be raised at the next level, where somebody else answers. The answer has
a clock like any other: told when it is near and when it has passed, stopped by the answer and by the request's end.
"""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from sqlmodel import col, select

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceAction
from casefile_api.early_advice.clock_keeping import (
    ClockKeeper,
    clock_view,
    clocks_of_escalations,
    rules_of,
    would_start,
)
from casefile_api.early_advice.clock_models import EarlyAdviceClock
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.following_models import EarlyAdviceEscalation
from casefile_api.early_advice.ladder import (
    ANSWER_CLOCK,
    HIGHEST,
    Subject,
    other_side,
    why_not_answered_by,
    why_not_raised_by,
)
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.openings import refuse_unit_that_passed_it_on
from casefile_api.early_advice.queries import Found, find_request, told_of
from casefile_api.early_advice.schemas import AnswerEscalation, RaiseEscalation
from casefile_api.early_advice.sealing import Words, open_words, seal_words
from casefile_api.early_advice.steps import Checks, by
from casefile_api.early_advice.workflow import ENDED, State
from casefile_api.errors import AlreadyExists, NotFound, NotPermitted, WrongState
from casefile_api.identifiers import new_id, parse_id
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.etags import tag_of

_GROUNDS, _ANSWER = "early_advice_escalation.grounds", "early_advice_escalation.answer"


async def raise_escalation(work: UnitOfWork, request_id: str, body: RaiseEscalation) -> Response:
    """Take a disagreement to the first level, or one that was answered to the next.

    Raises NotFound, NotPermitted, Replayed, WrongState, AlreadyExists or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request, known = found.request, await _known(work, found)
    before = next((row for row in known if row.id == body.previous_id), None)
    level, side = min(before.level + 1, HIGHEST) if before else 1, _side_of(work.caller)
    refuse_unit_that_passed_it_on(work.caller, request)
    if why := why_not_raised_by(level, side, work.caller.roles):
        raise NotPermitted(why)
    await work.first_time()
    _refuse_out_of_turn(request, known, before)
    await _check(work, request, body, before)
    to, identifier = other_side(side), new_id()
    clock = await would_start(work.session, work.settings, ANSWER_CLOCK[to], request, work.now)
    if clock is None:
        raise WrongState("No rule says by when an escalation is answered: have one set.")
    row = EarlyAdviceEscalation(
        id=identifier,
        request_id=request.id,
        case_file_id=request.case_file_id,
        number=len(known) + 1,
        level=level,
        to_side=to.value,
        subject=body.subject.value,
        action_id=body.action_id,
        previous_id=before.id if before else None,
        raised_at=work.now,
        due_at=clock.due_at,
        grounds=await seal_words(
            work,
            request.case_file_id,
            _GROUNDS,
            identifier,
            {"by": dict(by(work.caller)), "grounds": body.grounds},
        ),
    )
    work.session.add(row)
    await work.session.flush()
    started = await _keeper(work, request).escalate(row, clock)
    work.trail.about("early_advice_escalation", identifier)
    await _tell(work, request, row, "early_advice.escalated", due_at=utc_text(row.due_at))
    return work.answer_change(await _view(work, row, started), status=201, etag=_tag(work, row, started))


def _side_of(caller: Caller) -> Side:
    return Side.CPS if caller.kind is OrganisationKind.CPS else Side.POLICE


def _keeper(work: UnitOfWork, request: EarlyAdviceRequest) -> ClockKeeper:
    return ClockKeeper(work.session, rules_of(work.settings), request, work.now)


def _refuse_out_of_turn(
    request: EarlyAdviceRequest, known: Sequence[EarlyAdviceEscalation], before: EarlyAdviceEscalation | None
) -> None:
    state = State(request.state)
    if request.submitted_at is None or state in ENDED:
        refusal = WrongState(f"A request that is {state.value} is not escalated.")
        refusal.members = {"state": state.value}
        raise refusal
    unanswered = next((row for row in known if row.answered_at is None), None)
    if unanswered is not None:
        taken = AlreadyExists("There is an escalation that is not answered yet.")
        taken.members = {"escalation_id": str(unanswered.id)}
        raise taken
    if before is not None and (before.level == HIGHEST or any(row.previous_id == before.id for row in known)):
        raise WrongState("It was raised at the next level already, or was at the highest.")


async def _check(
    work: UnitOfWork, request: EarlyAdviceRequest, body: RaiseEscalation, before: EarlyAdviceEscalation | None
) -> None:
    checks = Checks(work)
    if body.previous_id is not None and before is None:
        checks.fault("unknown_escalation", "Name an escalation of this request.", "/previous_id")
    if before is not None and before.to_side == _side_of(work.caller).value:
        checks.fault("others_escalation", "Take up what your own side raised; raise your own anew.", "/previous_id")
    if (body.subject is Subject.ACTION) != (body.action_id is not None):
        checks.fault("action_and_subject", "Name an action where the subject is one, and only there.", "/action_id")
    if body.action_id is not None:
        action = await work.session.get(EarlyAdviceAction, body.action_id)
        if action is None or action.request_id != request.id:
            checks.fault("unknown_action", "Name an action of this request.", "/action_id")
    checks.refuse_faults()


async def answer_escalation(work: UnitOfWork, request_id: str, escalation_id: str, body: AnswerEscalation) -> Response:
    """Answer at the level that it was raised at.

    Raises NotFound, NotPermitted, Replayed, PreconditionRequired, Stale or WrongState, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request, known = found.request, await _known(work, found)
    wanted = parse_id(escalation_id)
    row = next((one for one in known if one.id == wanted), None)
    if row is None:
        raise NotFound()
    refuse_unit_that_passed_it_on(work.caller, request)
    below = {one.answered_by for one in known if one.level < row.level and one.to_side == row.to_side}
    side, answered_below = _side_of(work.caller), work.caller.staff_id in below
    if why := why_not_answered_by(row.level, Side(row.to_side), side, work.caller.roles, answered_below=answered_below):
        raise NotPermitted(why)
    clock = (await clocks_of_escalations(work.session, request.id)).get(row.id)
    await work.precondition(_tag(work, row, clock))
    if row.answered_at is not None:
        raise WrongState("It was answered already.")
    row.answered_at, row.answered_by, row.outcome = work.now, work.caller.staff_id, body.outcome.value
    words: Words = {"by": dict(by(work.caller)), "reason": body.reason}
    row.answer = await seal_words(work, request.case_file_id, _ANSWER, row.id, words)
    await work.session.flush()
    if clock is not None:
        await _keeper(work, request).stop(clock)
    work.trail.about("early_advice_escalation", row.id)
    await _tell(work, request, row, "early_advice.escalation_answered")
    return work.answer_change(await _view(work, row, clock), etag=_tag(work, row, clock))


async def await_answer_again(work: UnitOfWork, request: EarlyAdviceRequest) -> None:
    """Let the clock of an unanswered escalation run anew: the request was reopened."""
    query = select(EarlyAdviceEscalation).where(
        EarlyAdviceEscalation.request_id == request.id, col(EarlyAdviceEscalation.answered_at).is_(None)
    )
    row = (await work.session.execute(query)).scalar_one_or_none()
    if row is None:
        return
    clock = await would_start(work.session, work.settings, ANSWER_CLOCK[Side(row.to_side)], request, work.now)
    if clock is not None:
        row.due_at = clock.due_at
        await _keeper(work, request).escalate(row, clock)


async def list_escalations(reading: Reading, request_id: str) -> list[dict[str, object]]:
    """Return the escalations of a request, oldest first; who lost sight of it sees those raised until then."""
    found = await find_request(reading, request_id)
    rows = await _known(reading, found)
    clocks = await clocks_of_escalations(reading.session, found.request.id) if rows else {}
    return [
        {**await _view(reading, row, clocks.get(row.id)), "etag": _tag(reading, row, clocks.get(row.id))}
        for row in rows
    ]


async def _known(reading: Reading, found: Found) -> Sequence[EarlyAdviceEscalation]:
    if found.last_seen is not None:
        return []  # what was disputed with the unit that has it now is theirs
    query = select(EarlyAdviceEscalation).where(EarlyAdviceEscalation.request_id == found.request.id)
    return (await reading.session.execute(query.order_by(col(EarlyAdviceEscalation.number)))).scalars().all()


async def _tell(
    work: UnitOfWork, request: EarlyAdviceRequest, row: EarlyAdviceEscalation, event: str, **more: object
) -> None:
    await work.record(
        event,
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        state=request.state,
        escalation_id=row.id,
        level=row.level,
        **more,
    )


def _tag(reading: Reading, row: EarlyAdviceEscalation, clock: EarlyAdviceClock | None) -> str:
    return tag_of(
        {
            "escalation": str(row.id),
            "answered": row.answered_at is not None,
            "stopped": clock is None or clock.stopped_at is not None,
            "organisation": reading.caller.organisation,
        }
    )


async def _view(reading: Reading, row: EarlyAdviceEscalation, clock: EarlyAdviceClock | None) -> dict[str, object]:
    raised = await open_words(reading, row.case_file_id, _GROUNDS, row.id, row.grounds)
    answer = await open_words(reading, row.case_file_id, _ANSWER, row.id, row.answer) if row.answer else {}
    return {
        "id": str(row.id),
        "early_advice_request_id": str(row.request_id),
        "number": row.number,
        "level": row.level,
        "to_side": row.to_side,
        "subject": row.subject,
        "action_id": _text(row.action_id),
        "previous_id": _text(row.previous_id),
        "grounds": raised["grounds"],
        "raised_at": utc_text(row.raised_at),
        "raised_by": raised["by"],
        "due_at": utc_text(row.due_at),
        "clock": clock_view(clock, reading.now) if clock is not None else None,
        "answered_at": utc_text(row.answered_at) if row.answered_at else None,
        "answered_by": answer.get("by"),
        "outcome": row.outcome,
        "reason": answer.get("reason"),
    }


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None
