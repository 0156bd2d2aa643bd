"""What became of the suspects of a request: charged, no further action, disposed of out of court; told by the police.

Each is told of one suspect and kept for good; the newest of a suspect stands. It is told to every request of the case
that was submitted for the suspect, so that each is linked to what came of it. Where a version of the case file shows
the charge, its day need not be given again.
Source: the outcome set per suspect (Director's Guidance; CPS decisions); status is per suspect.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from fastapi import Response
from sqlalchemy import text
from sqlmodel import col, select

from casefile_api.case_files.queries import CaseFileRow
from casefile_api.early_advice.clocks import london_date
from casefile_api.early_advice.following_models import EarlyAdviceOutcome
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.outcome_views import PLACE, outcome_view, outcomes_shown
from casefile_api.early_advice.queries import find_request, told_of
from casefile_api.early_advice.schemas import RecordOutcome
from casefile_api.early_advice.sealing import seal_words
from casefile_api.early_advice.steps import Checks, by
from casefile_api.errors import WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import Reading, UnitOfWork

CHARGED = "CHARGE"
_CODES = "referral_outcome"
_SHOWN = text("select charged_on from case_file_charge where case_file_id = :id and suspect_id = :suspect")


async def record_outcome(work: UnitOfWork, request_id: str, body: RecordOutcome) -> Response:
    """Record what became of a suspect, for each request of the case that was submitted for them.

    Raises NotFound, Replayed, WrongState before the first submission, or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    await work.first_time()
    request = found.request
    if request.submitted_at is None:
        refusal = WrongState("An outcome is that of a request which was submitted.")
        refusal.members = {"state": request.state}
        raise refusal
    day = await _decided_on(work, request, found.case, body)
    told: dict[UUID, EarlyAdviceOutcome] = {}
    for each in await _submitted_for(work, request, body.suspect_id):
        told[each.id] = await _tell(work, each, body, day)
    row = told[request.id]
    work.trail.about("early_advice_request", request.id)
    work.trail.details = {"outcome": body.outcome, "requests": len(told)}
    return work.answer_change(await outcome_view(work, request, row, stands=True), status=201)


async def _decided_on(work: UnitOfWork, request: EarlyAdviceRequest, case: CaseFileRow, body: RecordOutcome) -> date:
    """Return the day of an outcome: as given, or as a version shows the charge.

    Raises Invalid.
    """
    checks = Checks(work)
    if body.suspect_id not in request.suspect_ids:
        checks.fault("unknown_suspect", "Name a suspect of the request.", "/suspect_id")
    checks.code(_CODES, body.outcome, "/outcome")
    day, today = body.decided_on, london_date(work.now)
    if day is None and body.outcome == CHARGED:
        shown = await work.session.execute(_SHOWN, {"id": case.id, "suspect": body.suspect_id})
        day = shown.scalar_one_or_none()
    if day is None:
        checks.fault("required", "Give the day of the decision: no version shows it.", "/decided_on")
    elif day > today:
        checks.fault("in_future", "Give a day that is not after today.", "/decided_on")
    checks.refuse_faults()
    return day or today


async def _submitted_for(
    work: UnitOfWork, request: EarlyAdviceRequest, suspect_id: str
) -> Sequence[EarlyAdviceRequest]:
    """Return the requests of the case file that were submitted for a suspect, this one among them."""
    query = (
        select(EarlyAdviceRequest)
        .where(
            EarlyAdviceRequest.case_file_id == request.case_file_id,
            col(EarlyAdviceRequest.submitted_at).is_not(None),
            col(EarlyAdviceRequest.suspect_ids).op("?")(suspect_id),
        )
        .order_by(col(EarlyAdviceRequest.id))
    )
    return (await work.session.execute(query)).scalars().all()


async def _tell(work: UnitOfWork, request: EarlyAdviceRequest, body: RecordOutcome, day: date) -> EarlyAdviceOutcome:
    request.revision += 1
    request.updated_at = work.now
    identifier = new_id()
    words = {"by": dict(by(work.caller)), "reason": body.reason}
    row = EarlyAdviceOutcome(
        id=identifier,
        request_id=request.id,
        case_file_id=request.case_file_id,
        suspect_id=body.suspect_id,
        code=body.outcome,
        decided_on=day,
        recorded_at=work.now,
        organisation=work.caller.organisation,
        client_id=work.caller.client_id,
        staff_id=work.caller.staff_id,
        sealed=await seal_words(work, request.case_file_id, PLACE, identifier, words),
    )
    work.session.add(row)
    await work.session.flush()
    await work.record(
        "early_advice.outcome_recorded",
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        state=request.state,
        outcome=body.outcome,
    )
    return row


async def list_outcomes(reading: Reading, request_id: str) -> list[dict[str, object]]:
    """Return what was told of the suspects of a request, oldest first; who lost sight of it is told nothing newer."""
    found = await find_request(reading, request_id)
    return [] if found.last_seen is not None else await outcomes_shown(reading, found.request)
