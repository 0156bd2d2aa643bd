"""`python -m benchmarks.statistics`: how long the figures take to answer among a million requests.

BENCH_REQUESTS (1000000) requests of five years, 43 forces with 14 Areas' units, are written as the worker counts them:
their sums by month, and BENCH_MARKED (200) requests that are marked, and so counted from their sources. What is
measured is the call's own query, with the policies of the tables on, as each kind of caller, and the answer made of it
as JSON or as CSV; medians in milliseconds. As in an API process, what is loaded is out of the collector's sight.
"""

import asyncio
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from rich.console import Console
from rich.table import Table

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.cli.memory import keep_what_is_loaded
from casefile_api.database import Database
from casefile_api.settings import Settings
from casefile_api.statistics.queries import early_advice_figures
from casefile_api.statistics.schemas import GroupBy
from casefile_api.statistics.tables import csv_of
from casefile_api.unit_of_work import Reading
from tests.api.many_rows import fill
from tests.databases import ScratchDatabase, database_server

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "1000000"))
MARKED = int(os.environ.get("BENCH_MARKED", "200"))
TIMES = int(os.environ.get("BENCH_TIMES", "9"))
DAYS, FORCES, AREAS = 1826, 43, 14
_NUMBER = "(hashint4(n * 31 + {salt}) & 1048575)"


def _chance(salt: int, most: int) -> str:
    """A number below `most` that goes by the request alone."""
    return f"{_NUMBER.format(salt=salt)} % {most}"


_SPREAD = f"({_chance(1, 40)} + {_chance(2, 40)}) / 2"
_FACTS = (
    "'requests', '', 0",
    "'state', (array['completed','completed','completed','completed','completed','withdrawn',"
    f"'administratively_finalised','allocated'])[1 + {_chance(3, 8)}], 0",
    f"'first_decision', case when {_chance(4, 100)} < 35 then 'return' else 'accept' end, 0",
    f"'return_reason', 'REASON_' || {_chance(5, 13)}, 0",
    f"'clock', 'advice', {_SPREAD}",
    f"'clock', 'triage', {_chance(6, 5)}",
    f"'clock', 'police_response', {_chance(7, 25)}",
    f"'clock', 'action', {_chance(8, 45)}",
    f"'breach', (array['advice','triage','action'])[1 + {_chance(9, 3)}], 0",
    f"'turn', 'cps', {_SPREAD}",
    f"'turn', 'police', {_chance(10, 25)}",
    f"'turn', 'both', {_chance(11, 60)}",
    f"'days_to_advice', '', {_SPREAD} + {_chance(12, 20)}",
    f"'submissions', case when {_chance(4, 100)} < 35 then 'again' else 'once' end, 1 + ({_chance(4, 100)} < 35)::int",
    f"'questions', '', ({_chance(13, 100)} < 20)::int",
    f"'actions', '', {_chance(14, 5)}",
    f"'cycles', '', 1 + ({_chance(15, 100)} < 16)::int",
    f"'charge', case when {_chance(16, 100)} < 30 then 'led' else 'none' end, "
    f"case when {_chance(16, 100)} < 30 then {_chance(17, 300)} else 0 end",
    f"'charge_told', case when {_chance(16, 100)} < 20 then 'led' else 'none' end, "
    f"case when {_chance(16, 100)} < 20 then {_chance(17, 300)} else 0 end",
    "'received', to_char(day, 'YYYY-MM'), 0",
    f"'answered', to_char(day + {_SPREAD}, 'YYYY-MM'), 0",
)


def _object(fact: str) -> str:
    """A fact as the worker keeps it."""
    rest, value = fact.rsplit(", ", 1)
    measure, key = rest.split(", ", 1)
    return f"jsonb_build_object('measure', {measure}, 'key', {key}, 'value', {value}, 'count', 1)"


_OBJECTS = ", ".join(_object(fact) for fact in _FACTS)
_ID = "lpad(to_hex(n), 32, '0')::uuid"
_FILLING = (
    f"""create temporary table each as
        select n, date '2021-11-24' + n % {DAYS} as day, 'police-' || (10 + n / {DAYS} % {FORCES}) as organisation,
               'cps-' || n / {DAYS} % {FORCES} % {AREAS} as area from generate_series(1, {REQUESTS}) n""",
    *(
        f"""insert into figure_total (month, organisation, area, unit, measure, key, value, count)
            select date_trunc('month', day)::date, organisation, area, area || '-rasso', {fact}, count(*) from each
            group by 1, 2, 3, 4, 5, 6, 7"""
        for fact in _FACTS
    ),
    """insert into figure_total (month, organisation, area, unit, measure, key, value, count)
        select month, '', area, unit, measure, key, value, sum(count) from figure_total group by 1, 3, 4, 5, 6, 7
        union all
        select month, '', '', '', measure, key, value, sum(count) from figure_total group by 1, 5, 6, 7""",
    *(
        f"""insert into figure_total (month, span, organisation, area, unit, measure, key, value, count)
            select date_trunc('{name}', month)::date, {months}, organisation, area, unit, measure, key, value,
                sum(count)
            from figure_total where span = 1 and measure not in ('open', 'holding', 'received', 'returned', 'answered')
            group by 1, 3, 4, 5, 6, 7, 8"""
        for name, months in (("quarter", 3), ("year", 12))
    ),
    f"""insert into figure_fact (subject_id, case_file_id, organisation, area, unit, day, items)
        select {_ID}, {_ID}, organisation, area, area || '-rasso', day, jsonb_build_array({_OBJECTS})
        from each where day >= '2025-11-01'""",
    "insert into organisation (id, kind, name, remit, valid_from)"
    " values ('oversight-all', 'oversight', 'O', 'all', '2020-01-01')",
    "delete from figure_due",
    "insert into figure_due (kind, subject_id, organisation)"
    f" select 'request', id, organisation from early_advice_request limit {MARKED}",
    "vacuum analyze",
)
UNIT = "cps-3-rasso"  # of the Area and the force that ask
CALLERS = {
    "the inspectorate": ("oversight-all", OrganisationKind.OVERSIGHT),
    "an Area": ("cps-3", OrganisationKind.CPS),
    "a force": ("police-13", OrganisationKind.POLICE),
}
PERIODS = {
    "a month": (date(2026, 10, 1), date(2026, 10, 31)),
    "a year": (date(2025, 12, 1), date(2026, 11, 30)),
    "a year from a 10th": (date(2025, 11, 10), date(2026, 11, 9)),
    "five years": (date(2021, 12, 1), date(2026, 11, 30)),
}


Measured = tuple[str, str, str, str, float]
_FORMS: dict[str, Callable[[dict[str, Any]], bytes]] = {"JSON": lambda told: json.dumps(told).encode(), "CSV": csv_of}


async def measure(database: ScratchDatabase) -> list[Measured]:
    """Each caller, period, grouping and form, the median of several."""
    found = []
    service = Database(Settings(database_url=database.service_url))
    try:
        for who, (organisation, kind) in CALLERS.items():
            caller = Caller(organisation, kind, "client", "subject", frozenset({"system"}), frozenset(), None, None)
            # Whoever inspects is answered by whole months: what a single day tells less is a small number.
            whole = [one for one in PERIODS.items() if kind is not OrganisationKind.OVERSIGHT or one[1][0].day == 1]
            for (period, days), group in itertools.product(whole, (None, *GroupBy)):
                for form in _FORMS if group in (None, GroupBy.UNIT) else ["JSON"]:
                    taken = [await _once(service, caller, days, group, None, form) for _ in range(TIMES)]
                    found.append((who, period, group or "all", form, median(taken)))
            for period, days in whole:
                taken = [await _once(service, caller, days, None, UNIT, "JSON") for _ in range(TIMES)]
                found.append((who, period, "of one unit", "JSON", median(taken)))
    finally:
        await service.close()
    return found


async def _once(
    service: Database, caller: Caller, days: tuple[date, date], group: GroupBy | None, unit: str | None, form: str
) -> float:
    begun = time.perf_counter()
    async with service.session(caller.scope) as session:
        now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        reading = cast("Reading", SimpleNamespace(caller=caller, session=session, now=now))
        figures = await early_advice_figures(reading, *days, group, unit)
    _FORMS[form](figures.model_dump(mode="json", by_alias=True))
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Fill, measure, print."""
    console = Console(width=100)
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with database_server(folder / "database") as server, server.scratch() as scratch:
            fill(scratch.owner_url, max(MARKED * 5, 1000))
            with psycopg.connect(scratch.owner_url, autocommit=True) as owner:
                for statement in _FILLING:
                    owner.execute(statement.encode())
                rows = owner.execute("select count(*), (select count(*) from figure_fact) from figure_total")
                keep_what_is_loaded()
                console.print(f"{REQUESTS:,} requests; rows of sums, and facts of the last year: {rows.fetchone()}")
            table, found = Table("who", "period", "by", "as", "median, ms"), asyncio.run(measure(scratch))
            for *row, taken in found:
                table.add_row(*row, f"{taken:.0f}")
            console.print(table)
            console.print(f"The slowest of {len(found)} takes {max(one[-1] for one in found):.0f} ms.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
