"""Keeping the deadlines of a request as its steps are taken: the table says what each step does to which clock."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceAction
from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.clock_models import EarlyAdviceClock
from casefile_api.early_advice.clocks import (
    DEFAULT_RULES,
    ClockKind,
    ClockRule,
    ClockRules,
    RunningClock,
    start,
)
from casefile_api.early_advice.following_models import EarlyAdviceEscalation
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.workflow import ClockEffect, Do
from casefile_api.errors import Misconfigured
from casefile_api.identifiers import new_id
from casefile_api.organisations.models import Unit
from casefile_api.settings import Settings


def rules_of(settings: Settings) -> ClockRules:
    """Return the rules in force: the usual ones, and those that settings add from a date on.

    Raises Misconfigured where the setting is not a list of rules.
    """
    return _rules(settings.clock_rules, settings.extra_bank_holidays)


@lru_cache(maxsize=8)
def _rules(added: str, one_off_holidays: tuple[date, ...]) -> ClockRules:
    try:
        rules = TypeAdapter(list[ClockRule]).validate_python(json.loads(added or "[]"))
    except (ValueError, ValidationError) as fault:
        raise Misconfigured("CASEFILE_CLOCK_RULES is not a JSON list of rules; see docs/early-advice.md.") from fault
    return ClockRules((*DEFAULT_RULES, *rules), one_off_holidays)


async def unit_kind(session: AsyncSession, unit: str | None) -> str:
    """Return the kind of a unit, which says what clocks its requests run against."""
    return (await session.execute(select(Unit.kind).where(Unit.id == unit))).scalar_one_or_none() or ""


async def would_start(
    session: AsyncSession, settings: Settings, kind: ClockKind, request: EarlyAdviceRequest, now: datetime
) -> RunningClock | None:
    """Return the clock that a request would start now with its unit; none where none applies there."""
    of_unit, area = await unit_kind(session, request.cps_unit), request.cps_organisation or ""
    return start(rules_of(settings), kind, now, unit_kind=of_unit, area=area)


class ClockKeeper:
    """The clocks of one request (or of one of its actions) while a step is taken, at one moment."""

    def __init__(self, session: AsyncSession, rules: ClockRules, request: EarlyAdviceRequest, now: datetime) -> None:
        self._session = session
        self._rules = rules
        self._request = request
        self._now = now

    async def apply(
        self,
        effects: Iterable[ClockEffect],
        *,
        date_set: date | None = None,
        action: EarlyAdviceAction | None = None,
    ) -> None:
        """Do what the step's row says, in its order, and remember when the request's next deadline falls due."""
        effects = tuple(effects)
        if not effects:
            return
        kind = await unit_kind(self._session, self._request.cps_unit)
        live = {ClockKind(row.kind): row for row in await self._live(action)}
        for effect in effects:
            await self._do(effect, live, kind, date_set, action)
        await self._session.flush()
        await self._note_next_deadline()

    async def move(self, action: EarlyAdviceAction, due_on: date) -> None:
        """Let an action run to another date: the old clock stops with its date kept, a new one starts."""
        effects = (ClockEffect(Do.STOP, ClockKind.ACTION), ClockEffect(Do.START, ClockKind.ACTION))
        await self.apply(effects, date_set=due_on, action=action)

    async def stop_actions(self) -> None:
        """Stop the clocks of every action: the request has ended."""
        live = await self._session.execute(
            select(EarlyAdviceClock).where(
                EarlyAdviceClock.request_id == self._request.id,
                col(EarlyAdviceClock.action_id).is_not(None),
                col(EarlyAdviceClock.stopped_at).is_(None),
            )
        )
        for row in live.scalars():
            write(row, running(row).stopped(self._now))
        await self._session.flush()
        await self._note_next_deadline()

    async def restart_actions(self) -> None:
        """Let the clocks run again of the actions that the police still owe, each with its own date."""
        owed = await self._session.execute(
            select(EarlyAdviceAction).where(
                EarlyAdviceAction.request_id == self._request.id,
                col(EarlyAdviceAction.state).in_([ActionState.OPEN.value, ActionState.IN_PROGRESS.value]),
            )
        )
        for action in owed.scalars().all():
            effect = ClockEffect(Do.START, ClockKind.ACTION)
            await self.apply([effect], date_set=action.due_on, action=action)

    async def escalate(self, escalation: EarlyAdviceEscalation, clock: RunningClock) -> EarlyAdviceClock:
        """Let the clock of an escalation's answer run."""
        row = self._begin(clock, None, escalation)
        await self._session.flush()
        await self._note_next_deadline()
        return row

    async def stop(self, row: EarlyAdviceClock) -> None:
        """Stop one clock: what it is for was done."""
        write(row, running(row).stopped(self._now))
        await self._session.flush()
        await self._note_next_deadline()

    async def _do(
        self,
        effect: ClockEffect,
        live: dict[ClockKind, EarlyAdviceClock],
        unit_kind: str,
        date_set: date | None,
        action: EarlyAdviceAction | None,
    ) -> None:
        row = live.get(effect.kind)
        area = self._request.cps_organisation or ""
        applies = start(self._rules, effect.kind, self._now, unit_kind=unit_kind, area=area, date_set=date_set)
        stops = effect.do in {Do.STOP, Do.START} or (effect.do is Do.RECEIVE and applies is None)
        if row is not None and stops:
            write(live.pop(effect.kind), running(row).stopped(self._now))
            await self._session.flush()
        if applies is not None and (effect.do is Do.START or (effect.do is Do.RECEIVE and row is None)):
            live[effect.kind] = self._begin(applies, action)
            await self._session.flush()
            await self._tell_no_date_twice(live[effect.kind])
        if row is not None and effect.do is Do.PAUSE:
            write(row, running(row).paused(self._now))
        if row is not None and effect.do is Do.RESUME:
            write(row, running(row).resumed(self._now))

    def _begin(
        self,
        clock: RunningClock,
        action: EarlyAdviceAction | None,
        escalation: EarlyAdviceEscalation | None = None,
    ) -> EarlyAdviceClock:
        row = EarlyAdviceClock(
            id=new_id(),
            case_file_id=self._request.case_file_id,
            request_id=self._request.id,
            action_id=action.id if action else None,
            escalation_id=escalation.id if escalation else None,
            kind=clock.kind.value,
            started_at=clock.started_at,
            due_on=clock.due_on,
            due_at=clock.due_at,
            warn_days=clock.warn_days,
            warns_at=clock.warns_at(),
            chase_months=list(clock.chase_months),
            chase_at=clock.chases_at(),
        )
        self._session.add(row)
        return row

    async def _tell_no_date_twice(self, row: EarlyAdviceClock) -> None:
        """Keep what was told of an action's date when a new clock runs to the same date: reopened, or sent back."""
        if row.action_id is None:
            return
        clock = EarlyAdviceClock
        earlier = select(func.max(clock.warned_at), func.max(clock.breach_told_at), func.max(clock.chased)).where(
            clock.action_id == row.action_id, clock.due_on == row.due_on, clock.id != row.id
        )
        row.warned_at, row.breach_told_at, chased = (await self._session.execute(earlier)).one()
        row.chased = chased or 0
        row.chase_at = running(row).chases_at()

    async def _live(self, action: EarlyAdviceAction | None) -> Sequence[EarlyAdviceClock]:
        of_action = EarlyAdviceClock.action_id == action.id if action else col(EarlyAdviceClock.action_id).is_(None)
        found = await self._session.execute(
            select(EarlyAdviceClock).where(
                EarlyAdviceClock.request_id == self._request.id, of_action, col(EarlyAdviceClock.stopped_at).is_(None)
            )
        )
        return found.scalars().all()

    async def _note_next_deadline(self) -> None:
        soonest = await self._session.execute(
            select(func.min(EarlyAdviceClock.due_at)).where(
                EarlyAdviceClock.request_id == self._request.id,
                col(EarlyAdviceClock.stopped_at).is_(None),
                col(EarlyAdviceClock.paused_at).is_(None),
            )
        )
        self._request.due_at = soonest.scalar_one_or_none()


def running(row: EarlyAdviceClock) -> RunningClock:
    """Return the clock that a row keeps."""
    return RunningClock(
        ClockKind(row.kind),
        row.started_at,
        row.due_on,
        row.warn_days,
        row.paused_at,
        row.paused_days,
        row.stopped_at,
        tuple(row.chase_months),
        row.chased,
    )


def write(row: EarlyAdviceClock, clock: RunningClock) -> None:
    """Keep a clock in its row."""
    row.due_on, row.due_at, row.warns_at = clock.due_on, clock.due_at, clock.warns_at()
    row.chase_at = clock.chases_at()
    row.paused_at, row.paused_days, row.stopped_at = clock.paused_at, clock.paused_days, clock.stopped_at


def of_request_alone() -> ColumnElement[bool]:
    """Return the condition on a clock that it is the request's own: of no action and no escalation."""
    return and_(col(EarlyAdviceClock.action_id).is_(None), col(EarlyAdviceClock.escalation_id).is_(None))


async def clocks_of_escalations(session: AsyncSession, request_id: UUID) -> dict[UUID, EarlyAdviceClock]:
    """Return the clock of each escalation of a request, the newest of one that was reopened with its request."""
    found = await session.execute(
        select(EarlyAdviceClock)
        .where(EarlyAdviceClock.request_id == request_id, col(EarlyAdviceClock.escalation_id).is_not(None))
        .order_by(col(EarlyAdviceClock.started_at), col(EarlyAdviceClock.id))
    )
    return {row.escalation_id: row for row in found.scalars() if row.escalation_id is not None}


async def clocks_of(session: AsyncSession, request_id: UUID, action_id: UUID | None = None) -> list[EarlyAdviceClock]:
    """Return the clocks of a request, or of one action, oldest first; those of escalations are shown with them."""
    of_action = EarlyAdviceClock.action_id == action_id if action_id else of_request_alone()
    found = await session.execute(
        select(EarlyAdviceClock)
        .where(EarlyAdviceClock.request_id == request_id, of_action)
        .order_by(col(EarlyAdviceClock.started_at), col(EarlyAdviceClock.id))
    )
    return list(found.scalars())


async def action_clocks_of(session: AsyncSession, request_id: UUID) -> list[EarlyAdviceClock]:
    """Return the clocks of all actions of a request, oldest first."""
    found = await session.execute(
        select(EarlyAdviceClock)
        .where(EarlyAdviceClock.request_id == request_id, col(EarlyAdviceClock.action_id).is_not(None))
        .order_by(col(EarlyAdviceClock.started_at), col(EarlyAdviceClock.id))
    )
    return list(found.scalars())


def clock_view(row: EarlyAdviceClock, now: datetime) -> dict[str, object]:
    """Return a clock as both sides see it."""
    clock = running(row)
    moments = {
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "paused_at": clock.paused_at,
        "stopped_at": clock.stopped_at,
        "breached_at": clock.breached_at(now),
    }
    return {
        "kind": clock.kind.value,
        **{name: utc_text(moment) if moment else None for name, moment in moments.items()},
        "paused_days": clock.paused_days,
        "with": clock.held_by.value,
    }
