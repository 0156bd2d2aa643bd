"""How a request ends other than by advice, and how it is taken up again: withdrawn, finalised, reopened."""

from fastapi import Response

from casefile_api.early_advice.advising import share_newer
from casefile_api.early_advice.clock_keeping import ClockKeeper, rules_of, would_start
from casefile_api.early_advice.clocks import ClockKind, london_date
from casefile_api.early_advice.drafting import refuse_second
from casefile_api.early_advice.endorsing import is_shared
from casefile_api.early_advice.escalations import await_answer_again
from casefile_api.early_advice.openings import Unsettled, date_awaited, timely
from casefile_api.early_advice.queries import unsettled_of
from casefile_api.early_advice.schemas import FinaliseRequest, ReopenRequest, WithdrawRequest
from casefile_api.early_advice.sealing import Json
from casefile_api.early_advice.steps import Said, Standing, begin, finish
from casefile_api.early_advice.workflow import ClockEffect, Do, State
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.unit_of_work import UnitOfWork


async def withdraw_request(work: UnitOfWork, request_id: str, body: WithdrawRequest) -> Response:
    """Withdraw a request; what was shared stays shared."""
    standing = await begin(work, request_id, "withdraw")
    return await finish(standing, State.WITHDRAWN, Said({"reason": body.reason}))


async def finalise_request(work: UnitOfWork, request_id: str, body: FinaliseRequest) -> Response:
    """Finalise administratively what the police left unanswered past its date; not a legal decision."""
    standing = await begin(work, request_id, "finalise")
    request = standing.request
    unsettled = (await unsettled_of(work.session, [request])).get(request.id, Unsettled())
    if not timely(request, "finalise", unsettled, work.now):
        day = date_awaited(request, unsettled)
        told = f"The date, {day.isoformat()}, has not passed." if day else "No answer is awaited: complete the request."
        refusal = WrongState(told)
        refusal.members = {"state": request.state, "date": day.isoformat() if day else None}
        raise refusal
    request.state_before = request.state
    return await finish(standing, State.ADMINISTRATIVELY_FINALISED, Said({"reason": body.reason}))


async def reopen_request(work: UnitOfWork, request_id: str, body: ReopenRequest) -> Response:
    """Take up a finalised request where it was left, with a version that the CPS does not have yet."""
    standing = await begin(work, request_id, "reopen", version=body.version)
    request, case = standing.request, standing.found.case
    await refuse_second(work, case, request.suspect_set_key)
    if await is_shared(work.session, case.id, body.version, request.cps_unit):
        fault = Fault("not_newer", "Add a version first; the CPS has this one.", pointer="/version")
        raise Invalid("A request is reopened with a newer version.", fault)
    proof = await share_newer(standing, body.version)
    to = State(request.state_before or State.RETURNED)
    request.state_before = None
    await _await_answer_again(standing, to)
    words: dict[str, Json] = {"reason": body.reason, **({"receipt": dict(proof)} if proof else {})}
    return await finish(standing, to, Said(words, version=body.version, receipt=proof))


async def _await_answer_again(standing: Standing, to: State) -> None:
    """Start the clocks that finalising stopped: the police's answer by the usual days, each action's by its date."""
    work, request = standing.work, standing.request
    await await_answer_again(work, request)
    keeper = ClockKeeper(work.session, rules_of(work.settings), request, work.now)
    if to is State.ACTION_PLAN_OPEN:
        await keeper.restart_actions()
        return
    clock = await would_start(work.session, work.settings, ClockKind.POLICE_RESPONSE, request, work.now)
    request.response_due_on = clock.due_on if clock else london_date(work.now)
    effect = ClockEffect(Do.START, ClockKind.POLICE_RESPONSE)
    await keeper.apply([effect], date_set=request.response_due_on)
