"""The lists that people work from, of either side: mine, my unit's, nobody's yet, due today, overdue, elsewhere.

One row for each list: its condition on a request that is open. The queue is filtered by them, and the same conditions
count. Source: the queues of CPS case management and of police case-building units.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import ColumnElement, and_, false, text
from sqlmodel import col

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.models import CaseFile
from casefile_api.early_advice.clocks import Side, end_of, london_date, start_of
from casefile_api.early_advice.models import OPEN_REQUEST, EarlyAdviceRequest
from casefile_api.early_advice.workflow import HOLDER, State


class WorkList(StrEnum):
    """A list that somebody works from."""

    MINE = "mine"
    MY_UNIT = "my_unit"
    UNALLOCATED = "unallocated"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    WITH_OTHER_SIDE = "with_other_side"


Condition = ColumnElement[bool]
_request = EarlyAdviceRequest


def _mine(caller: Caller, now: datetime) -> Condition:
    """The prosecutor it is allocated to; on the police side who asked."""
    if caller.kind is OrganisationKind.CPS:
        return col(_request.prosecutor) == (caller.staff_id or "")
    return col(_request.created_by) == caller.subject


def _my_unit(caller: Caller, now: datetime) -> Condition:
    if caller.unit is None:
        return false()
    of_cps = caller.kind is OrganisationKind.CPS
    return col(_request.cps_unit if of_cps else CaseFile.police_unit) == caller.unit


def _unallocated(caller: Caller, now: datetime) -> Condition:
    """Accepted, and no prosecutor has it yet."""
    return and_(col(_request.state) == State.ACCEPTED.value, col(_request.prosecutor).is_(None))


def _due_today(caller: Caller, now: datetime) -> Condition:
    """The next deadline falls within today, London time, also where its hour is past."""
    today = london_date(now)
    return and_(col(_request.due_at) >= start_of(today), col(_request.due_at) <= end_of(today))


def _overdue(caller: Caller, now: datetime) -> Condition:
    """A deadline that still runs has passed: its last second is over."""
    return col(_request.due_at) + text("interval '1 second'") <= now


def _with_other_side(caller: Caller, now: datetime) -> Condition:
    other = Side.POLICE if caller.kind is OrganisationKind.CPS else Side.CPS
    return col(_request.state).in_([state.value for state, side in HOLDER.items() if side is other])


_LISTS: Mapping[WorkList, Callable[[Caller, datetime], Condition]] = {
    WorkList.MINE: _mine,
    WorkList.MY_UNIT: _my_unit,
    WorkList.UNALLOCATED: _unallocated,
    WorkList.DUE_TODAY: _due_today,
    WorkList.OVERDUE: _overdue,
    WorkList.WITH_OTHER_SIDE: _with_other_side,
}


def is_open() -> Condition:
    """Return the condition that a request is open, in the words of the indexes on what is open."""
    return cast("Condition", text(f"early_advice_request.{OPEN_REQUEST}"))


def on_list(wanted: WorkList, caller: Caller, now: datetime) -> Condition:
    """Return the condition on a request (joined with its case file) that it is open and on the caller's list."""
    return and_(is_open(), _LISTS[wanted](caller, now))
