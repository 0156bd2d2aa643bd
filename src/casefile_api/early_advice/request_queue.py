"""The queue: the requests that a caller sees, newest change first or by deadline, as they see them.

What the caller may not see does not exist; what left their reach stands as it stood then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    and_,
    exists,
    join,
    not_,
    or_,
    outerjoin,
    tuple_,
)
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.admission import let_in
from casefile_api.case_files.models import CaseFile
from casefile_api.case_files.queries import visible_to
from casefile_api.early_advice.clocks import Side, start_of
from casefile_api.early_advice.departures import LastSeen, as_it_left, is_with, kept, sent_to
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceUnit
from casefile_api.early_advice.queries import broken_glass, on_case
from casefile_api.early_advice.work_lists import WorkList, is_open, on_list
from casefile_api.early_advice.workflow import HOLDER, State
from casefile_api.unit_of_work import Reading
from casefile_api.web.pagination import Page

# Where a request stands in the order of deadlines of which none runs: after all that have one.
_NEVER = datetime.max.replace(tzinfo=UTC)
# How much further each step along the queue goes than the one before, and no step further than so many.
_LONGER, _LONGEST_STEP = 4, 10_000


@dataclass(frozen=True)
class Listed:
    """A request of the queue, as the caller sees it, with its case file's police unit."""

    request: EarlyAdviceRequest
    police_unit: str
    last_seen: LastSeen | None = None
    broken_glass: UUID | None = None

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where in the queue it stands."""
        return self.request.updated_at, self.request.id

    def keys(self, *, by_deadline: bool) -> tuple[object, ...]:
        """Where a list ordered by deadline, or by last change, goes on after it."""
        return ("due_at", self.request.due_at or _NEVER, self.request.id) if by_deadline else self.place


@dataclass(frozen=True)
class Queue:
    """What part of the queue is asked for."""

    unit: str | None = None
    state: State | None = None
    holder: Side | None = None
    due_before: date | datetime | None = None
    assigned_to: str | None = None
    case_file_id: str | None = None
    work_list: WorkList | None = None
    by_deadline: bool = False

    def as_asked(self) -> dict[str, str]:
        """Return what was asked for, as the log keeps it: it names the filter of a person and keeps no person."""
        asked = {
            "unit": self.unit,
            "state": self.state.value if self.state else None,
            "with": self.holder.value if self.holder else None,
            "due_before": self.due_before.isoformat() if self.due_before else None,
            "case_file_id": self.case_file_id,
            "queue": self.work_list.value if self.work_list else None,
            "sort": "due_at" if self.by_deadline else None,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True)
class _Way:
    """An order in which a queue is gone along, and what of it lies on that way."""

    keys: tuple[Mapped[Any], ...]
    on_it: tuple[ColumnElement[bool], ...] = ()
    newest_first: bool = False
    # What is the same all along it, and comes first in the index that it is read off.
    alike: tuple[Mapped[Any], ...] = ()

    def ordered(self, keys: Sequence[Mapped[Any] | ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        """Return these in the order of the way."""
        return [key.desc() if self.newest_first else key.asc() for key in keys]

    def beyond(self, after: tuple[Any, ...]) -> ColumnElement[bool]:
        """Return the condition on what comes after a place."""
        place, last = tuple_(*self.keys), tuple_(*after)
        return place < last if self.newest_first else place > last


_BY_CHANGE = _Way((col(EarlyAdviceRequest.updated_at), col(EarlyAdviceRequest.id)), newest_first=True)
_BY_DEADLINE = _Way(
    (col(EarlyAdviceRequest.due_at), col(EarlyAdviceRequest.id)),
    (is_open(), col(EarlyAdviceRequest.due_at).is_not(None)),
)
_WITHOUT_DEADLINE = _Way(
    (col(EarlyAdviceRequest.id),),
    (is_open(), col(EarlyAdviceRequest.due_at).is_(None)),
    alike=(col(EarlyAdviceRequest.due_at),),
)


async def list_queue(reading: Reading, queue: Queue, page: Page) -> list[Listed]:
    """Return the requests that the caller sees, as they see them, newest change first: a page and one more.

    By deadline: the soonest first, and last those of which none runs.
    """
    if queue.by_deadline:
        return await _list_by_deadline(reading, queue, page)
    listed = await _list_present(reading, queue, page)
    if reading.caller.kind is OrganisationKind.CPS:
        listed += await _list_departed(reading, queue, page)
    return sorted(listed, key=lambda item: item.place, reverse=True)[: page.limit + 1]


async def _list_present(reading: Reading, queue: Queue, page: Page) -> list[Listed]:
    """Return the requests that the caller sees as they are."""
    return await _go_along(reading, queue, _BY_CHANGE, page.after(datetime, UUID), page.limit + 1)


async def _list_by_deadline(reading: Reading, queue: Queue, page: Page) -> list[Listed]:
    """Return the open requests, the soonest deadline first, and then those that wait for none; none of what left."""
    seen, wanted = page.after(str, datetime, UUID), page.limit + 1
    listed: list[Listed] = []
    if seen is None or seen[1] < _NEVER:
        listed = await _go_along(reading, queue, _BY_DEADLINE, seen[1:] if seen is not None else None, wanted)
    if len(listed) < wanted:
        after = seen[2:] if seen is not None and seen[1] == _NEVER else None
        listed += await _go_along(reading, queue, _WITHOUT_DEADLINE, after, wanted - len(listed))
    return listed


async def _go_along(
    reading: Reading, queue: Queue, way: _Way, after: tuple[Any, ...] | None, wanted: int
) -> list[Listed]:
    """Return the next requests of a way that the caller sees.

    Those of the caller's place are gone along in order, each step further than the one before, until there are enough:
    what can be seen of them is asked of those at hand alone.
    """
    listed: list[Listed] = []
    keys, step = len(way.keys), wanted
    while True:
        rows = (await reading.session.execute(_step(reading, queue, way, after, step))).all()
        found = (tuple(row)[keys:] for row in rows)
        listed += [Listed(request, unit, broken_glass=glass) for request, unit, glass in found if request]
        if len(listed) >= wanted or len(rows) < step:
            return listed[:wanted]
        after, step = tuple(rows[-1])[:keys], min(step * _LONGER, _LONGEST_STEP)


def _step(reading: Reading, queue: Queue, way: _Way, after: tuple[Any, ...] | None, step: int) -> Executable:
    """Return the next requests of the caller's place, each as it can be seen, or not at all."""
    caller, request = reading.caller, EarlyAdviceRequest
    cps = caller.kind is OrganisationKind.CPS
    police_unit = col(CaseFile.police_unit)
    place = [is_with(caller) if cps else col(request.organisation) == caller.organisation, *_asked(queue), *way.on_it]
    if after is not None:
        place.append(way.beyond(after))
    walked = select(*way.keys).where(*place).order_by(*way.alike, *way.ordered(way.keys)).limit(step).subquery("walked")
    visible = let_in("case_file") if cps else visible_to(caller, "case_file")
    conditions = [walked.c.id == request.id, on_case(caller, visible), *_asked_of_case(reading, queue)]
    seen = join(request, CaseFile, col(CaseFile.id) == request.case_file_id)
    shown = (*walked.c, request, police_unit, broken_glass(caller))
    return (
        sqlalchemy_select(*shown)
        .select_from(outerjoin(walked, seen, and_(*conditions)))
        .order_by(*way.ordered(tuple(walked.c)))
    )


async def _list_departed(reading: Reading, queue: Queue, page: Page) -> list[Listed]:
    """Return the requests that left the caller's reach, by how they stood when they left it last.

    They have no prosecutor and no deadline that runs, so that they are in no list by either.
    """
    if queue.due_before is not None or queue.assigned_to is not None or queue.work_list is not None:
        return []
    caller, seen = reading.caller, page.after(datetime, UUID)
    unit, request, other = EarlyAdviceUnit, EarlyAdviceRequest, aliased(EarlyAdviceUnit)
    left_later = exists().where(
        col(other.request_id) == unit.request_id,
        sent_to(caller, other),
        col(other.left_at) > col(unit.left_at),
    )
    let = on_case(caller, let_in("case_file"))
    conditions = [let, sent_to(caller), col(unit.left_at).is_not(None), not_(is_with(caller)), not_(left_later)]
    if seen is not None:
        conditions.append(tuple_(col(unit.left_at), col(request.id)) < tuple_(*seen))
    query = (
        select(request, CaseFile.police_unit, unit, broken_glass(caller))
        .join(CaseFile, col(CaseFile.id) == request.case_file_id)
        .join(unit, col(unit.request_id) == request.id)
        .where(*conditions, *_asked_of_departed(queue))
        .order_by(col(unit.left_at).desc(), col(request.id).desc())
        .limit(page.limit + 1)
    )
    listed = []
    for row, police_unit, sent, glass in (await reading.session.execute(query)).all():
        left = as_it_left(sent, row)
        listed += [Listed(left.request, police_unit, left, glass)] if left else []
    return listed


def _asked_of_departed(queue: Queue) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if queue.unit is not None:
        asked.append(or_(kept("cps_unit") == queue.unit, col(CaseFile.police_unit) == queue.unit))
    if queue.state is not None:
        asked.append(kept("state") == queue.state.value)
    if queue.holder is not None:
        asked.append(kept("with") == queue.holder.value)
    if queue.case_file_id is not None:
        asked.append(col(EarlyAdviceRequest.case_file_id) == _id_or_none(queue.case_file_id))
    return asked


def _asked_of_case(reading: Reading, queue: Queue) -> list[ColumnElement[bool]]:
    """Return what is asked of a request together with its case file."""
    asked: list[ColumnElement[bool]] = []
    if queue.unit is not None:
        asked.append(or_(col(EarlyAdviceRequest.cps_unit) == queue.unit, col(CaseFile.police_unit) == queue.unit))
    if queue.work_list is not None:
        asked.append(on_list(queue.work_list, reading.caller, reading.now))
    return asked


def _asked(queue: Queue) -> list[ColumnElement[bool]]:
    """Return the conditions on the request itself."""
    request = EarlyAdviceRequest
    asked: list[ColumnElement[bool]] = []
    if queue.state is not None:
        asked.append(col(request.state) == queue.state.value)
    if queue.holder is not None:
        states = [state.value for state, side in HOLDER.items() if side is queue.holder]
        asked.append(col(request.state).in_(states))
    if queue.due_before is not None:
        asked.append(col(request.due_at) < _moment(queue.due_before))
    if queue.assigned_to is not None:
        asked.append(col(request.prosecutor) == queue.assigned_to)
    if queue.case_file_id is not None:
        asked.append(col(request.case_file_id) == _id_or_none(queue.case_file_id))
    return asked


def _moment(asked: date | datetime) -> datetime:
    """Read `due_before`: a moment, or the start of a London day."""
    return asked if isinstance(asked, datetime) else start_of(asked)


def _id_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
