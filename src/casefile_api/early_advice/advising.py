"""The prosecutor reads, asks, advises and completes; the police answer what was asked.

Advice is legally privileged: it is for the parties to the request, immutable once issued, and nobody's before.
"""

from fastapi import Response

from casefile_api.early_advice.action_plan import check_action, set_action
from casefile_api.early_advice.actions_workflow import SETTLED
from casefile_api.early_advice.endorsing import (
    is_shared,
    receipt,
    refuse_missing_material,
    share,
    shared_suspects,
)
from casefile_api.early_advice.models import EarlyAdvice
from casefile_api.early_advice.naming import name_attachments
from casefile_api.early_advice.queries import list_actions
from casefile_api.early_advice.schemas import (
    AdviseRequest,
    CompleteRequest,
    ProvideInformationRequest,
    RequestInformationRequest,
)
from casefile_api.early_advice.sealing import Json, Words, seal_words
from casefile_api.early_advice.steps import Said, Standing, begin, by, due_text, finish, take, tell
from casefile_api.early_advice.workflow import State, after_advice
from casefile_api.errors import WrongState
from casefile_api.unit_of_work import UnitOfWork


async def request_information(work: UnitOfWork, request_id: str, body: RequestInformationRequest) -> Response:
    """Ask the police, who answer by a date; the advice clock waits for them."""
    standing = await begin(work, request_id, "request-information")
    standing.checks.future(body.response_due_on, "/response_due_on")
    standing.checks.refuse_faults()
    due_on = body.response_due_on
    standing.request.response_due_on = due_on
    words: dict[str, Json] = {"questions": list(body.questions), "response_due_on": due_on.isoformat()}
    return await finish(standing, State.INFORMATION_REQUESTED, Said(words, due_on=due_on, due_at=due_text(due_on)))


async def provide_information(work: UnitOfWork, request_id: str, body: ProvideInformationRequest) -> Response:
    """Answer the prosecutor, with a newer version where a supervisor or gatekeeper endorses one."""
    standing = await begin(work, request_id, "provide-information", version=body.version)
    standing.request.response_due_on = None
    proof = await share_newer(standing, body.version) if body.version is not None else None
    words: dict[str, Json] = {"answer": body.answer, **({"receipt": dict(proof)} if proof else {})}
    return await finish(standing, State.ALLOCATED, Said(words, version=body.version, receipt=proof))


async def share_newer(standing: Standing, number: int) -> Words | None:
    """Share a version that the unit does not have, and return its receipt; None where it has it already."""
    work, case, request = standing.work, standing.found.case, standing.request
    if await is_shared(work.session, case.id, number, request.cps_unit):
        return None
    await refuse_missing_material(work, case, number)
    request.version = number
    await share(work, case, number, request)
    return await receipt(work, case, number, work.now)


async def advise_request(work: UnitOfWork, request_id: str, body: AdviseRequest) -> Response:
    """Give advice by topic, and set the actions that it asks for."""
    standing = await begin(work, request_id, "advise")
    request = standing.request
    for index, item in enumerate(body.advice):
        standing.checks.code("advice_topic", item.topic, f"/advice/{index}/topic")
    known = await shared_suspects(work, standing.found.case)
    _check_charges(standing, body, known)
    for index, action in enumerate(body.actions):
        check_action(standing.checks, action, known, f"/actions/{index}")
    standing.checks.refuse_faults()
    await name_attachments(work, request.case_file_id, body.attachment_ids)
    await _issue(standing, body)
    topics = sorted({item.topic for item in body.advice})
    # What is issued goes to the other side: s.62(3) wants to know to whom.
    work.trail.disclosed_to(request.organisation)
    said = Said({"topics": list(topics), "actions": len(body.actions)}, topics)
    await take(standing, after_advice(len(body.actions)), said)
    for action in body.actions:
        await set_action(work, request, action)
    return await tell(standing, said)


def _check_charges(standing: Standing, body: AdviseRequest, known: frozenset[str]) -> None:
    for index, charge in enumerate(body.proposed_charges):
        place = f"/proposed_charges/{index}"
        standing.checks.code("offence", charge.cjs_code, f"{place}/cjs_code")
        standing.checks.suspects(charge.suspect_ids, known, f"{place}/suspect_ids")


async def _issue(standing: Standing, body: AdviseRequest) -> None:
    work, request = standing.work, standing.request
    charges: list[Json] = [charge.model_dump(mode="json", exclude_none=True) for charge in body.proposed_charges]
    words: dict[str, Json] = {
        "by": dict(by(work.caller)),
        "advice": [{"topic": item.topic, "text": item.text} for item in body.advice],
        "strategy": body.strategy,
        "proposed_charges": charges,
    }
    work.session.add(
        EarlyAdvice(
            request_id=request.id,
            case_file_id=request.case_file_id,
            issued_at=work.now,
            organisation=work.caller.organisation,
            unit=work.caller.unit,
            client_id=work.caller.client_id,
            staff_id=work.caller.staff_id,
            topics=sorted({item.topic for item in body.advice}),
            attachment_ids=[str(attachment_id) for attachment_id in body.attachment_ids],
            sealed=await seal_words(work, request.case_file_id, "early_advice.sealed", request.id, words),
        )
    )
    await work.session.flush()


async def complete_request(work: UnitOfWork, request_id: str, body: CompleteRequest) -> Response:
    """Complete the request, once every action is satisfied or cancelled."""
    standing = await begin(work, request_id, "complete")
    actions = await list_actions(work.session, standing.request.id)
    unsettled = [str(action.id) for action in actions if action.state not in SETTLED]
    if unsettled:
        refusal = WrongState("Every action must be satisfied or cancelled before the request is completed.")
        refusal.members = {"state": standing.request.state, "action_ids": unsettled}
        raise refusal
    return await finish(standing, State.COMPLETED, Said({"note": body.note} if body.note is not None else {}))
