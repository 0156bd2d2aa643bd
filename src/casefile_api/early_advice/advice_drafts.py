"""Advice while it is written: each saving is a version of its own, kept, and nobody's but the CPS's.

The prosecutor to whom the request is allocated saves; the unit reads. Nothing is announced, and the police never learn
that there is a draft. What `advise` issues is the advice; drafts stay as they were.
"""

from collections.abc import Sequence

from fastapi import Response
from sqlalchemy import BigInteger, func, literal
from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.following_models import EarlyAdviceDraft
from casefile_api.early_advice.openings import refuse_other_persons
from casefile_api.early_advice.queries import find_request
from casefile_api.early_advice.schemas import SaveAdviceDraft
from casefile_api.early_advice.sealing import open_words, seal_words
from casefile_api.early_advice.steps import Checks, by
from casefile_api.early_advice.workflow import WORKFLOW, State
from casefile_api.errors import NotFound, WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.pagination import Page

_WRITTEN_IN = (State.ALLOCATED, State.INFORMATION_REQUESTED)
_PLACE = "early_advice_draft.sealed"


async def save_draft(work: UnitOfWork, request_id: str, body: SaveAdviceDraft) -> Response:
    """Save the advice as it stands, as the next version of the draft.

    Raises NotFound, NotPermitted, Replayed, WrongState or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request = found.request
    refuse_other_persons(work.caller, request, WORKFLOW["advise"])
    await work.first_time()
    if State(request.state) not in _WRITTEN_IN:
        refusal = WrongState(f"A request that is {request.state} awaits no advice.")
        refusal.members = {"state": request.state}
        raise refusal
    checks = Checks(work)
    for index, item in enumerate(body.advice):
        checks.code("advice_topic", item.topic, f"/advice/{index}/topic")
    checks.refuse_faults()
    draft_id = new_id()
    words = {"by": dict(by(work.caller)), **body.model_dump(mode="json", exclude_none=True)}
    taken = select(func.max(col(EarlyAdviceDraft.number))).where(EarlyAdviceDraft.request_id == request.id)
    draft = EarlyAdviceDraft(
        id=draft_id,
        request_id=request.id,
        case_file_id=request.case_file_id,
        number=((await work.session.execute(taken)).scalar_one_or_none() or 0) + 1,
        saved_at=work.now,
        organisation=work.caller.organisation,
        unit=work.caller.unit,
        client_id=work.caller.client_id,
        staff_id=work.caller.staff_id,
        sealed=await seal_words(work, request.case_file_id, _PLACE, draft_id, words),
    )
    work.session.add(draft)
    await work.session.flush()
    work.trail.about("early_advice_draft", draft_id)
    work.unannounced()
    return work.answer_change(await _view(work, draft), status=201)


async def list_drafts(reading: Reading, request_id: str, page: Page) -> tuple[list[dict[str, object]], int | None]:
    """Return a page of the versions of a draft, oldest first, and the number of the last where there are more.

    A unit that passed the request on has no say in its advice, and sees none of it.
    """
    found = await find_request(reading, request_id)
    if found.last_seen is not None:
        raise NotFound()
    seen = page.after(int)
    query = (
        select(EarlyAdviceDraft)
        .where(
            EarlyAdviceDraft.request_id == found.request.id,
            EarlyAdviceDraft.organisation == reading.caller.organisation,
            col(EarlyAdviceDraft.number) > literal(seen[0] if seen else 0, BigInteger()),
        )
        .order_by(col(EarlyAdviceDraft.number))
        .limit(page.limit + 1)
    )
    rows: Sequence[EarlyAdviceDraft] = (await reading.session.execute(query)).scalars().all()
    shown = rows[: page.limit]
    return [await _view(reading, row) for row in shown], shown[-1].number if len(rows) > page.limit else None


async def _view(reading: Reading, row: EarlyAdviceDraft) -> dict[str, object]:
    words = await open_words(reading, row.case_file_id, _PLACE, row.id, row.sealed)
    return {
        "id": str(row.id),
        "early_advice_request_id": str(row.request_id),
        "number": row.number,
        "saved_at": utc_text(row.saved_at),
        "by": words["by"],
        "advice": words["advice"],
        "strategy": words.get("strategy"),
        "proposed_charges": words["proposed_charges"],
        "actions": words["actions"],
    }
