"""The police open a draft, a supervisor endorses it and sends it to the CPS unit with the newest version."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from casefile_api.canonical import canonical_json
from casefile_api.case_files.commands import touch
from casefile_api.case_files.queries import CaseFileRow, find_visible, refuse_closed
from casefile_api.early_advice.asking import send_edited, words_asked
from casefile_api.early_advice.clocks import london_date
from casefile_api.early_advice.departures import let_go
from casefile_api.early_advice.endorsing import (
    content_of_version,
    receipt,
    refuse_missing_material,
    refuse_unseen,
    share,
    suspects_in,
)
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceUnit
from casefile_api.early_advice.queries import Found
from casefile_api.early_advice.schemas import CreateRequest, Question, SubmitRequest
from casefile_api.early_advice.sealing import Json, Words, seal_words
from casefile_api.early_advice.steps import Checks, Said, Standing, announce, begin, finish, write_step
from casefile_api.early_advice.stories import request_tag, request_view
from casefile_api.early_advice.workflow import ENDED, OPEN, State
from casefile_api.errors import AlreadyExists, Fault, Invalid, NotReady
from casefile_api.file_standards.keeping import Judgement, keep_verdict, rules_in_force
from casefile_api.file_standards.readiness import evaluate
from casefile_api.identifiers import new_id
from casefile_api.organisations.models import Unit
from casefile_api.unit_of_work import Reading, UnitOfWork

STANDARD = "early_advice"


def suspect_set_key(suspect_ids: Sequence[str]) -> str:
    """Return what two requests for the same set of suspects have in common, whatever the order."""
    return hashlib.sha256(canonical_json(sorted(set(suspect_ids)))).hexdigest()


async def create_request(work: UnitOfWork, case_file_id: str, body: CreateRequest) -> Response:
    """Open a draft for a set of suspects, who must be in the newest version."""
    case = await find_visible(work, case_file_id, lock=True)
    work.trail.about("early_advice_request", None, case_file_id=case.id, owner=case.organisation)
    await work.first_time()
    refuse_closed(case)
    key = suspect_set_key(body.suspect_ids)
    await refuse_second(work, case, key)
    await refuse_faults_of(work, case, body.suspect_ids, body.advice_sought, body.method)
    request = await _draft(work, case, key, body)
    work.trail.about("early_advice_request", request.id)
    await write_step(work, request, "create", None, Said({}))
    await announce(work, request, "early_advice.drafted", Said({}), [request.organisation])
    await touch(work, case.id, [request.organisation])
    view = await request_view(work, Found(request, case))
    return work.answer_change(
        view,
        status=201,
        etag=request_tag(work.caller, request, case.police_unit, view["prosecutor"]),
        location=f"/v1/early-advice-requests/{request.id}",
    )


async def refuse_second(work: UnitOfWork, case: CaseFileRow, key: str) -> None:
    """Refuse a second open request for the same suspects.

    Raises AlreadyExists, which names the first.
    """
    query = select(EarlyAdviceRequest.id).where(
        EarlyAdviceRequest.case_file_id == case.id,
        EarlyAdviceRequest.suspect_set_key == key,
        col(EarlyAdviceRequest.state).in_([state.value for state in OPEN]),
    )
    first = (await work.session.execute(query)).scalar_one_or_none()
    if first is not None:
        refusal = AlreadyExists("There is an open request for these suspects; go on with it, or withdraw it.")
        refusal.members = {"early_advice_request_id": str(first)}
        raise refusal


async def refuse_faults_of(
    work: UnitOfWork, case: CaseFileRow, suspect_ids: Sequence[str], questions: Sequence[Question], method: str | None
) -> None:
    """Refuse what is wrong with what a draft asks, place by place.

    Raises Invalid.
    """
    checks = Checks(work)
    known = suspects_in(await content_of_version(work, case, case.newest_number))
    checks.suspects(suspect_ids, known, "/suspect_ids")
    if len(set(suspect_ids)) != len(suspect_ids):
        checks.fault("duplicate", "Name each suspect once.", "/suspect_ids")
    for index, item in enumerate(questions):
        checks.code("advice_topic", item.topic, f"/advice_sought/{index}/topic")
    if method is not None:
        checks.code("consultation_method", method, "/method")
    checks.refuse_faults()


async def _draft(work: UnitOfWork, case: CaseFileRow, key: str, body: CreateRequest) -> EarlyAdviceRequest:
    request_id = new_id()
    words: Words = {
        "facts": body.facts,
        "issues": body.issues,
        "advice_sought": [{"topic": item.topic, "question": item.question} for item in body.advice_sought],
    }
    request = EarlyAdviceRequest(
        id=request_id,
        case_file_id=case.id,
        organisation=case.organisation,
        state=State.DRAFT.value,
        suspect_set_key=key,
        suspect_ids=list(body.suspect_ids),
        method=body.method,
        created_at=work.now,
        created_by=work.caller.subject,
        updated_at=work.now,
        previous_request_id=await _request_before(work, case, key),
        sealed=await seal_words(work, case.id, "early_advice_request.sealed", request_id, words),
    )
    work.session.add(request)
    try:
        await work.session.flush()
    except IntegrityError as fault:  # pragma: no cover - the case file is locked, so only a bug gets here
        raise AlreadyExists("There is an open request for these suspects.") from fault
    return request


async def _request_before(work: UnitOfWork, case: CaseFileRow, key: str) -> UUID | None:
    query = select(EarlyAdviceRequest.id).where(
        EarlyAdviceRequest.case_file_id == case.id,
        EarlyAdviceRequest.suspect_set_key == key,
        col(EarlyAdviceRequest.state).in_([state.value for state in ENDED]),
    )
    newest_first = query.order_by(col(EarlyAdviceRequest.created_at).desc()).limit(1)
    return (await work.session.execute(newest_first)).scalar_one_or_none()


async def judge(reading: Reading, found: Found, number: int) -> Judgement:
    """Judge a version and the request together by the standard for early advice."""
    request, case = found.request, found.case
    words = await words_asked(reading, request)
    envelope: dict[str, Json] = {
        "urn": case.urn,
        "urn_suffix": case.urn_suffix,
        "police_unit": case.police_unit,
        "cps_unit": case.cps_unit,
        "crime_references": list(case.crime_references),
    }
    content = await content_of_version(reading, case, number)
    asked: dict[str, Json] = {**words, "suspect_ids": list(request.suspect_ids)}
    if request.method is not None:
        asked["method"] = request.method
    today = london_date(reading.now)
    rules = await rules_in_force(reading.session, case.organisation, today)
    verdict = evaluate(STANDARD, content, envelope=envelope, request=asked, on=today, rules=rules)
    return Judgement(verdict, rules, today, envelope, asked)


async def submit_request(work: UnitOfWork, request_id: str, body: SubmitRequest) -> Response:
    """Endorse the newest version and send it with the request to the case file's CPS unit."""
    standing = await begin(work, request_id, "submit", version=body.version)
    case, request = standing.found.case, standing.request
    await refuse_missing_material(work, case, body.version)
    judgement = await _refuse_unready(standing, body.version)
    await keep_verdict(work, case.id, body.version, judgement, request_id=request.id)
    unit = await work.session.get(Unit, case.cps_unit)
    if unit is None:
        fault = Fault("unknown_unit", "Correct the case file's cps_unit.")
        raise Invalid("The case file's CPS unit is not known.", fault)
    await refuse_unseen(work, case, unit, "")
    if request.cps_unit is not None and request.cps_unit != unit.id:
        # The force corrected the unit meanwhile: the former one sees the request as it was returned, and no answer.
        await let_go(work, request, request.cps_unit, revision=request.revision + 1)
    request.state = State.SUBMITTED.value
    await send_to(work, request, unit)
    await send_edited(work, request)
    request.version = body.version
    request.submitted_at = request.submitted_at or work.now
    request.response_due_on = None
    await share(work, case, body.version, request)
    proof = await receipt(work, case, body.version, work.now)
    words: Words = {"endorsement": body.endorsement, "receipt": dict(proof)}
    return await finish(standing, State.SUBMITTED, Said(words, version=body.version, receipt=proof))


async def send_to(work: UnitOfWork, request: EarlyAdviceRequest, unit: Unit) -> None:
    """Put the request into a unit's hands; one that had it before sees it as it is again."""
    request.cps_unit = unit.id
    request.cps_organisation = unit.organisation
    await work.session.flush()
    had_before = await work.session.get(EarlyAdviceUnit, (request.id, unit.id))
    if had_before is None:
        work.session.add(
            EarlyAdviceUnit(request_id=request.id, unit=unit.id, organisation=unit.organisation, since=work.now)
        )
    else:
        had_before.left_at = had_before.frozen = None
    await work.session.flush()


async def _refuse_unready(standing: Standing, number: int) -> Judgement:
    """Refuse what the standard has unmet required items for, and return what was met.

    Raises Invalid where a suspect of the request is not in the version, NotReady with the results.
    """
    work, found = standing.work, standing.found
    known = suspects_in(await content_of_version(work, found.case, number))
    if not known.issuperset(found.request.suspect_ids):
        fault = Fault("unknown_suspect", "A suspect of the request is not in this version.", pointer="/version")
        raise Invalid("The request names a suspect who is not in the version.", fault)
    judgement = await judge(work, found, number)
    verdict = judgement.verdict
    if not verdict.ready:
        raise NotReady(
            "The version and the request do not meet the standard for early advice.",
            results=[result.as_body() for result in verdict.results],
            standard=STANDARD,
        )
    return judgement
