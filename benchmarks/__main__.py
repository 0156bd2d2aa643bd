"""`make bench`: a guarded, audited read against the same SELECT behind bare Starlette, side by side in one run."""

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from rich.console import Console
from rich.table import Table

from benchmarks.load import Figures, http_request, press
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import case_content, opening
from tests.outside.running import free_port, running_sandbox

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
CONNECTIONS = (1, 16, 64)


def main() -> None:
    """Measure and print the table."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    with running_sandbox(folder / "sandbox") as sandbox:
        officer = sandbox.person("officer", unit="police-53-rasso")
        content = case_content(issues="x" * 6_000)
        case_id = officer.post("/v1/case-files", json={**opening(), "content": content}).json()["id"]
        database = PostgreSQL(DataDirectory(folder / "sandbox")).addresses().service
        port = free_port()
        bare = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--port", str(port), "--no-access-log"],
            env=os.environ | {"BARE_DATABASE_URL": database},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(port, case_id)
            target = urlsplit(sandbox.base_url)
            headers = {"Authorization": f"Bearer {officer.token}", "Access-Justification": "investigation"}
            guarded = http_request("GET", f"/v1/case-files/{case_id}", target.netloc, headers)
            plain = http_request("GET", f"/{case_id}", f"127.0.0.1:{port}", {})
            rows = [
                (connections, *_pair(port, plain, int(target.port or 80), guarded, connections))
                for connections in CONNECTIONS
            ]
        finally:
            bare.terminate()
            bare.wait(10)
    _show(rows)


def _pair(bare_port: int, plain: bytes, port: int, guarded: bytes, connections: int) -> tuple[Figures, Figures]:
    async def both() -> tuple[Figures, Figures]:
        options = {"connections": connections, "seconds": SECONDS, "status": 200}
        return (
            await press("127.0.0.1", bare_port, plain, **options),  # type: ignore[arg-type]
            await press("127.0.0.1", port, guarded, **options),  # type: ignore[arg-type]
        )

    return asyncio.run(both())


def _wait(port: int, case_id: str) -> None:
    for _ in range(100):
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/{case_id}", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the yardstick did not start")


def _show(rows: list[tuple[int, Figures, Figures]]) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    table = Table(title=f"Read of a 10 KB case file, {SECONDS:.0f} s each, {machine}")
    for heading in ("connections", "bare/s", "service/s", "ratio", "p50 ms", "p95 ms", "p99 ms", "failed"):
        table.add_column(heading, justify="right")
    for connections, bare, service in rows:
        figures = (bare.per_second, service.per_second, service.per_second / bare.per_second)
        times = (service.p50, service.p95, service.p99)
        cells = [f"{figures[0]:.0f}", f"{figures[1]:.0f}", f"{figures[2]:.2f}", *(f"{value:.1f}" for value in times)]
        table.add_row(str(connections), *cells, str(bare.failed + service.failed))
    Console().print(table)


if __name__ == "__main__":
    main()
