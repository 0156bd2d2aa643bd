"""The thread between officer and prosecutor: append-only, inside the record, seen by the parties alone."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from sqlalchemy import BigInteger, func, literal
from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind, kind_of
from casefile_api.clock import utc_text
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.following_models import EarlyAdviceMessage, EarlyAdviceReading
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.naming import name_attachments
from casefile_api.early_advice.openings import refuse_unit_that_passed_it_on
from casefile_api.early_advice.queries import find_request, told_of
from casefile_api.early_advice.reading_marks import marks_of, read_by
from casefile_api.early_advice.schemas import SendMessageRequest
from casefile_api.early_advice.sealing import Json, open_words, seal_words
from casefile_api.early_advice.steps import Checks, by
from casefile_api.errors import WrongState
from casefile_api.identifiers import new_id
from casefile_api.organisations.models import Staff
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.pagination import Page


async def send_message(work: UnitOfWork, request_id: str, body: SendMessageRequest) -> Response:
    """Send a message to the other side; attachments of the CPS that it names become visible to the police."""
    found = await find_request(work, request_id, lock=True)
    request = found.request
    refuse_unit_that_passed_it_on(work.caller, request)
    await work.first_time()
    if request.submitted_at is None:
        raise WrongState("The request is with nobody yet: submit it first.")
    await _check(work, request, body)
    message_id = new_id()
    work.trail.about("early_advice_message", message_id)
    await name_attachments(work, request.case_file_id, body.attachment_ids)
    message = await _write(work, request, message_id, body)
    work.trail.disclosed_to(*(name for name in told_of(request) if name != work.caller.organisation))
    await work.record(
        "message.sent",
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        message_id=message.id,
    )
    return work.answer_change(await _view(work, message, []), status=201)


async def _check(work: UnitOfWork, request: EarlyAdviceRequest, body: SendMessageRequest) -> None:
    checks = Checks(work)
    if body.to_staff_id is not None:
        sides = [request.organisation, request.cps_organisation]
        query = select(Staff.staff_id).where(Staff.staff_id == body.to_staff_id, col(Staff.organisation).in_(sides))
        if (await work.session.execute(query)).first() is None:
            checks.fault("unknown_staff", "Name a person of one of the two sides.", "/to_staff_id")
    checks.refuse_faults()


async def _write(
    work: UnitOfWork, request: EarlyAdviceRequest, message_id: UUID, body: SendMessageRequest
) -> EarlyAdviceMessage:
    query = select(func.max(col(EarlyAdviceMessage.number))).where(EarlyAdviceMessage.request_id == request.id)
    taken = (await work.session.execute(query)).scalar_one_or_none() or 0
    words: dict[str, Json] = {
        "by": dict(by(work.caller)),
        "text": body.text,
        "to_side": body.to_side or _other_side(work.caller.kind),
        "to_staff_id": body.to_staff_id,
    }
    message = EarlyAdviceMessage(
        id=message_id,
        request_id=request.id,
        case_file_id=request.case_file_id,
        number=taken + 1,
        sent_at=work.now,
        organisation=work.caller.organisation,
        unit=work.caller.unit,
        client_id=work.caller.client_id,
        staff_id=work.caller.staff_id,
        attachment_ids=[str(attachment_id) for attachment_id in body.attachment_ids],
        sealed=await seal_words(work, request.case_file_id, "early_advice_message.sealed", message_id, words),
    )
    work.session.add(message)
    await work.session.flush()
    return message


async def list_messages(reading: Reading, request_id: str, page: Page) -> tuple[list[dict[str, object]], int | None]:
    """Return a page of a request's messages, oldest first, and the number of the last where there are more."""
    found = await find_request(reading, request_id)
    seen = page.after(int)
    conditions = [
        col(EarlyAdviceMessage.request_id) == found.request.id,
        col(EarlyAdviceMessage.number) > literal(seen[0] if seen else 0, BigInteger()),
    ]
    if found.last_seen is not None:
        conditions.append(col(EarlyAdviceMessage.number) <= found.last_seen.message)
    query = select(EarlyAdviceMessage).where(*conditions).order_by(col(EarlyAdviceMessage.number)).limit(page.limit + 1)
    rows: Sequence[EarlyAdviceMessage] = (await reading.session.execute(query)).scalars().all()
    shown = rows[: page.limit]
    marks = await marks_of(reading, found)
    return [await _view(reading, row, marks) for row in shown], shown[-1].number if len(rows) > page.limit else None


def _other_side(kind: OrganisationKind) -> str:
    return (Side.CPS if kind is OrganisationKind.POLICE else Side.POLICE).value


async def _view(reading: Reading, row: EarlyAdviceMessage, marks: Sequence[EarlyAdviceReading]) -> dict[str, object]:
    words = await open_words(reading, row.case_file_id, "early_advice_message.sealed", row.id, row.sealed)
    return {
        "id": str(row.id),
        "early_advice_request_id": str(row.request_id),
        "number": row.number,
        "sent_at": utc_text(row.sent_at),
        "by": words["by"],
        "to_side": words.get("to_side") or _other_side(kind_of(row.organisation)),
        "to_staff_id": words["to_staff_id"],
        "text": words["text"],
        "attachment_ids": row.attachment_ids,
        "read_by": read_by(marks, row),
    }
