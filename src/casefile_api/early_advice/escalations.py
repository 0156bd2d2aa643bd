"""Disagreements taken up the ladder: raised by the police with grounds, answered by the CPS with a reason by a date.

One is open at a time; what was answered may be raised at the next level, where somebody else answers.
"""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.clock_keeping import would_start
from casefile_api.early_advice.clocks import ClockKind
from casefile_api.early_advice.ladder import HIGHEST, Subject, why_not_answered_by, why_not_raised_by
from casefile_api.early_advice.models import EarlyAdviceAction, EarlyAdviceEscalation, EarlyAdviceRequest
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
    level = min(before.level + 1, HIGHEST) if before else 1
    if why := why_not_raised_by(level, work.caller.roles):
        raise NotPermitted(why)
    await work.first_time()
    _refuse_out_of_turn(request, known, before)
    await _check(work, request, body, before)
    clock = await would_start(work.session, work.settings, ClockKind.APPEAL, request, work.now)
    if clock is None:
        raise WrongState("No rule says by when the unit answers: have one set for appeals.")
    identifier = new_id()
    row = EarlyAdviceEscalation(
        id=identifier,
        request_id=request.id,
        case_file_id=request.case_file_id,
        number=len(known) + 1,
        level=level,
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
    work.trail.about("early_advice_escalation", identifier)
    await _tell(work, request, row, "early_advice.escalated", due_at=utc_text(row.due_at))
    return work.answer_change(await _view(work, row), status=201, etag=_tag(work, row))


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
    below = {one.answered_by for one in known if one.level < row.level}
    if why := why_not_answered_by(row.level, work.caller.roles, answered_below=work.caller.staff_id in below):
        raise NotPermitted(why)
    await work.precondition(_tag(work, row))
    if row.answered_at is not None:
        raise WrongState("It was answered already.")
    row.answered_at, row.answered_by, row.outcome = work.now, work.caller.staff_id, body.outcome.value
    words: Words = {"by": dict(by(work.caller)), "reason": body.reason}
    row.answer = await seal_words(work, request.case_file_id, _ANSWER, row.id, words)
    await work.session.flush()
    work.trail.about("early_advice_escalation", row.id)
    await _tell(work, request, row, "early_advice.escalation_answered")
    return work.answer_change(await _view(work, row), etag=_tag(work, row))


async def list_escalations(reading: Reading, request_id: str) -> list[dict[str, object]]:
    """Return the escalations of a request, oldest first; who lost sight of it sees those raised until then."""
    found = await find_request(reading, request_id)
    rows = await _known(reading, found)
    return [{**await _view(reading, row), "etag": _tag(reading, row)} for row in rows]


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


def _tag(reading: Reading, row: EarlyAdviceEscalation) -> str:
    answered = row.answered_at is not None
    return tag_of({"escalation": str(row.id), "answered": answered, "organisation": reading.caller.organisation})


async def _view(reading: Reading, row: EarlyAdviceEscalation) -> dict[str, object]:
    raised = await open_words(reading, row.case_file_id, _GROUNDS, row.id, row.grounds)
    answer = await open_words(reading, row.case_file_id, _ANSWER, row.id, row.answer) if row.answer else {}
    return {
        "id": str(row.id),
        "early_advice_request_id": str(row.request_id),
        "number": row.number,
        "level": row.level,
        "subject": row.subject,
        "action_id": _text(row.action_id),
        "previous_id": _text(row.previous_id),
        "grounds": raised["grounds"],
        "raised_at": utc_text(row.raised_at),
        "raised_by": raised["by"],
        "due_at": utc_text(row.due_at),
        "answered_at": utc_text(row.answered_at) if row.answered_at else None,
        "answered_by": answer.get("by"),
        "outcome": row.outcome,
        "reason": answer.get("reason"),
    }


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None
