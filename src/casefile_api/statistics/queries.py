"""The figures of early advice: one statement over what is counted ahead, put together by group."""

from datetime import date
from typing import TypeAlias

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.clock import LONDON, utc_text
from casefile_api.statistics.groups import Figures, group_of
from casefile_api.statistics.measures import DEFINITIONS
from casefile_api.statistics.schemas import EarlyAdviceStatistics, GroupBy
from casefile_api.statistics.scope import scope_of
from casefile_api.statistics.suppression import SMALL, Cell, hidden_cells, hidden_within_units, with_sums, within
from casefile_api.unit_of_work import Reading

_EPOCH = date(2000, 1, 1).toordinal()


Found: TypeAlias = dict[str, dict[tuple[str, str], dict[int, int]]]
"""How often each value occurred, by group, measure and key."""


async def early_advice_figures(
    reading: Reading, first: date, last: date, group: GroupBy | None, unit: str | None = None
) -> EarlyAdviceStatistics:
    """Return the figures of the requests submitted in a period, as far as they are the caller's to know."""
    suppressed = reading.caller.kind is OrganisationKind.OVERSIGHT
    among_units = suppressed and unit is not None
    scope = await scope_of(reading, first, last, group, unit, among_units=among_units)
    rows = await reading.session.execute(text(scope.statement), scope.values)
    found: Found = {}
    for row in rows:
        found.setdefault(row.grp, {})[row.measure, row.key] = dict(zip(row.days, row.numbers, strict=True))
    hidden: frozenset[Cell] = frozenset()
    if among_units:
        found, hidden = _of_one(found, unit or "")
    elif suppressed:
        hidden = hidden_cells(with_sums(_totals(found)))
    today = reading.now.astimezone(LONDON).date().toordinal() - _EPOCH
    by_month = group is GroupBy.MONTH
    return EarlyAdviceStatistics(
        from_=first.isoformat(),
        to=last.isoformat(),
        as_of=utc_text(reading.now),
        group_by=group,
        unit=unit,
        suppressed_below=SMALL if suppressed else None,
        groups=[
            group_of(Figures(name, counts, today, suppressed, hidden), by_month=by_month, with_case_files=scope.cases)
            for name, counts in sorted(found.items())
        ],
        definitions=DEFINITIONS,
    )


def _of_one(found: Found, unit: str) -> tuple[Found, frozenset[Cell]]:
    """Return the groups of one unit, and what is left out of them for the sake of what is told of the others."""
    named = {name: name.removeprefix(within(unit, "")) for name in found if name.startswith(within(unit, ""))}
    hidden = hidden_within_units(with_sums(_totals(found)))
    cells = {(named[name], measure, key) for name, measure, key in hidden if name in named}
    return {named[name]: found[name] for name in named}, frozenset(cells)


def _totals(found: Found) -> dict[Cell, int]:
    return {
        (group, measure, key): sum(values.values())
        for group, counts in found.items()
        for (measure, key), values in counts.items()
    }
