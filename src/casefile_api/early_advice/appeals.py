"""The appeal against a refusal: an Inspector or above asks, the unit head decides within five working days.

One appeal for each refusal, none after it was upheld; who decides is not who refused (DG6 7; CPS escalation).
"""

from fastapi import Response

from casefile_api.clock import utc_text
from casefile_api.early_advice.clock_keeping import would_start
from casefile_api.early_advice.clocks import ClockKind
from casefile_api.early_advice.schemas import AppealRequest, DecideAppealRequest
from casefile_api.early_advice.steps import Said, begin, finish
from casefile_api.early_advice.workflow import State
from casefile_api.unit_of_work import UnitOfWork


async def appeal_request(work: UnitOfWork, request_id: str, body: AppealRequest) -> Response:
    """Appeal against a refusal."""
    standing = await begin(work, request_id, "appeal")
    clock = await would_start(work.session, work.settings, ClockKind.APPEAL, standing.request, work.now)
    due_at = utc_text(clock.due_at) if clock else None
    return await finish(standing, State.APPEALED, Said({"grounds": body.grounds}, due_at=due_at))


async def uphold_request(work: UnitOfWork, request_id: str, body: DecideAppealRequest) -> Response:
    """Let the refusal stand, for good."""
    standing = await begin(work, request_id, "uphold")
    standing.request.refusal_upheld = True
    return await finish(standing, State.REFUSED, Said({"reason": body.reason}))


async def overturn_request(work: UnitOfWork, request_id: str, body: DecideAppealRequest) -> Response:
    """Set the refusal aside; the request is accepted, and its advice clock starts anew."""
    standing = await begin(work, request_id, "overturn")
    return await finish(standing, State.ACCEPTED, Said({"reason": body.reason}))
