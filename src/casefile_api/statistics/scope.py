"""Whose requests a caller's figures are about: the force's own, those with the Area, a remit, or all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.statistics.facts import FLOW, ITEMS, REQUESTS, SPANS
from casefile_api.statistics.schemas import GroupBy
from casefile_api.unit_of_work import Reading

_DAY = timedelta(days=1)
EVERYBODY = "true"
# Whatever the day of its submission, what is open now is work, and what happened in a month is of that month.
_NOW = "measure in ('open', 'holding')"
_OF_MONTHS = f"measure in ({', '.join(repr(name) for name in FLOW)})"
_ITEMS_OF_FACT = "jsonb_to_recordset(f.items) i (measure text, key text, value integer, count bigint)"
_GROUPS = {
    None: "'all'",
    GroupBy.FORCE: "organisation",
    GroupBy.UNIT: "unit",
    GroupBy.MONTH: f"case when {_OF_MONTHS} then key else to_char(day, 'YYYY-MM') end",
}


@dataclass(frozen=True)
class Scope:
    """What figures are drawn from: a condition on who and where, a period, and what they are broken down by."""

    condition: str
    values: dict[str, object]
    group: GroupBy | None
    spans: tuple[str, ...]
    cases: bool = True
    of_a_force: bool = False
    among_units: bool = False
    """Whether one unit is asked for whose figures are told as they stand among those of all units."""

    @property
    def _summed_for(self) -> str:
        """Return the condition on sums: over all forces they are kept under none, and over all units too."""
        if self.of_a_force or self.group is GroupBy.FORCE:
            return f"{self.condition} and organisation <> ''"
        together = self.condition == EVERYBODY and self.group is not GroupBy.UNIT and not self.among_units
        return f"{self.condition} and organisation = '' and unit {'=' if together else '<>'} ''"

    @property
    def _told(self) -> str:
        """Return the condition on measures that are told: the CPS counts the charges that it was told of."""
        return "measure <> 'charge_told'" if self.cases else "measure not in ('case_files', 'not_sought', 'charge')"

    @property
    def statement(self) -> str:
        """Return the one statement whose rows are the figures: group, measure, key, and how often each value was.

        The sums by month and, at the edges, the facts; without what was marked since or is hidden from the caller; and
        what was marked, counted from its sources. One statement sees one state of all of them.
        """
        group, value, rows = _GROUPS[self.group], "value", "day, organisation, unit, measure, key, value, count"
        if self.among_units:  # of the others, how many is enough
            group, value = f"unit || chr(31) || {group}", "case when unit = :unit then value else 0 end as value"
        sums = rows.replace("day", "month as day", 1)
        facts = "f.day, f.organisation, f.unit, i.measure, i.key, i.value, i.count"
        by_day = f"not {_NOW} and not {_OF_MONTHS}"
        ours = f"{self._summed_for} and {by_day} and {self._told}"  # part by part: each lies together in an index
        by_month = f"{_OF_MONTHS} and key between :first_month and :last_month"
        now = "false" if self.group is GroupBy.MONTH else _NOW  # work in hand is of no month
        in_period = f"({by_day} and day between :first and :last or {by_month} or {now})"
        return f"""
    with due as materialized (
        select subject_id as id from figure_due where kind = 'request'
        union select request_id from early_advice_clock where stopped_at is null and paused_at is null
              and breach_told_at is null and due_at + interval '1 second' <= :now),
    hidden as materialized (select id from casefile_uncounted() id),
    requests as materialized (
        select * from ({REQUESTS} and r.id in (select id from due) and casefile_lets_in(r.case_file_id)) r
        where {self.condition}),
    {ITEMS},
    summed as (
        {"".join(f"select {sums} from figure_total where {span} and {ours} union all " for span in self.spans)}
        select {facts} from figure_fact f, {_ITEMS_OF_FACT} where {self.condition} and {by_day}
            and (day between :first and :before_whole or day between :after_whole_or_first and :last)
        union all
        select {sums} from figure_total where {self._summed_for} and span = 1 and ({by_month} or {now})),
    taken_out as (
        select f.day, f.organisation, f.unit, i.measure, i.key, i.value, -i.count as count
        from figure_fact f, {_ITEMS_OF_FACT}
        where f.subject_id in (select id from due union select id from hidden) and {self.condition}),
    put_in as (
        select r.day, r.organisation, r.unit, i.measure, i.key, i.value::integer, i.count
        from requests r join items i using (id)),
    everything as (
        select {rows} from summed
        union all select {rows} from taken_out where {in_period}
        union all select {rows} from put_in where {in_period})
    select grp, measure, key, array_agg(value) as days, array_agg(number) as numbers from (
        select {group} as grp, measure, key, {value}, sum(count)::bigint as number from everything
        where {self._told} group by 1, 2, 3, 4 having sum(count) <> 0) counted
    group by 1, 2, 3"""


async def scope_of(
    reading: Reading,
    first: date,
    last: date,
    group: GroupBy | None,
    unit: str | None = None,
    *,
    among_units: bool = False,
) -> Scope:
    """Return what the caller's figures are drawn from; a unit among all of them where small numbers are left out."""
    caller = reading.caller
    whole, after = _whole_months(first, last)
    parts = [(1, whole, after)] if group is GroupBy.MONTH else list(parts_of(whole, after))
    values: dict[str, object] = {"now": reading.now, **_period(first, last, whole, after), **_bounds(parts)}
    conditions = []
    if unit is not None:
        values["unit"] = unit
    if unit is not None and not among_units:
        conditions.append("unit = :unit")
    own: str | None = caller.organisation
    if caller.kind is OrganisationKind.OPERATOR:
        own = None
    elif caller.kind is OrganisationKind.OVERSIGHT:
        found = await reading.session.execute(
            text("select remit from organisation where id = :id"), {"id": caller.organisation}
        )
        remit = found.scalar_one_or_none()
        own = None if remit == "all" else remit or ""
    if own is not None:
        conditions.append(("area" if caller.kind is OrganisationKind.CPS else "organisation") + " = :own")
        values["own"] = own
    condition = " and ".join(conditions) or EVERYBODY
    of_police = caller.kind is not OrganisationKind.CPS
    spans = tuple(_span(number, months) for number, (months, _, _) in enumerate(parts))
    of_a_force = own is not None and of_police
    return Scope(condition, values, group, spans, of_police, of_a_force, among_units)


def _whole_months(first: date, last: date) -> tuple[date, date]:
    """Return from when to when whole months lie within a period: nowhere, where none does."""
    whole = first if first.day == 1 or first.year == date.max.year else _month_after(first)
    after = (last + _DAY).replace(day=1)
    return (whole, after) if whole < after else (first, first)  # no month is whole: all of it by day


def _period(first: date, last: date, whole: date, after: date) -> dict[str, object]:
    """Return the days of a period, with those at its edges that are of no whole month."""
    return {
        "first": first,
        "last": last,
        "before_whole": whole - _DAY if whole > date.min else whole,
        "after_whole_or_first": max(after, first),
        "first_month": f"{first:%Y-%m}",
        "last_month": f"{last:%Y-%m}",
    }


def parts_of(since: date, until: date, spans: tuple[int, ...] = SPANS) -> Iterator[tuple[int, date, date]]:
    """Divide whole months into the fewest sums: years, quarters beside them, and months beside those."""
    if since >= until:
        return
    months, *smaller = spans
    begins, ends = -(-_number_of(since) // months) * months, _number_of(until) // months * months
    if begins >= ends:
        yield from parts_of(since, until, tuple(smaller))
        return
    first, last = _month_of(begins), _month_of(ends)
    yield from parts_of(since, first, tuple(smaller))
    yield months, first, last
    yield from parts_of(last, until, tuple(smaller))


def _span(number: int, months: int) -> str:
    """Return the condition on sums of one part of a period."""
    return f"span = {months} and month >= :since_{number} and month < :until_{number}"


def _bounds(parts: Sequence[tuple[int, date, date]]) -> dict[str, object]:
    """Return from when to when each part of a period is."""
    bounds: dict[str, object] = {}
    for number, (_, since, until) in enumerate(parts):
        bounds |= {f"since_{number}": since, f"until_{number}": until}
    return bounds


def _number_of(month: date) -> int:
    return month.year * 12 + month.month - 1


def _month_of(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
