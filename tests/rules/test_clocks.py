"""Deadlines worked out by hand, each with its arithmetic, and the properties that hold for all of them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.early_advice.clocks import (
    DEFAULT_RULES,
    LONDON,
    ClockKind,
    ClockRule,
    ClockRules,
    DayUnit,
    RunningClock,
    Side,
    end_of,
    london_date,
    months_after,
    start,
)

RULES = ClockRules()
BANK_HOLIDAYS = {
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
    2028: "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(kind: ClockKind, received: str, rules: ClockRules = RULES) -> str:
    clock = start(rules, kind, utc(received), unit_kind="rasso")
    assert clock is not None
    return clock.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")


ADVICE: list[tuple[str, str, str]] = [
    ("2026-11-24T10:00", "2026-12-15T23:59:59Z", "24 Nov + 21 = 15 Dec; winter, London is UTC"),
    ("2026-11-24T00:00", "2026-12-15T23:59:59Z", "the first second of 24 Nov is still day 0 = 24 Nov"),
    ("2026-11-24T23:59:59", "2026-12-15T23:59:59Z", "one second to midnight: day 0 is 24 Nov all the same"),
    ("2026-11-25T00:00", "2026-12-16T23:59:59Z", "one second later is 25 Nov, so a day more"),
    ("2026-07-01T12:00", "2026-07-22T22:59:59Z", "1 Jul + 21 = 22 Jul; summer, London is UTC+1"),
    ("2026-07-01T22:59:59", "2026-07-22T22:59:59Z", "23:59:59 in London on 1 Jul"),
    ("2026-07-01T23:00", "2026-07-23T22:59:59Z", "midnight in London: day 0 is 2 Jul although UTC says 1 Jul"),
    ("2026-03-20T09:00", "2026-04-10T22:59:59Z", "received in winter, due in summer (change on 29 Mar 2026)"),
    ("2026-10-10T09:00", "2026-10-31T23:59:59Z", "received in summer, due in winter (change on 25 Oct 2026)"),
    ("2026-10-04T09:00", "2026-10-25T23:59:59Z", "due on the very day the clocks go back: its end is winter"),
    ("2026-03-08T09:00", "2026-03-29T22:59:59Z", "due on the very day the clocks go forward: its end is summer"),
    ("2028-02-10T09:00", "2028-03-02T23:59:59Z", "10 Feb + 21 = 31 Feb; 2028 has 29 days: 2 Mar"),
    ("2027-02-10T09:00", "2027-03-03T23:59:59Z", "the same in a year without a leap day: 3 Mar"),
    ("2028-02-08T09:00", "2028-02-29T23:59:59Z", "8 Feb + 21 = 29 Feb, which there is in 2028"),
    ("2026-12-20T09:00", "2027-01-10T23:59:59Z", "over the year's end; bank holidays count as calendar days"),
    ("2024-02-08T09:00", "2024-02-29T23:59:59Z", "8 Feb + 21 = 29 Feb, which there is in 2024"),
    ("2024-03-10T09:00", "2024-03-31T22:59:59Z", "due on 31 Mar 2024, the day of the change: summer by its end"),
    ("2024-10-06T09:00", "2024-10-27T23:59:59Z", "due on 27 Oct 2024, the day the clocks go back: winter by its end"),
    ("2025-03-09T23:59:59", "2025-03-30T22:59:59Z", "a second to midnight; due on 30 Mar 2025, the day of the change"),
    ("2025-10-05T22:59:59", "2025-10-26T23:59:59Z", "23:59:59 on 5 Oct in London; due on the day of the change"),
    ("2025-10-05T23:00", "2025-10-27T23:59:59Z", "midnight, so 6 Oct in London; 6 + 21 = 27 Oct, winter"),
    ("2027-12-31T23:59:59", "2028-01-21T23:59:59Z", "31 Dec + 21 = 21 Jan; holidays on the way count"),
    ("2028-12-31T00:00", "2029-01-21T23:59:59Z", "31 Dec 2028 + 21 = 21 Jan 2029"),
]
TRIAGE: list[tuple[str, str, str]] = [
    ("2026-11-24T10:00", "2026-11-25T23:59:59Z", "Tuesday to Wednesday"),
    ("2026-11-27T10:00", "2026-11-30T23:59:59Z", "Friday to Monday"),
    ("2026-11-28T10:00", "2026-11-30T23:59:59Z", "received on a Saturday: Monday is the first working day after"),
    ("2026-11-29T10:00", "2026-11-30T23:59:59Z", "received on a Sunday: Monday"),
    ("2026-12-24T10:00", "2026-12-29T23:59:59Z", "25 Dec holiday, 26-27 weekend, Mon 28 substitute: Tue 29"),
    ("2026-12-31T10:00", "2027-01-04T23:59:59Z", "1 Jan holiday, 2-3 weekend: Mon 4 Jan"),
    ("2026-04-02T10:00", "2026-04-07T22:59:59Z", "Good Friday 3, weekend, Easter Monday 6: Tue 7, summer time"),
    ("2027-12-24T10:00", "2027-12-29T23:59:59Z", "Fri 24; 25-26 weekend; 27 and 28 substitutes: Wed 29"),
    ("2027-12-31T10:00", "2028-01-04T23:59:59Z", "1-2 Jan weekend, Mon 3 Jan 2028 substitute: Tue 4"),
    ("2028-04-13T10:00", "2028-04-18T22:59:59Z", "Good Friday 14, weekend, Easter Monday 17: Tue 18"),
    ("2024-03-28T10:00", "2024-04-02T22:59:59Z", "Good Friday 29 Mar, Easter Monday 1 Apr, change on 31 Mar: Tue 2"),
    ("2025-08-22T10:00", "2025-08-26T22:59:59Z", "Friday before the late summer holiday Mon 25: Tue 26"),
    ("2024-05-03T10:00", "2024-05-07T22:59:59Z", "Fri 3; Mon 6 May is the early May holiday: Tue 7"),
    ("2024-05-24T10:00", "2024-05-28T22:59:59Z", "Fri 24; Mon 27 May is the spring holiday: Tue 28"),
    ("2024-08-23T10:00", "2024-08-27T22:59:59Z", "Fri 23; Mon 26 Aug is the summer holiday: Tue 27"),
    ("2024-12-24T10:00", "2024-12-27T23:59:59Z", "Tue 24; 25 and 26 holidays: Fri 27"),
    ("2025-12-24T10:00", "2025-12-29T23:59:59Z", "Wed 24; 25 and 26 holidays, 27-28 weekend: Mon 29"),
    ("2026-05-22T10:00", "2026-05-26T22:59:59Z", "Fri 22; Mon 25 May holiday: Tue 26"),
    ("2026-08-28T22:59:59", "2026-09-01T22:59:59Z", "Fri 28 to its last second in London; Mon 31 Aug holiday: Tue 1"),
    ("2027-03-25T10:00", "2027-03-30T22:59:59Z", "Thu 25; Good Friday 26, weekend, Easter Monday 29: Tue 30"),
    ("2028-12-22T10:00", "2028-12-27T23:59:59Z", "Fri 22; weekend; Mon 25 and Tue 26 holidays: Wed 27"),
]
APPEAL: list[tuple[str, str, str]] = [
    ("2026-11-24T10:00", "2026-12-01T23:59:59Z", "Wed 25, Thu 26, Fri 27, Mon 30, Tue 1 Dec"),
    ("2026-12-21T10:00", "2026-12-30T23:59:59Z", "22, 23, 24, (25 26 27 28 off), 29, 30"),
    ("2026-05-01T10:00", "2026-05-11T22:59:59Z", "Fri 1; Mon 4 holiday; 5, 6, 7, 8, Mon 11"),
    ("2025-04-17T10:00", "2025-04-28T22:59:59Z", "Thu 17; 18-21 Easter; 22, 23, 24, 25, Mon 28"),
    ("2026-10-23T22:59:59", "2026-10-30T23:59:59Z", "Fri 23 in London; 26-30; the clocks went back on 25"),
    ("2026-10-23T23:00", "2026-10-30T23:59:59Z", "Sat 24 in London already; still 26-30"),
    ("2028-02-24T10:00", "2028-03-02T23:59:59Z", "Thu 24; Fri 25, Mon 28, Tue 29 (leap day), Wed 1, Thu 2"),
    ("2024-12-20T10:00", "2024-12-31T23:59:59Z", "Fri 20; 23, 24, (25 26 off), 27, 30, 31"),
    ("2025-12-23T10:00", "2026-01-02T23:59:59Z", "Tue 23; 24, (25 26 off), 29, 30, 31, (1 Jan off), 2"),
    ("2026-03-30T10:00", "2026-04-08T22:59:59Z", "Mon 30; 31, 1, 2, (3 off, weekend, 6 off), 7, 8"),
    ("2027-12-23T10:00", "2028-01-04T23:59:59Z", "Thu 23; 24, (25-26 weekend, 27 28 off), 29, 30, 31, (3 off), Tue 4"),
    ("2028-04-12T10:00", "2028-04-21T22:59:59Z", "Wed 12; 13, (14 off, weekend, 17 off), 18, 19, 20, 21"),
    ("2024-02-26T10:00", "2024-03-04T23:59:59Z", "Mon 26; 27, 28, Thu 29 (leap day), 1, Mon 4"),
]
FIVE_WORKING_DAYS = (ClockKind.APPEAL, ClockKind.ESCALATION_TO_CPS, ClockKind.ESCALATION_TO_POLICE)
EXAMPLES = [
    (kind, *example)
    for kinds, examples in (((ClockKind.ADVICE,), ADVICE), ((ClockKind.TRIAGE,), TRIAGE), (FIVE_WORKING_DAYS, APPEAL))
    for kind in kinds
    for example in examples
]


@pytest.mark.parametrize(("kind", "received", "expected", "why"), EXAMPLES)
def test_a_deadline_falls_due_as_worked_out_by_hand(kind: ClockKind, received: str, expected: str, why: str) -> None:
    assert due(kind, received) == expected, why


@pytest.mark.parametrize(("kind", "received", "expected", "why"), EXAMPLES)
def test_the_examples_agree_with_a_count_on_the_published_list(
    kind: ClockKind, received: str, expected: str, why: str
) -> None:
    assert counted(kind, received) == expected, why


def counted(kind: ClockKind, received: str) -> str:
    """The same by other means: minutes ahead of UTC by the rule of the last Sundays, days off from the list above."""
    moment = datetime.fromisoformat(received)
    day = (moment + timedelta(hours=summer(moment))).date()
    left = {ClockKind.ADVICE: 21, ClockKind.TRIAGE: 1}.get(kind, 5)
    while left:
        day += timedelta(days=1)
        left -= kind is ClockKind.ADVICE or not (day.weekday() > 4 or day.strftime("%m-%d") in off_days(day.year))
    last = datetime(day.year, day.month, day.day, 23, 59, 59)  # noqa: DTZ001 - wall time in London
    return (last - timedelta(hours=summer(last))).strftime("%Y-%m-%dT%H:%M:%SZ")


PAUSED: list[tuple[str, str, str, str]] = [
    ("2026-11-24T10:00", "2026-12-10T09:00 2027-01-04T09:00", "2027-01-09T23:59:59Z",
     "10 Dec to 4 Jan is 25 dates, holidays among them: 15 Dec + 25 = 9 Jan"),
    ("2026-03-20T09:00", "2026-03-28T23:30 2026-03-29T22:30", "2026-04-11T22:59:59Z",
     "half past eleven on 28 Mar to the same hour on 29 Mar, which has 23 hours: 1 date; 10 Apr + 1"),
    ("2026-03-20T09:00", "2026-03-28T23:30 2026-03-29T23:00", "2026-04-12T22:59:59Z",
     "resumed at midnight in summer time, so on 30 Mar: 2 dates; 10 Apr + 2"),
    ("2026-10-10T09:00", "2026-10-24T22:59:59 2026-10-25T23:59:59", "2026-11-01T23:59:59Z",
     "the last second of 24 Oct to that of 25 Oct, which has 25 hours: 1 date; 31 Oct + 1"),
    ("2026-10-10T09:00", "2026-10-24T23:00 2026-10-26T00:00", "2026-11-01T23:59:59Z",
     "from midnight to midnight over the 25 hours of 25 Oct: 1 date; 31 Oct + 1"),
    ("2028-02-10T09:00", "2028-02-28T12:00 2028-03-01T12:00", "2028-03-04T23:59:59Z",
     "28 Feb, 29 Feb, 1 Mar: 2 dates over the leap day; 2 Mar + 2"),
    ("2027-02-10T09:00", "2027-02-28T12:00 2027-03-01T12:00", "2027-03-04T23:59:59Z",
     "the same in a year without one: 1 date; 3 Mar + 1"),
    ("2026-11-24T10:00", "2026-11-25T09:00 2026-11-27T09:00 2026-12-01T09:00 2026-12-04T09:00", "2026-12-20T23:59:59Z",
     "2 dates and 3 dates: 15 Dec + 5"),
    ("2026-12-20T10:00", "2026-12-28T09:00 2027-01-05T09:00", "2027-01-18T23:59:59Z",
     "a rule of 14 days from 1 Jan takes effect while it is paused: it keeps its 21; 10 Jan + 8"),
    ("2026-12-08T23:59:59", "2026-12-29T23:59:59 2026-12-30T00:00", "2026-12-30T23:59:59Z",
     "submitted again a second to midnight, so 29 Dec; asked in its last second and answered in the next: 1 date"),
]  # fmt: skip


@pytest.mark.parametrize(("received", "moments", "expected", "why"), PAUSED)
def test_a_deadline_that_waited_falls_due_as_worked_out_by_hand_and_by_other_means(
    received: str, moments: str, expected: str, why: str
) -> None:
    # A shorter rule takes effect on the new year's day after receipt: what was received before keeps its own.
    since = date(int(received[:4]) + 1, 1, 1)
    shorter = ClockRule(ClockKind.ADVICE, since, 14, DayUnit.CALENDAR_DAYS, frozenset({"rasso"}))
    clock = start(ClockRules((*DEFAULT_RULES, shorter)), ClockKind.ADVICE, utc(received), unit_kind="rasso")
    assert clock is not None
    dates = 0
    said = iter(moments.split())
    for paused, resumed in zip(said, said, strict=True):
        clock = clock.paused(utc(paused)).resumed(utc(resumed))
        dates += (wall_date(resumed) - wall_date(paused)).days
    assert clock.due_at.strftime("%Y-%m-%dT%H:%M:%SZ") == expected, why
    # Received so many days later it would fall due on the same day: target and pause are calendar days alike.
    later = datetime.fromisoformat(received[:10]) + timedelta(days=dates, hours=12)
    assert counted(ClockKind.ADVICE, later.isoformat()) == expected, why


def wall_date(moment: str) -> date:
    """The date in London by the rule of the last Sundays."""
    found = datetime.fromisoformat(moment)
    return (found + timedelta(hours=summer(found))).date()


def off_days(year: int) -> list[str]:
    return BANK_HOLIDAYS.get(year, "01-01").split()


def summer(moment: datetime) -> int:
    """One hour from 01:00 UTC on the last Sunday of March to 01:00 UTC on that of October."""
    return int(last_sunday(moment.year, 3) <= moment < last_sunday(moment.year, 10))


def last_sunday(year: int, month: int) -> datetime:
    end = datetime(year, month, 31, 1)  # noqa: DTZ001 - UTC
    return end - timedelta(days=(end.weekday() + 1) % 7)


@pytest.mark.parametrize("year", sorted(BANK_HOLIDAYS))
def test_the_calendar_knows_the_bank_holidays_of_england_and_wales(year: int) -> None:
    named = {date.fromisoformat(f"{year}-{day}") for day in BANK_HOLIDAYS[year].split()}
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    found = {day for day in days if day.year == year and day.weekday() < 5 and not RULES.is_working_day(day)}
    assert found == {day for day in named if day.weekday() < 5}


def test_a_one_off_holiday_is_no_working_day() -> None:
    rules = ClockRules(DEFAULT_RULES, {date(2026, 11, 25)})
    assert due(ClockKind.TRIAGE, "2026-11-24T10:00", rules) == "2026-11-26T23:59:59Z"


def test_the_rule_in_force_on_the_day_of_receipt_counts_also_after_it_changed() -> None:
    changed = ClockRule(ClockKind.ADVICE, date(2027, 1, 1), 14, DayUnit.CALENDAR_DAYS, frozenset({"rasso"}))
    rules = ClockRules((*DEFAULT_RULES, changed))
    assert due(ClockKind.ADVICE, "2026-12-31T23:59:59", rules) == "2027-01-21T23:59:59Z"
    assert due(ClockKind.ADVICE, "2027-01-01T00:00", rules) == "2027-01-15T23:59:59Z"


def test_the_advice_clock_is_for_rasso_units_alone() -> None:
    assert start(RULES, ClockKind.ADVICE, utc("2026-11-24T10:00"), unit_kind="crown_court") is None
    assert start(RULES, ClockKind.TRIAGE, utc("2026-11-24T10:00"), unit_kind="crown_court") is not None


def test_a_date_that_a_person_set_is_the_due_date() -> None:
    set_on = date(2026, 12, 25)
    clock = start(RULES, ClockKind.POLICE_RESPONSE, utc("2026-11-24T10:00"), unit_kind="rasso", date_set=set_on)
    assert clock is not None and clock.due_on == set_on
    assert clock.held_by is Side.POLICE


@pytest.mark.parametrize(
    ("paused", "resumed", "days", "due_on", "why"),
    [
        ("2026-11-26T09:00", "2026-11-30T17:00", 4, "2026-12-19", "26 to 30 Nov is 4 days: 15 + 4 = 19 Dec"),
        ("2026-11-26T09:00", "2026-11-26T17:00", 0, "2026-12-15", "resumed on the day it was paused: no day moved"),
        ("2026-11-26T23:59:59", "2026-11-27T00:00", 1, "2026-12-16", "a second over midnight is one London date"),
        ("2026-12-20T09:00", "2026-12-22T09:00", 2, "2026-12-17", "paused after it fell due: it moves, and stays past"),
    ],
)
def test_a_pause_moves_the_due_date_by_london_dates(
    paused: str, resumed: str, days: int, due_on: str, why: str
) -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-11-24T10:00"), date(2026, 12, 15))
    waiting = clock.paused(utc(paused))
    assert (waiting.held_by, waiting.due_on) == (Side.POLICE, date(2026, 12, 15))
    running = waiting.resumed(utc(resumed))
    assert (running.paused_days, running.due_on.isoformat(), running.held_by) == (days, due_on, Side.CPS), why


def test_a_pause_over_the_change_of_the_clocks_counts_dates_not_hours() -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-10-20T10:00"), date(2026, 11, 10))
    # Paused at half past midnight on 24 Oct in London (23 Oct in UTC), resumed at 23:30 on 26 Oct: two dates.
    moved = clock.paused(utc("2026-10-23T23:30")).resumed(utc("2026-10-26T23:30"))
    assert (moved.paused_days, moved.due_on) == (2, date(2026, 11, 12))


def test_two_pauses_add_up() -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-11-24T10:00"), date(2026, 12, 15))
    once = clock.paused(utc("2026-11-25T09:00")).resumed(utc("2026-11-27T09:00"))
    twice = once.paused(utc("2026-12-01T09:00")).resumed(utc("2026-12-04T09:00"))
    assert (twice.paused_days, twice.due_on) == (5, date(2026, 12, 20))


def test_a_deadline_has_passed_one_second_after_it_falls_due_and_not_before() -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-11-24T10:00"), date(2026, 12, 15))
    assert clock.breached_at(utc("2026-12-15T23:59:59")) is None
    assert clock.breached_at(utc("2026-12-16T00:00")) == utc("2026-12-16T00:00")
    assert clock.breached_at(utc("2027-06-01T00:00")) == utc("2026-12-16T00:00")


def test_a_clock_stopped_or_paused_in_time_is_never_breached() -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-11-24T10:00"), date(2026, 12, 15))
    assert clock.stopped(utc("2026-12-15T23:59:59")).breached_at(utc("2027-06-01T00:00")) is None
    assert clock.paused(utc("2026-12-15T23:59:59")).breached_at(utc("2027-06-01T00:00")) is None
    late = clock.stopped(utc("2026-12-17T09:00"))
    assert late.breached_at(utc("2027-06-01T00:00")) == utc("2026-12-16T00:00")


def test_a_stopped_clock_never_runs_again() -> None:
    begun = RunningClock(ClockKind.TRIAGE, utc("2026-11-24T10:00"), date(2026, 11, 25))
    stopped = begun.stopped(utc("2026-11-24T11:00"))
    assert stopped.paused(utc("2026-11-24T12:00")) == stopped
    assert stopped.resumed(utc("2026-11-24T12:00")) == stopped
    assert stopped.stopped(utc("2026-11-24T12:00")) == stopped


def test_the_warning_comes_at_the_start_of_the_london_day() -> None:
    clock = RunningClock(ClockKind.ADVICE, utc("2026-07-01T10:00"), date(2026, 7, 22), warn_days=3)
    assert clock.warns_at() == utc("2026-07-18T23:00")  # midnight at the start of 19 July, London


def test_the_packaged_list_of_bank_holidays_agrees_with_the_calendar() -> None:
    for kept in Path(__file__).parents[2].glob("src/**/bank_holidays*.json"):
        dates = {date.fromisoformat(item["date"]) for item in json.loads(kept.read_text())}
        assert not any(RULES.is_working_day(day) for day in dates)


FIRST, LAST = datetime(2023, 1, 1), datetime(2029, 1, 1)  # noqa: DTZ001 - the zone is drawn with the moment
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(MOMENTS)
def test_a_due_moment_is_the_last_second_of_its_london_day(received: datetime) -> None:
    day = london_date(received)
    wall = end_of(day).astimezone(LONDON)
    assert (wall.date(), wall.hour, wall.minute, wall.second) == (day, 23, 59, 59)
    assert london_date(end_of(day) + timedelta(seconds=1)) == day + timedelta(days=1)


@given(MOMENTS, st.integers(min_value=1, max_value=40))
def test_working_days_agree_with_counting_them_one_by_one(received: datetime, target: int) -> None:
    rule = ClockRule(ClockKind.APPEAL, date(2020, 1, 1), target, DayUnit.WORKING_DAYS)
    first, last = london_date(received), RULES.due_on(rule, received)
    after = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(RULES.is_working_day(day) for day in after) == target
    assert RULES.is_working_day(last)


@given(MOMENTS, st.lists(st.integers(min_value=0, max_value=3_000_000), max_size=6))
def test_pauses_never_add_or_lose_a_day(received: datetime, gaps: list[int]) -> None:
    begun = RunningClock(ClockKind.ADVICE, received, london_date(received) + timedelta(days=21))
    clock, now, paused = begun, received, 0
    for index, seconds in enumerate(gaps):
        later = now + timedelta(seconds=seconds)
        if index % 2:
            paused += (london_date(later) - london_date(now)).days
        clock = clock.resumed(later) if index % 2 else clock.paused(later)
        now = later
    assert clock.paused_days == paused
    assert clock.due_on == begun.due_on + timedelta(days=paused)


@pytest.mark.parametrize(
    ("day", "months", "expected", "why"),
    [
        ("2026-12-31", 2, "2027-02-28", "February has no 31st: its last day"),
        ("2027-12-31", 2, "2028-02-29", "a leap year's February has 29"),
        ("2026-11-15", 1, "2026-12-15", "the same day of the month"),
        ("2026-11-30", 2, "2027-01-30", "over the new year"),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(
    day: str, months: int, expected: str, why: str
) -> None:
    assert months_after(date.fromisoformat(day), months).isoformat() == expected, why


def test_an_areas_own_rule_goes_before_those_for_all() -> None:
    own = ClockRule(ClockKind.TRIAGE, date(2021, 1, 1), 3, DayUnit.WORKING_DAYS, areas=frozenset({"cps-wales"}))
    later_for_all = ClockRule(ClockKind.TRIAGE, date(2026, 1, 1), 2, DayUnit.WORKING_DAYS)
    rules, on = ClockRules((*DEFAULT_RULES, own, later_for_all)), date(2026, 11, 24)
    days = {area: rules.in_force(ClockKind.TRIAGE, on, "rasso", area) for area in ("cps-wales", "cps-north-west")}
    assert {area: rule.target_days for area, rule in days.items() if rule} == {"cps-wales": 3, "cps-north-west": 2}
    assert rules.in_force(ClockKind.TRIAGE, date(2020, 6, 1), "rasso", "cps-wales") == DEFAULT_RULES[1]
