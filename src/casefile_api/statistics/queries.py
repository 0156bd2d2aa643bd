"""The figures of early advice, each one statement over the requests in scope, put together by group."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.statistics.measures import DEFINITIONS
from casefile_api.statistics.schemas import (
    ActionFigures,
    ClockFigures,
    CodeCount,
    EarlyAdviceStatistics,
    FirstTimeAcceptance,
    Group,
    GroupBy,
    SideFigures,
    StateCount,
)
from casefile_api.statistics.scope import Scope, scope_of
from casefile_api.unit_of_work import Reading

SMALL = 5

_OUTCOMES = "select grp, state as name, count(*) as count from scoped group by grp, state order by grp, state"
_FIRST_TIME = """, decided as (
    select distinct on (s.request_id) r.grp, s.step from scoped r join early_advice_step s on s.request_id = r.id
    where s.step in ('accept', 'return') order by s.request_id, s.number)
select grp, count(*) as decided, count(*) filter (where step = 'accept') as accepted from decided group by grp"""
_REASONS = """
select r.grp, code as name, count(*) as count
from scoped r join early_advice_step s on s.request_id = r.id and s.step = 'return',
     jsonb_array_elements_text(s.codes) as code
group by r.grp, code order by r.grp, count desc, code"""
_CLOCKS = """, clocks as (
    select r.grp, c.kind, c.stopped_at is not null as stopped,
           (c.stopped_at at time zone 'Europe/London')::date - (c.started_at at time zone 'Europe/London')::date
             - c.paused_days - case when c.paused_at is null then 0 else
               (c.stopped_at at time zone 'Europe/London')::date - (c.paused_at at time zone 'Europe/London')::date
             end as days,
           least(coalesce(c.stopped_at, :now), c.paused_at) >= c.due_at + interval '1 second' as breached
    from scoped r join early_advice_clock c on c.request_id = r.id)
select grp, kind, count(*) filter (where stopped) as stopped,
       percentile_cont(0.5) within group (order by days) filter (where stopped) as median,
       percentile_cont(0.9) within group (order by days) filter (where stopped) as p90,
       count(*) filter (where breached) as breaches
from clocks group by grp, kind order by grp, kind"""
_SIDES = """, held as (
    select r.grp, s.request_id,
           case when s.state_to in ('draft', 'returned', 'refused', 'information_requested') then 'police'
                when s.state_to = 'action_plan_open' then 'both'
                when s.state_to in ('completed', 'withdrawn', 'administratively_finalised') then 'none'
                else 'cps' end as side,
           coalesce(lead(s.at) over (partition by s.request_id order by s.number), :now) - s.at as period
    from scoped r join early_advice_step s on s.request_id = r.id),
    days as (
    select grp, request_id, side, sum(extract(epoch from period)) / 86400.0 as days
    from held where side <> 'none' group by grp, request_id, side)
select grp, side, count(*) as requests, percentile_cont(0.5) within group (order by days) as median,
       percentile_cont(0.9) within group (order by days) as p90
from days group by grp, side order by grp, side"""
_ACTIONS = """, advised as (
    select r.grp, r.id from scoped r join early_advice e on e.request_id = r.id),
    answered as (
    select s.action_id, min(s.at) as at from early_advice_action_step s where s.step = 'return' group by s.action_id)
select r.grp, count(distinct r.id) as requests, count(a.id) as actions,
       count(a.id) filter (where (coalesce(w.at, a.settled_at, :now) at time zone 'Europe/London')::date > a.due_on)
         as late
from advised r left join early_advice_action a on a.request_id = r.id left join answered w on w.action_id = a.id
group by r.grp"""
_ANSWERABLE = {"advice": "cps", "triage": "cps", "police_response": "police", "action": "police", "appeal": "cps"}


class Figures:
    """Counts as the caller may see them: for oversight, small numbers are left out."""

    def __init__(self, *, suppressed: bool) -> None:
        self.suppressed = suppressed

    def count(self, number: int) -> int | None:
        """Return a count, or None where it is small and suppressed."""
        return None if self.suppressed and 0 < number < SMALL else number

    def worked_out(self, value: Any, basis: int) -> float | None:
        """Return a figure worked out from so many, or None where they are few and suppressed, or none at all."""
        if value is None or basis == 0 or (self.suppressed and basis < SMALL):
            return None
        return round(float(value), 1)

    def shares(self, parts: Iterable[tuple[str, int]]) -> list[tuple[str, int | None]]:
        """Return counts that add up to a known sum: where one is left out, a second goes with it."""
        told = [(name, number, self.count(number)) for name, number in parts]
        hidden = [item for item in told if item[2] is None]
        shown = sorted((item for item in told if item[2]), key=lambda item: item[1])
        also = shown[0][0] if len(hidden) == 1 and shown else None
        return [(name, None if name == also else seen) for name, _, seen in told]


async def early_advice_figures(
    reading: Reading, first: date, last: date, group: GroupBy | None
) -> EarlyAdviceStatistics:
    """Return the figures of the requests submitted in a period, as far as they are the caller's to know."""
    scope = await scope_of(reading, first, last, group)
    figures = Figures(suppressed=reading.caller.kind is OrganisationKind.OVERSIGHT)
    answers = {
        name: await _by_group(reading, scope, statement)
        for name, statement in (
            ("outcomes", _OUTCOMES),
            ("first_time", _FIRST_TIME),
            ("reasons", _REASONS),
            ("clocks", _CLOCKS),
            ("sides", _SIDES),
            ("actions", _ACTIONS),
        )
    }
    groups = sorted(answers["outcomes"])
    return EarlyAdviceStatistics(
        from_=first.isoformat(),
        to=last.isoformat(),
        group_by=group,
        suppressed_below=SMALL if figures.suppressed else None,
        groups=[_group(name, {key: rows.get(name, []) for key, rows in answers.items()}, figures) for name in groups],
        definitions=dict(DEFINITIONS),
    )


async def _by_group(reading: Reading, scope: Scope, statement: str) -> dict[str, list[Any]]:
    values = {**scope.values, **({"now": reading.now} if ":now" in statement else {})}
    rows = await reading.session.execute(text(f"{scope.scoped} {statement}"), values)
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.grp, []).append(row)
    return found


def _group(name: str, rows: Mapping[str, list[Any]], figures: Figures) -> Group:
    states = [(row.name, row.count) for row in rows["outcomes"]]
    return Group(
        group=name,
        requests=figures.count(sum(count for _, count in states)),
        first_time_acceptance=_first_time(rows["first_time"], figures),
        return_reasons=[CodeCount(code=row.name, count=figures.count(row.count)) for row in rows["reasons"]],
        clocks=[_clock(row, figures) for row in rows["clocks"]],
        sides=[_side(row, figures) for row in rows["sides"]],
        actions=_actions(rows["actions"], figures),
        outcomes=[StateCount(state=state, count=count) for state, count in figures.shares(states)],
    )


def _first_time(rows: list[Any], figures: Figures) -> FirstTimeAcceptance:
    decided = rows[0].decided if rows else 0
    accepted = rows[0].accepted if rows else 0
    parts = dict(figures.shares([("accepted", accepted), ("returned", decided - accepted)]))
    rate = figures.worked_out(100 * accepted / decided, decided) if decided else None
    return FirstTimeAcceptance(
        decided=figures.count(decided),
        accepted=parts["accepted"],
        rate_percent=None if None in parts.values() else rate,
    )


def _clock(row: Any, figures: Figures) -> ClockFigures:
    return ClockFigures(
        kind=row.kind,
        side=_ANSWERABLE[row.kind],
        stopped=figures.count(row.stopped),
        median_days=figures.worked_out(row.median, row.stopped),
        p90_days=figures.worked_out(row.p90, row.stopped),
        breaches=figures.count(row.breaches),
    )


def _side(row: Any, figures: Figures) -> SideFigures:
    return SideFigures(
        side=row.side,
        requests=figures.count(row.requests),
        median_days=figures.worked_out(row.median, row.requests),
        p90_days=figures.worked_out(row.p90, row.requests),
    )


def _actions(rows: list[Any], figures: Figures) -> ActionFigures:
    requests, actions, late = (rows[0].requests, rows[0].actions, rows[0].late) if rows else (0, 0, 0)
    return ActionFigures(
        count=figures.count(actions),
        per_request=figures.worked_out(actions / requests, requests) if requests else None,
        late=figures.count(late),
    )
