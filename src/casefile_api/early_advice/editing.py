"""Editing a request while the police hold it: a draft as a whole, a returned one in its words.

What is edited in a returned request is the force's own until it is submitted again: the CPS goes on reading what it
was sent.
"""

from collections.abc import Sequence

from fastapi import Response

from casefile_api.early_advice.asking import keep_words, words_asked
from casefile_api.early_advice.drafting import refuse_faults_of, refuse_second, suspect_set_key
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.queries import find_request
from casefile_api.early_advice.schemas import EditRequest, Question
from casefile_api.early_advice.sealing import Json
from casefile_api.early_advice.stories import request_tag, request_tag_now, request_view
from casefile_api.early_advice.workflow import State
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.unit_of_work import UnitOfWork

_EDITABLE = (State.DRAFT, State.RETURNED)
_ONLY_IN_DRAFT = ("suspect_ids", "method")


async def edit_request(work: UnitOfWork, request_id: str, body: EditRequest) -> Response:
    """Change what a request asks: what is not named stays as it is.

    Raises NotFound, Replayed, PreconditionRequired, Stale, WrongState or Invalid, in this order.
    """
    found = await find_request(work, request_id, lock=True)
    request, case = found.request, found.case
    await work.precondition(await request_tag_now(work, found))
    if State(request.state) not in _EDITABLE:
        refusal = WrongState(
            f"A request that is {request.state} is not edited: only a draft, and one that is returned."
        )
        refusal.members = {"state": request.state}
        raise refusal
    named = body.model_fields_set
    if State(request.state) is State.RETURNED and (fixed := [name for name in _ONLY_IN_DRAFT if name in named]):
        told = "It is fixed once the request was submitted: withdraw it, and open another."
        raise Invalid("This part of the request is fixed.", *(Fault("fixed", told, pointer=f"/{it}") for it in fixed))
    await refuse_faults_of(work, case, body.suspect_ids or [], body.advice_sought or [], body.method)
    if body.suspect_ids is not None and (key := suspect_set_key(body.suspect_ids)) != request.suspect_set_key:
        await refuse_second(work, case, key)
        request.suspect_set_key, request.suspect_ids = key, list(body.suspect_ids)
    if "method" in named:
        request.method = body.method
    await _keep(work, request, body)
    request.revision += 1
    if State(request.state) is State.DRAFT:
        request.updated_at = work.now
    await work.session.flush()
    await work.record(
        "early_advice.edited",
        to=[request.organisation],
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        state=request.state,
    )
    view = await request_view(work, found)
    return work.answer_change(view, etag=request_tag(work.caller, request, case.police_unit, view["prosecutor"]))


async def _keep(work: UnitOfWork, request: EarlyAdviceRequest, body: EditRequest) -> None:
    """Keep the words: of a draft in place, of a returned request beside those that the CPS was sent."""
    words = await words_asked(work, request)
    given: dict[str, Json | None] = {
        "facts": body.facts,
        "issues": body.issues,
        "advice_sought": _as_words(body.advice_sought) if body.advice_sought is not None else None,
    }
    words |= {name: value for name, value in given.items() if value is not None}
    await keep_words(work, request, words, sent=State(request.state) is State.DRAFT)


def _as_words(questions: Sequence[Question]) -> list[Json]:
    return [{"topic": item.topic, "question": item.question} for item in questions]
