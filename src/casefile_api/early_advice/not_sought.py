"""That early advice was not sought where it would be expected, and why: coded, by a supervisor, kept for good.

Early advice is strongly recommended and never compulsory: a case goes on without it, and the reason is on record
(DG6 chapter 7; joint protocol on rape).
"""

from uuid import UUID

from fastapi import Response
from sqlmodel import col, select

from casefile_api.case_files.queries import find_visible
from casefile_api.clock import utc_text
from casefile_api.early_advice.drafting import suspect_set_key
from casefile_api.early_advice.endorsing import content_of_version, suspects_in
from casefile_api.early_advice.following_models import EarlyAdviceNotSought
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.schemas import RecordNotSought
from casefile_api.early_advice.sealing import open_words, seal_words
from casefile_api.early_advice.steps import Checks, by
from casefile_api.early_advice.workflow import State
from casefile_api.errors import WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.pagination import Page

REASONS = "early_advice_not_sought_reason"
_PLACE = "early_advice_not_sought.sealed"


async def record_not_sought(work: UnitOfWork, case_file_id: str, body: RecordNotSought) -> Response:
    """Record why advice is not sought for a set of suspects.

    Raises NotFound, Replayed, WrongState where it was sought, or Invalid, in this order.
    """
    case = await find_visible(work, case_file_id, lock=True)
    record_id = new_id()
    work.trail.about("early_advice_not_sought", None, case_file_id=case.id, owner=case.organisation)
    await work.first_time()
    key = suspect_set_key(body.suspect_ids)
    await _refuse_where_sought(work, case.id, key)
    checks = Checks(work)
    checks.suspects(
        body.suspect_ids, suspects_in(await content_of_version(work, case, case.newest_number)), "/suspect_ids"
    )
    checks.code(REASONS, body.code, "/code")
    checks.refuse_faults()
    words = {"by": dict(by(work.caller)), "reason": body.reason}
    record = EarlyAdviceNotSought(
        id=record_id,
        case_file_id=case.id,
        organisation=case.organisation,
        suspect_set_key=key,
        suspect_ids=list(body.suspect_ids),
        code=body.code,
        recorded_at=work.now,
        client_id=work.caller.client_id,
        staff_id=work.caller.staff_id,
        sealed=await seal_words(work, case.id, _PLACE, record_id, words),
    )
    work.session.add(record)
    await work.session.flush()
    work.trail.about("early_advice_not_sought", record_id)
    await work.record("early_advice.not_sought", to=[case.organisation], case_file_id=case.id, reason=body.code)
    return work.answer_change(await _view(work, record), status=201)


async def _refuse_where_sought(work: UnitOfWork, case_file_id: UUID, key: str) -> None:
    query = select(EarlyAdviceRequest.id).where(
        EarlyAdviceRequest.case_file_id == case_file_id,
        EarlyAdviceRequest.suspect_set_key == key,
        col(EarlyAdviceRequest.state) != State.WITHDRAWN.value,
    )
    sought = (await work.session.execute(query.limit(1))).scalar_one_or_none()
    if sought is not None:
        refusal = WrongState("Early advice is or was sought for these suspects.")
        refusal.members = {"early_advice_request_id": str(sought)}
        raise refusal


async def list_not_sought(
    reading: Reading, case_file_id: str, page: Page
) -> tuple[list[dict[str, object]], tuple[object, ...] | None]:
    """Return a page of what was recorded of a case file, oldest first, and where the next begins."""
    case = await find_visible(reading, case_file_id)
    reading.trail.about("case_file", case.id, case_file_id=case.id, owner=case.organisation)
    query = select(EarlyAdviceNotSought).where(EarlyAdviceNotSought.case_file_id == case.id)
    if (seen := page.after(UUID)) is not None:
        query = query.where(col(EarlyAdviceNotSought.id) > seen[0])
    ordered = query.order_by(col(EarlyAdviceNotSought.id)).limit(page.limit + 1)
    rows = (await reading.session.execute(ordered)).scalars().all()
    shown = rows[: page.limit]
    return [await _view(reading, row) for row in shown], (shown[-1].id,) if len(rows) > page.limit else None


async def _view(reading: Reading, row: EarlyAdviceNotSought) -> dict[str, object]:
    words = await open_words(reading, row.case_file_id, _PLACE, row.id, row.sealed)
    return {
        "id": str(row.id),
        "case_file_id": str(row.case_file_id),
        "suspect_ids": row.suspect_ids,
        "code": row.code,
        "reason": words["reason"],
        "recorded_at": utc_text(row.recorded_at),
        "by": words["by"],
    }
