"""The figures of early advice: one statement over what is counted ahead, put together by group."""

from datetime import date

from sqlalchemy import text

from casefile_api.access.caller import OrganisationKind
from casefile_api.clock import LONDON, utc_text
from casefile_api.statistics.groups import Figures, group_of
from casefile_api.statistics.measures import DEFINITIONS
from casefile_api.statistics.schemas import EarlyAdviceStatistics, GroupBy
from casefile_api.statistics.scope import scope_of
from casefile_api.statistics.suppression import SMALL, Cell, hidden_cells, with_sums
from casefile_api.unit_of_work import Reading

_EPOCH = date(2000, 1, 1).toordinal()


async def early_advice_figures(
    reading: Reading, first: date, last: date, group: GroupBy | None, unit: str | None = None
) -> EarlyAdviceStatistics:
    """Return the figures of the requests submitted in a period, as far as they are the caller's to know."""
    scope = await scope_of(reading, first, last, group, unit)
    rows = await reading.session.execute(text(scope.statement), scope.values)
    found: dict[str, dict[tuple[str, str], dict[int, int]]] = {}
    for row in rows:
        found.setdefault(row.grp, {})[row.measure, row.key] = dict(zip(row.days, row.numbers, strict=True))
    suppressed = reading.caller.kind is OrganisationKind.OVERSIGHT
    hidden = hidden_cells(with_sums(_totals(found))) if suppressed else frozenset()
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


def _totals(found: dict[str, dict[tuple[str, str], dict[int, int]]]) -> dict[Cell, int]:
    return {
        (group, measure, key): sum(values.values())
        for group, counts in found.items()
        for (measure, key), values in counts.items()
    }
