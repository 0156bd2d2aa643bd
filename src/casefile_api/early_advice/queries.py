"""Finding a request for a caller, with its actions and its people. What the caller may not see does not exist.

The police see the requests of case files that they see. The CPS sees a request once it was sent to one of its units;
when it has left them, they go on seeing it as it stood then. A draft is nobody's but the force's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    exists,
    func,
    literal,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.admission import broken_glass_of, let_in
from casefile_api.case_files.models import CaseFile
from casefile_api.case_files.queries import CaseFileRow, find_visible, sight_of, visible_to
from casefile_api.early_advice.action_models import EarlyAdviceAction
from casefile_api.early_advice.actions_workflow import SETTLED
from casefile_api.early_advice.departures import LastSeen, last_seen, sent_to
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceUnit
from casefile_api.early_advice.openings import Unsettled
from casefile_api.early_advice.workflow import State
from casefile_api.errors import NotFound
from casefile_api.identifiers import parse_id
from casefile_api.organisations.models import Staff
from casefile_api.unit_of_work import Reading


@dataclass(frozen=True)
class Found:
    """A request with its case file, and where it left the caller's reach, what they saw of it last."""

    request: EarlyAdviceRequest
    case: CaseFileRow
    last_seen: LastSeen | None = None


def request_visible_to(caller: Caller) -> ColumnElement[bool]:
    """Return the condition on a request (joined with its case file) that the caller may see it."""
    if caller.kind is OrganisationKind.CPS:
        sent = exists().where(col(EarlyAdviceUnit.request_id) == EarlyAdviceRequest.id, sent_to(caller))
        return and_(sent, on_case(caller, let_in("case_file")))
    # A request is of the force of its case file: said of both, so that the queue is walked in its own order.
    return and_(
        col(EarlyAdviceRequest.organisation) == caller.organisation, on_case(caller, visible_to(caller, "case_file"))
    )


def on_case(caller: Caller, condition: str) -> ColumnElement[bool]:
    """Return a condition on the case file of a request, with the values it names."""
    bound = {name: value for name, value in sight_of(caller).items() if f":{name}" in condition}
    return cast("ColumnElement[bool]", text(condition).bindparams(**bound))


def broken_glass(caller: Caller) -> ColumnElement[UUID | None]:
    """Return the opening by break-glass through which a case file is seen, if it is."""
    return cast("ColumnElement[UUID | None]", on_case(caller, broken_glass_of("case_file")))


async def find_request(reading: Reading, request_id: str, *, lock: bool = False) -> Found:
    """Find a request that the caller may see, as they see it; for a change, as it is, the case file being locked first.

    Raises NotFound.
    """
    wanted = parse_id(request_id)
    reading.trail.about("early_advice_request", wanted)
    known = await reading.session.get(EarlyAdviceRequest, wanted)
    if known is None:
        raise NotFound()
    reading.trail.about("early_advice_request", wanted, case_file_id=known.case_file_id, owner=known.organisation)
    case = await find_visible(reading, known.case_file_id, lock=lock)
    query = (
        select(EarlyAdviceRequest)
        .join(CaseFile, col(CaseFile.id) == EarlyAdviceRequest.case_file_id)
        .where(EarlyAdviceRequest.id == wanted, request_visible_to(reading.caller))
    )
    request = (await reading.session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    reading.trail.about("early_advice_request", wanted)
    if request is None:
        raise NotFound()
    found = await as_seen(reading, request, case)
    return Found(request, case, found.last_seen) if lock else found


async def as_seen(reading: Reading, request: EarlyAdviceRequest, case: CaseFileRow) -> Found:
    """Return a request as the caller sees it: as it is, or as it stood when it left their reach."""
    left = await last_seen(reading.session, reading.caller, request)
    return Found(left.request if left else request, case, left)


async def find_action(reading: Reading, found: Found, action_id: str) -> EarlyAdviceAction:
    """Find an action of a request that was found; to who lost sight of the request before advice there is none.

    Raises NotFound.
    """
    query = select(EarlyAdviceAction).where(
        EarlyAdviceAction.id == parse_id(action_id), EarlyAdviceAction.request_id == found.request.id
    )
    action = (await reading.session.execute(query)).scalar_one_or_none()
    if action is None or found.last_seen is not None:
        raise NotFound()
    reading.trail.about("early_advice_action", action.id)
    return action


async def list_actions(
    session: AsyncSession, request_id: UUID, *, after: int = 0, limit: int | None = None
) -> Sequence[EarlyAdviceAction]:
    """Return the actions of a request in the order in which they were set."""
    query = select(EarlyAdviceAction).where(
        EarlyAdviceAction.request_id == request_id, EarlyAdviceAction.number > literal(after, BigInteger())
    )
    return (await session.execute(query.order_by(col(EarlyAdviceAction.number)).limit(limit))).scalars().all()


async def unsettled_of(session: AsyncSession, requests: Iterable[EarlyAdviceRequest]) -> dict[UUID, Unsettled]:
    """Return the unsettled actions of those requests whose plan is open."""
    wanted = [request.id for request in requests if request.state == State.ACTION_PLAN_OPEN]
    if not wanted:
        return {}
    action = EarlyAdviceAction
    query = (
        select(action.request_id, func.count(), func.max(action.due_on))
        .where(col(action.request_id).in_(wanted), col(action.state).not_in([state.value for state in SETTLED]))
        .group_by(col(action.request_id))
    )
    return {request_id: Unsettled(count, last) for request_id, count, last in (await session.execute(query)).all()}


async def prosecutors_of(
    session: AsyncSession, requests: Iterable[EarlyAdviceRequest]
) -> dict[tuple[str, str], dict[str, str]]:
    """Return the prosecutors of requests, as they are shown, by Area and staff id."""
    wanted = {(it.cps_organisation, it.prosecutor) for it in requests if it.cps_organisation and it.prosecutor}
    if not wanted:
        return {}
    query = select(Staff).where(tuple_(col(Staff.organisation), col(Staff.staff_id)).in_(wanted))
    found = (await session.execute(query)).scalars()
    return {
        (person.organisation, person.staff_id): {
            "staff_id": person.staff_id,
            "name": person.name,
            **({"rank": person.rank} if person.rank else {}),
        }
        for person in found
    }


def told_of(request: EarlyAdviceRequest) -> list[str]:
    """Return the organisations that are told of a request: the force, and the Area that has it now."""
    return [request.organisation, *([request.cps_organisation] if request.cps_organisation else [])]
