"""Telling both sides that a deadline is near, has passed, or passed months ago: each once, never of a clock at rest.

The worker calls `raise_due_deadlines` every few seconds. Whether a deadline was told is kept with its clock, in the
transaction of the event, under the lock of its case file: two workers, a worker that was down over the deadline, and
working time that leaps all come to the same events.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from casefile_api.access.permissions import Operation62
from casefile_api.clock import Clock, utc_text
from casefile_api.database import Database
from casefile_api.early_advice.clock_keeping import running
from casefile_api.early_advice.clock_models import EarlyAdviceClock
from casefile_api.unattended import Act, unattended

BATCH = 200


class Deadline(StrEnum):
    """What is told of a clock."""

    APPROACHING = "deadline.approaching"
    BREACHED = "deadline.breached"
    CHASED = "deadline.chased"


_AT_WORK = "from early_advice_clock where stopped_at is null and paused_at is null"
_WHEN = {
    Deadline.APPROACHING: ("warned_at is null and warns_at <= :now", "warns_at"),
    Deadline.BREACHED: ("breach_told_at is null and due_at + interval '1 second' <= :now", "due_at"),
    Deadline.CHASED: ("chase_at <= :now", "chase_at"),
}
_DUE = {
    deadline: text(f"select id, case_file_id {_AT_WORK} and {holds} order by {order}, id limit :limit")
    for deadline, (holds, order) in _WHEN.items()
}
_ANYTHING_DUE = text("select " + " or ".join(f"exists (select {_AT_WORK} and {holds})" for holds, _ in _WHEN.values()))
_RETURNING = "returning request_id, action_id, escalation_id, kind, due_at"
_TAKE = {
    Deadline.APPROACHING: text(
        "update early_advice_clock set warned_at = :now where id = :id and stopped_at is null and paused_at is null"
        f" and warned_at is null and warns_at <= :now {_RETURNING}"
    ),
    Deadline.BREACHED: text(
        "update early_advice_clock set breach_told_at = :now where id = :id and stopped_at is null"
        f" and paused_at is null and breach_told_at is null and due_at + interval '1 second' <= :now {_RETURNING}"
    ),
    # How many months it is, the row says; when the next are over, `_chase_next` reckons.
    Deadline.CHASED: text(
        "update early_advice_clock set chased = chased + 1, chase_at = null where id = :id and stopped_at is null"
        f" and paused_at is null and chase_at <= :now {_RETURNING}, (chase_months->>(chased - 1))::integer as months"
    ),
}
_NEXT_CHASE = text("update early_advice_clock set chase_at = :at where id = :id")
_LOCK_CASE = text("select organisation from case_file where id = :case for update")
_TOLD = text("select cps_organisation from early_advice_request where id = :request and cps_organisation is not null")


@dataclass(frozen=True)
class DueClock:
    """A clock of which something is to be told."""

    id: UUID
    case_file_id: UUID


async def raise_due_deadlines(database: Database, clock: Clock) -> int:
    """Tell of every deadline that is near, has passed or is chased, and was not told yet; return how many were told.

    A deadline that is first looked at when it has passed is told as approaching and then as breached; one that passed
    months ago is told as chased for each month that is told of.
    """
    if not await _anything_due(database, clock):
        return 0
    told = 0
    for deadline in Deadline:
        while due := await _find_due(database, clock, deadline):
            told_now = sum([await _tell(database, clock, deadline, item) for item in due])
            told += told_now
            if told_now == 0:  # others told of them meanwhile
                break
    return told


async def _anything_due(database: Database, clock: Clock) -> bool:
    """Look for all of them at once: at nearly every look there is nothing."""
    async with unattended(database, clock, "find_due_deadlines") as act:
        act.silent = True
        return bool((await act.session.execute(_ANYTHING_DUE, {"now": act.now})).scalar_one())


async def _find_due(database: Database, clock: Clock, deadline: Deadline) -> list[DueClock]:
    async with unattended(database, clock, "find_due_deadlines") as act:
        act.silent = True
        rows = await act.session.execute(_DUE[deadline], {"now": act.now, "limit": BATCH})
        return [DueClock(row.id, row.case_file_id) for row in rows]


async def _tell(database: Database, clock: Clock, deadline: Deadline, due: DueClock) -> bool:
    """Tell of one deadline in a transaction of its own; False where it was told or stopped meanwhile."""
    async with unattended(database, clock, "raise_deadline", Operation62.ALTERATION) as act:
        owner = (await act.session.execute(_LOCK_CASE, {"case": due.case_file_id})).scalar_one()
        taken = (await act.session.execute(_TAKE[deadline], {"id": due.id, "now": act.now})).one_or_none()
        if taken is None:
            act.silent = True
            return False
        if deadline is Deadline.CHASED:
            await _chase_next(act, due)
        await _record(act, deadline, due, owner, _Taken(*taken))
        return True


async def _chase_next(act: Act, due: DueClock) -> None:
    """Say when the answer is chased next, where it is."""
    row = (await act.session.execute(select(EarlyAdviceClock).where(col(EarlyAdviceClock.id) == due.id))).scalar_one()
    await act.session.execute(_NEXT_CHASE, {"id": due.id, "at": running(row).chases_at()})


@dataclass(frozen=True)
class _Taken:
    """A clock that this act tells of."""

    request_id: UUID
    action_id: UUID | None
    escalation_id: UUID | None
    kind: str
    due_at: datetime
    months: int | None = None


async def _record(act: Act, deadline: Deadline, due: DueClock, owner: str, taken: _Taken) -> None:
    request_id, kind = taken.request_id, taken.kind
    areas = (await act.session.execute(_TOLD, {"request": request_id})).scalars()
    whose = {"action_id": taken.action_id, "escalation_id": taken.escalation_id}
    members: dict[str, Any] = {name: value for name, value in whose.items() if value is not None}
    target = ("early_advice_request", request_id)
    if members:
        [(name, identifier)] = members.items()
        target = (f"early_advice_{name.removesuffix('_id')}", identifier)
    act.trail.about(*target, case_file_id=due.case_file_id, owner=owner)
    act.trail.details = {"event": deadline.value, "clock": kind}
    if taken.months is not None:
        members["months"] = taken.months
    await act.record(
        deadline.value,
        to=[owner, *sorted(areas)],
        case_file_id=due.case_file_id,
        early_advice_request_id=request_id,
        clock=kind,
        due_at=utc_text(taken.due_at),
        **members,
    )
