"""`python -m benchmarks.floods`: what floods of several kinds by one client cost another that asks now and then."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.wrk import PROGRAM
from tests.outside.cases import opening
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox
from tests.rules.limit_contents import content_at_the_limit

TURNS = int(os.environ.get("BENCH_TURNS", "6"))
BURST_SECONDS = 4
# The rates of production: a sandbox of its own is generous.
RATES = {
    "CASEFILE_RATE_PER_SECOND": "100",
    "CASEFILE_RATE_BURST": "400",
    "CASEFILE_ADDRESS_RATE_PER_SECOND": "50",
    "CASEFILE_ADDRESS_RATE_BURST": "200",
}
_BODY = """
wrk.method = "POST"
wrk.path = "/v1/case-files"
wrk.body = io.open("{path}"):read("*a")
wrk.headers["Content-Type"] = "application/json"
"""


@dataclass(frozen=True)
class Flood:
    """What one client, or somebody who is none, sends as fast as it can over so many connections."""

    name: str
    connections: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], bytes] | None = None


def _case_file() -> bytes:
    """A sound opening with a content as large as may be; it is there already from the second time on."""
    return orjson.dumps(opening(urn="53BH9999926", police_unit="police-53-rasso", content=content_at_the_limit()))


FLOODS = (
    Flood("reads far over its rate, on 16 connections", 16),
    Flood("the same, on 200 connections", 200),
    Flood("forged tokens, on 200 connections", 200, {"Authorization": "Bearer forged"}),
    Flood("bodies of a megabyte of nothing, on 200 connections", 200, body=lambda: b" " * 1_000_000),
    Flood("case files of a megabyte, on 200 connections", 200, body=_case_file),
    Flood("the same, without a token", 200, {"Authorization": "Bearer forged"}, body=_case_file),
)


def main() -> None:
    """Measure and print: all, or those whose numbers are given (from 0)."""
    table = Table("what", "figure")
    chosen = [FLOODS[int(number)] for number in sys.argv[1:]] or FLOODS
    with sandbox(**RATES) as flooded, sandbox(**RATES) as other:
        for flood in chosen:
            table.add_section()
            table.add_row(flood.name, "")
            for name, told in quiet_latency(flooded, other, flood):
                table.add_row(name, told)
    Console(width=110).print(table)


@contextmanager
def sandbox(**environment: str) -> Iterator[Sandbox]:
    """A sandbox on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with running_sandbox(folder / "sandbox", **environment) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quiet_latency(flooded: Sandbox, other: Sandbox, flood: Flood) -> Iterator[tuple[str, str]]:
    """The latencies of a quiet client, median and 99th of a hundred.

    Alone; while another client floods a second service on the same machine, which takes the processors and the disk as
    much; and while it floods the same service. What the last is over the second is what the service itself lets one
    client cost another. In short turns, so that what else the machine does falls on all three alike.
    """
    quiet, path = flooded.party("force-20-rms"), "/v1/me"
    taken: dict[str, list[float]] = {"alone": [], "beside a flood of another service": [], "beside a flood": []}
    targets: list[Sandbox | None] = [None, other, flooded]
    for target in targets:
        if target is not None:
            with _flooding(target, flood, seconds=BURST_SECONDS):
                pass  # what a client may ask for at once is used up
    for _ in range(TURNS):
        for name, target in zip(taken, targets, strict=True):
            if target is None:
                taken[name] += _asked(flooded, path, quiet.token, times=60)
                continue
            with _flooding(target, flood, seconds=2):
                time.sleep(0.3)
                taken[name] += _asked(flooded, path, quiet.token, times=60)
    found = {name: _percentiles(latencies) for name, latencies in taken.items()}
    for name, (median, last) in found.items():
        yield f"a quiet client, {name}", f"p50 {median:.2f} ms, p99 {last:.2f} ms"
    (apart, apart_last), (beside, beside_last) = list(found.values())[1:]
    yield "what our own sharing adds", f"p50 {beside / apart:.2f}, p99 {beside_last / apart_last:.2f}"


def _percentiles(latencies: list[float]) -> tuple[float, float]:
    latencies.sort()
    return latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]


@contextmanager
def _flooding(target: Sandbox, flood: Flood, *, seconds: float) -> Iterator[None]:
    headers = {"Authorization": f"Bearer {target.party('force-53-rms').token}", **flood.headers}
    command = [str(PROGRAM), "-t1", f"-c{flood.connections}", f"-d{seconds:.0f}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    with tempfile.TemporaryDirectory() as folder:
        if flood.body is not None:
            body, script = Path(folder) / "body", Path(folder) / "post.lua"
            body.write_bytes(flood.body())
            script.write_text(_BODY.format(path=body))
            command += ["-s", str(script)]
        running = subprocess.Popen([*command, f"{target.base_url}/v1/me"], stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            running.wait()


def _asked(running: Sandbox, path: str, token: str, *, times: int) -> list[float]:
    """Ask so many times, 40 times a second, on one connection; milliseconds each."""
    host = urlsplit(running.base_url)
    connection = HTTPConnection(str(host.hostname), host.port)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the quiet client was answered {answer.status}")
        taken.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.025)
    connection.close()
    return taken


if __name__ == "__main__":
    main()
