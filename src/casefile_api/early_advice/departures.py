"""What a CPS unit goes on seeing of a request that left it: the request as it stood then, and nothing newer.

A request leaves a unit by its transfer, or when the police resubmit it after they corrected the case file's unit. What
was shared stays shared; advice is for the parties alone, and the former unit is one no longer. Who sees the whole Area
loses sight when the request leaves the Area, other staff when it leaves their unit. When it comes back, all is seen.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.queries import SEES_WHOLE_AREA
from casefile_api.clock import utc_text
from casefile_api.early_advice.clock_keeping import clock_view, clocks_of
from casefile_api.early_advice.following_models import EarlyAdviceMessage
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceStep, EarlyAdviceUnit
from casefile_api.early_advice.workflow import HOLDER, State
from casefile_api.unit_of_work import UnitOfWork

_KEPT = ("state", "revision", "version", "cps_organisation", "cps_unit", "review_type", "case_type")
_LAST_TOLD = text("select last from event_sequence where case_file_id = :case and organisation = :organisation")


@dataclass(frozen=True)
class LastSeen:
    """A request as it stood when it left the caller's reach: up to which step and message, with its clocks."""

    request: EarlyAdviceRequest
    step: int
    message: int
    clocks: list[dict[str, object]]


def sent_to(caller: Caller, row: type[EarlyAdviceUnit] = EarlyAdviceUnit) -> ColumnElement[bool]:
    """Return the condition on a unit that a request was sent to: it is the caller's, or any of the Area."""
    of_area = col(row.organisation) == caller.organisation
    if caller.has_role(*SEES_WHOLE_AREA):
        return of_area
    return and_(of_area, col(row.unit) == (caller.unit or ""))


def is_with(caller: Caller) -> ColumnElement[bool]:
    """Return the condition on a request: the unit that has it now is the caller's, or one of the Area."""
    of_area = col(EarlyAdviceRequest.cps_organisation) == caller.organisation
    if caller.has_role(*SEES_WHOLE_AREA):
        return of_area
    return and_(of_area, col(EarlyAdviceRequest.cps_unit) == (caller.unit or ""))


async def last_seen(session: AsyncSession, caller: Caller, request: EarlyAdviceRequest) -> LastSeen | None:
    """Return what the caller saw last of a request that left their reach; None while they see it as it is."""
    if caller.kind is not OrganisationKind.CPS:
        return None
    query = (
        select(EarlyAdviceUnit)
        .where(EarlyAdviceUnit.request_id == request.id, sent_to(caller))
        .order_by(col(EarlyAdviceUnit.left_at).desc().nulls_first())
        .limit(1)
    )
    return as_it_left((await session.execute(query)).scalar_one(), request)


def as_it_left(unit: EarlyAdviceUnit, request: EarlyAdviceRequest) -> LastSeen | None:
    """Return the request as it stood when it left the unit; None where it did not."""
    if unit.left_at is None or unit.frozen is None:
        return None
    frozen = unit.frozen
    values = {name: getattr(request, name) for name in EarlyAdviceRequest.model_fields}
    values |= {name: frozen[name] for name in _KEPT}
    values |= {"updated_at": unit.left_at, "prosecutor": None, "due_at": None}
    values["response_due_on"] = date.fromisoformat(frozen["response_due_on"]) if frozen["response_due_on"] else None
    return LastSeen(EarlyAdviceRequest(**values), frozen["step"], frozen["message"], frozen["clocks"])


async def let_go(work: UnitOfWork, request: EarlyAdviceRequest, unit: str, *, revision: int) -> None:
    """Keep for a unit what it saw of the request until now; `revision` is that of the step that takes it away."""
    session = work.session
    row = await session.get(EarlyAdviceUnit, (request.id, unit))
    if row is None:
        raise RuntimeError("a request leaves a unit that it was sent to")
    step = select(func.coalesce(func.max(EarlyAdviceStep.number), 0)).where(EarlyAdviceStep.request_id == request.id)
    message = select(func.coalesce(func.max(EarlyAdviceMessage.number), 0)).where(
        EarlyAdviceMessage.request_id == request.id
    )
    told = await session.execute(_LAST_TOLD, {"case": request.case_file_id, "organisation": row.organisation})
    due_on = request.response_due_on
    kept: dict[str, Any] = {
        **{name: getattr(request, name) for name in _KEPT},
        "revision": revision,
        "with": HOLDER[State(request.state)].value,
        "response_due_on": due_on.isoformat() if due_on else None,
        "step": (await session.execute(step)).scalar_one(),
        "message": (await session.execute(message)).scalar_one(),
        "event": told.scalar_one_or_none() or 0,
        "clocks": [_at_rest(view, work.now) for view in await _clock_views(work, request)],
    }
    row.left_at, row.frozen = work.now, kept
    await session.flush()


async def _clock_views(work: UnitOfWork, request: EarlyAdviceRequest) -> list[dict[str, object]]:
    return [clock_view(row, work.now) for row in await clocks_of(work.session, request.id)]


def _at_rest(view: dict[str, object], now: datetime) -> dict[str, object]:
    """Return a clock as the former unit sees it: what ran then is no longer its deadline, and stopped for it."""
    return {**view, "stopped_at": view["stopped_at"] or utc_text(now)}


def kept(name: str) -> ColumnElement[str]:
    """Return what was kept of a request for a unit that it left, as text, to find by."""
    return cast("ColumnElement[str]", func.jsonb_extract_path_text(col(EarlyAdviceUnit.frozen), name))
