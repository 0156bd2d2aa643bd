"""Deadlines that both sides can trust: when each falls due, and what a pause does to it.

Day 0 is the London date of receipt. A deadline falls due at 23:59:59 Europe/London of its due date, whatever the hour
of receipt and whatever the clocks do in between; it has passed one second later. Calendar days count all days; working
days skip weekends, the bank holidays of England and Wales and one-off holidays. Pure: moments and rules are passed in.
Source: CPS targets for early advice (National Operating Model for adult rape, 21 calendar days); DG6 chapter 7.
"""

from calendar import monthrange
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field

LONDON = ZoneInfo("Europe/London")
_LAST_SECOND = time(23, 59, 59)


class ClockKind(StrEnum):
    """What a deadline is for."""

    ADVICE = "advice"
    TRIAGE = "triage"
    POLICE_RESPONSE = "police_response"
    ACTION = "action"
    APPEAL = "appeal"
    ESCALATION_TO_CPS = "escalation_to_cps"
    ESCALATION_TO_POLICE = "escalation_to_police"


class DayUnit(StrEnum):
    """How days are counted. `date_set`: the date is set by a person; the days are only for when nobody sets one."""

    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    DATE_SET = "date_set"


class Side(StrEnum):
    """Who holds the ball."""

    POLICE = "police"
    CPS = "cps"
    BOTH = "both"
    NONE = "none"


ANSWERABLE: dict[ClockKind, Side] = {
    ClockKind.ADVICE: Side.CPS,
    ClockKind.TRIAGE: Side.CPS,
    ClockKind.POLICE_RESPONSE: Side.POLICE,
    ClockKind.ACTION: Side.POLICE,
    ClockKind.APPEAL: Side.CPS,
    ClockKind.ESCALATION_TO_CPS: Side.CPS,
    ClockKind.ESCALATION_TO_POLICE: Side.POLICE,
}
OF_ESCALATIONS = (ClockKind.ESCALATION_TO_CPS, ClockKind.ESCALATION_TO_POLICE)
"""Deadlines of an escalation's answer, by the side that is to give it."""


@dataclass(frozen=True)
class ClockRule:
    """How long a kind of deadline runs, for receipts from a date on, when to warn of it and when to chase its answer.

    A rule for CPS Areas by name goes before those for all, whatever their dates.
    """

    kind: ClockKind
    effective_from: date
    target_days: int
    unit: DayUnit
    unit_kinds: frozenset[str] | None = None
    warn_days: int = 0
    areas: frozenset[str] | None = None
    chase_months: tuple[Annotated[int, Field(ge=1, le=24)], ...] = ()

    def applies_to(self, unit_kind: str) -> bool:
        """Say whether requests with a unit of this kind run against the clock."""
        return self.unit_kinds is None or unit_kind in self.unit_kinds


_SINCE = date(2020, 1, 1)
DEFAULT_RULES: tuple[ClockRule, ...] = (
    ClockRule(ClockKind.ADVICE, _SINCE, 21, DayUnit.CALENDAR_DAYS, frozenset({"rasso"}), warn_days=3),
    ClockRule(ClockKind.TRIAGE, _SINCE, 1, DayUnit.WORKING_DAYS),
    ClockRule(ClockKind.POLICE_RESPONSE, _SINCE, 14, DayUnit.DATE_SET, warn_days=2),
    ClockRule(ClockKind.ACTION, _SINCE, 28, DayUnit.DATE_SET, warn_days=3, chase_months=(1, 2)),
    ClockRule(ClockKind.APPEAL, _SINCE, 5, DayUnit.WORKING_DAYS, warn_days=1),
    ClockRule(ClockKind.ESCALATION_TO_CPS, _SINCE, 5, DayUnit.WORKING_DAYS, warn_days=1),
    ClockRule(ClockKind.ESCALATION_TO_POLICE, _SINCE, 5, DayUnit.WORKING_DAYS, warn_days=1),
)


class ClockRules:
    """The rules in force, by date of receipt, and the days on which nobody works."""

    def __init__(
        self, rules: Iterable[ClockRule] = DEFAULT_RULES, one_off_holidays: Collection[date] = frozenset()
    ) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.effective_from)
        self._one_off_holidays = frozenset(one_off_holidays)

    def in_force(self, kind: ClockKind, on: date, unit_kind: str, area: str = "") -> ClockRule | None:
        """Return the newest rule of the kind that took effect on or before the date; none where it does not apply.

        Where the Area has rules of its own by then, the newest of those.
        """
        found = [rule for rule in self._rules if rule.kind is kind and rule.effective_from <= on]
        own = [rule for rule in found if rule.areas is not None and area in rule.areas]
        chosen = own or [rule for rule in found if rule.areas is None]
        newest = chosen[-1] if chosen else None
        return newest if newest is not None and newest.applies_to(unit_kind) else None

    def is_working_day(self, day: date) -> bool:
        """Say whether the day is Monday to Friday and neither a bank holiday nor a one-off holiday."""
        return day.weekday() < 5 and day not in _bank_holidays(day.year) and day not in self._one_off_holidays

    def due_on(self, rule: ClockRule, received_at: datetime) -> date:
        """Return the due date of a clock received at this moment, day 0 being the London date of receipt."""
        day = london_date(received_at)
        if rule.unit is not DayUnit.WORKING_DAYS:
            return day + timedelta(days=rule.target_days)
        left = rule.target_days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day


@lru_cache(maxsize=64)
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def london_date(moment: datetime) -> date:
    """Return the date that a wall calendar in London shows at this moment."""
    return moment.astimezone(LONDON).date()


def end_of(day: date) -> datetime:
    """Return 23:59:59 Europe/London of the day, in UTC: when a deadline of that date falls due."""
    return datetime.combine(day, _LAST_SECOND, LONDON).astimezone(UTC)


def start_of(day: date) -> datetime:
    """Return midnight at the start of the London day, in UTC."""
    return datetime.combine(day, time.min, LONDON).astimezone(UTC)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + year, month + 1)[1]
    return date(day.year + year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class RunningClock:
    """One deadline with its history. A stopped clock never runs again: what follows is a new clock."""

    kind: ClockKind
    started_at: datetime
    due_on: date
    warn_days: int = 0
    paused_at: datetime | None = None
    paused_days: int = 0
    stopped_at: datetime | None = None
    chase_months: tuple[int, ...] = ()
    chased: int = 0

    @property
    def due_at(self) -> datetime:
        """When it falls due, in UTC."""
        return end_of(self.due_on)

    @property
    def is_running(self) -> bool:
        """Whether time counts against it now."""
        return self.stopped_at is None and self.paused_at is None

    @property
    def held_by(self) -> Side:
        """Who holds the ball: the side answerable, or while it is paused the side that is waited for."""
        if self.paused_at is not None and self.stopped_at is None:
            return Side.POLICE
        return ANSWERABLE[self.kind]

    def warns_at(self) -> datetime:
        """When its approach is told: at the start of the London day so many days before the due date."""
        return start_of(self.due_on - timedelta(days=self.warn_days))

    def chases_at(self) -> datetime | None:
        """When its answer is chased next: when so many months have passed since the due date; None after the last."""
        if self.chased >= len(self.chase_months):
            return None
        return end_of(months_after(self.due_on, self.chase_months[self.chased])) + timedelta(seconds=1)

    def breached_at(self, now: datetime) -> datetime | None:
        """When its date passed, or None while it has not, or had not when the clock was paused or stopped."""
        passed_at = self.due_at + timedelta(seconds=1)
        counted_to = self.stopped_at or now
        if self.paused_at is not None:
            counted_to = min(counted_to, self.paused_at)
        return passed_at if counted_to >= passed_at else None

    def paused(self, at: datetime) -> "RunningClock":
        """Return the clock waiting for the other side."""
        return replace(self, paused_at=at) if self.is_running else self

    def resumed(self, at: datetime) -> "RunningClock":
        """Return the clock running again, its due date moved by the London dates from pause to resumption."""
        if self.paused_at is None or self.stopped_at is not None:
            return self
        days = (london_date(at) - london_date(self.paused_at)).days
        moved = self.due_on + timedelta(days=days)
        return replace(self, paused_at=None, paused_days=self.paused_days + days, due_on=moved)

    def stopped(self, at: datetime) -> "RunningClock":
        """Return the clock at rest for good. One stopped while paused keeps the moment it was paused."""
        return self if self.stopped_at is not None else replace(self, stopped_at=at)


def start(
    rules: ClockRules,
    kind: ClockKind,
    received_at: datetime,
    *,
    unit_kind: str,
    area: str = "",
    date_set: date | None = None,
) -> RunningClock | None:
    """Start a clock at receipt, due on the date set or as the rule in force has it; none where no rule applies."""
    rule = rules.in_force(kind, london_date(received_at), unit_kind, area)
    if rule is None:
        return None
    due_on = date_set if date_set is not None else rules.due_on(rule, received_at)
    return RunningClock(kind, received_at, due_on, rule.warn_days, chase_months=rule.chase_months)
