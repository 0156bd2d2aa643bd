"""How long the log is kept: the free text of an entry, and the entry itself. One row per kind of act.

DPA 2018 s.39 (kept no longer than necessary) and s.62 (the log must be there for whoever supervises). The years are the
controller's to decide: CASEFILE_LOG_RETENTION names others. Nothing expires by itself; two people erase what is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# Whatever proves an erasure, a detached period or a succession is never erased: nothing else could vouch for a gap.
NEVER_ERASED = ("confirm_erasure", "detach_log_period", "attach_log_period", "open_successor_log")


@dataclass(frozen=True, slots=True)
class Retention:
    """A row: which entries, and the years for which their text and they themselves are kept."""

    name: str
    condition: str
    text_years: int
    entry_years: int


RETENTION: tuple[Retention, ...] = (
    Retention("refusal", "e.outcome = 'refused'", 2, 7),
    Retention("case", "e.outcome = 'allowed' and e.case_file_id is not null", 7, 100),
    Retention("other", "e.outcome = 'allowed' and e.case_file_id is null", 7, 30),
)


def retention_table(changed: Mapping[str, tuple[int, int]]) -> tuple[Retention, ...]:
    """The table with the years that the controller set; names that are no row are a ValueError."""
    unknown = sorted(set(changed) - {row.name for row in RETENTION})
    if unknown:
        raise ValueError(f"no such row of the retention table: {', '.join(unknown)}")
    return tuple(
        Retention(row.name, row.condition, *changed.get(row.name, (row.text_years, row.entry_years)))
        for row in RETENTION
    )


def due(table: tuple[Retention, ...], *, entries: bool, now: datetime) -> tuple[str, dict[str, datetime]]:
    """The SQL condition on `audit_entry e` that holds for what is kept too long, and the moments that it names."""
    years = {row.name: row.entry_years if entries else row.text_years for row in table}
    condition = " or ".join(f"({row.condition} and e.occurred_at < :{row.name}_before)" for row in table)
    return f"({condition})", {f"{name}_before": _years_before(now, count) for name, count in years.items()}


def _years_before(moment: datetime, years: int) -> datetime:
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=max(1, moment.year - years), day=day)
