"""Who has read the messages of a request, and up to which: marks that are only added to, seen by both sides."""

from collections.abc import Sequence

from fastapi import Response
from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.following_models import EarlyAdviceMessage, EarlyAdviceReading
from casefile_api.early_advice.openings import refuse_unit_that_passed_it_on
from casefile_api.early_advice.queries import Found, find_request, told_of
from casefile_api.early_advice.schemas import MarkRead
from casefile_api.errors import Fault, Invalid
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import Reading, UnitOfWork


async def mark_read(work: UnitOfWork, request_id: str, body: MarkRead) -> Response:
    """Say that the caller has read the messages up to a number; both sides are told.

    Raises NotFound, NotPermitted, Replayed or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request = found.request
    refuse_unit_that_passed_it_on(work.caller, request)
    await work.first_time()
    query = select(EarlyAdviceMessage.id).where(
        EarlyAdviceMessage.request_id == request.id, EarlyAdviceMessage.number == body.up_to
    )
    message_id = (await work.session.execute(query)).scalar_one_or_none()
    if message_id is None:
        fault = Fault("unknown_message", "Give the number of a message of this thread.", pointer="/up_to")
        raise Invalid("There is no such message.", fault)
    caller = work.caller
    mark = EarlyAdviceReading(
        id=new_id(),
        request_id=request.id,
        case_file_id=request.case_file_id,
        up_to=body.up_to,
        read_at=work.now,
        organisation=caller.organisation,
        client_id=caller.client_id,
        staff_id=caller.staff_id,
    )
    work.session.add(mark)
    await work.session.flush()
    work.trail.about("early_advice_message", message_id)
    await work.record(
        "message.read",
        to=told_of(request),
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        message_id=message_id,
    )
    view = {"early_advice_request_id": str(request.id), "up_to": mark.up_to, "read_at": utc_text(mark.read_at)}
    return work.answer_change(view)


async def marks_of(reading: Reading, found: Found) -> Sequence[EarlyAdviceReading]:
    """Return the marks on a request that the caller sees, oldest first: to who lost sight of it, those until then."""
    query = select(EarlyAdviceReading).where(EarlyAdviceReading.request_id == found.request.id)
    if found.last_seen is not None:
        query = query.where(EarlyAdviceReading.read_at <= found.last_seen.request.updated_at)
    ordered = query.order_by(col(EarlyAdviceReading.read_at), col(EarlyAdviceReading.id))
    return (await reading.session.execute(ordered)).scalars().all()


def read_by(marks: Sequence[EarlyAdviceReading], message: EarlyAdviceMessage) -> list[dict[str, object]]:
    """Return who marked a message as read, each with the first time; who sent it is not told of."""
    first: dict[tuple[str, str | None], EarlyAdviceReading] = {}
    sender = (message.organisation, message.staff_id)
    for mark in marks:
        reader = (mark.organisation, mark.staff_id)
        if mark.up_to >= message.number and reader != sender and mark.read_at >= message.sent_at:
            first.setdefault(reader, mark)
    return [
        {"organisation": organisation, "staff_id": staff_id, "read_at": utc_text(mark.read_at)}
        for (organisation, staff_id), mark in first.items()
    ]
