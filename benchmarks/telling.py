"""`python -m benchmarks.telling`: from commit to arrival, what dead receivers cost the others, and events a second.

One worker process, a receiver in this process, the database on the same machine: read the ratios.
"""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from casefile_api.identifiers import new_id
from casefile_api.tenancy import WORKER
from tests.databases import database_server
from tests.telling import Telling, until

RATE = float(os.environ.get("BENCH_EVENTS_PER_SECOND", "50"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
BACKLOG = int(os.environ.get("BENCH_BACKLOG", "2000"))
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink:
    """A receiver that takes everything at once and remembers when which event came first to which path."""

    def __init__(self) -> None:
        self.arrived: dict[tuple[str, str], float] = {}
        self.bodies: list[bytes] = []
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Sink"]:
        """Listen while open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ", 2)[1]
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                headers = {name.lower(): value for name, value in fields.items()}
                self.bodies.append(await reader.readexactly(int(headers["content-length"])))
                self.arrived.setdefault((path, headers.get("webhook-id", "")), time.time())
                if path.startswith("/hang"):
                    await reader.read()
                writer.write(OK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


def place(sorted_values: list[float], share: float) -> float:
    """The value at a share of the way, in milliseconds."""
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)] * 1000


async def delays(telling: Telling, sink: Sink, paths: list[str], rate: float = RATE) -> list[float]:
    """Let things happen at the rate, and take the time from each commit to each arrival."""
    committed: dict[str, float] = {}
    begun = time.monotonic()
    for number in range(int(rate * SECONDS)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        (event,) = await telling.happen()
        committed[str(event)] = time.time()
    wanted = {(path, event) for path in paths for event in committed}
    await until(lambda: wanted <= sink.arrived.keys(), seconds=60)
    return sorted(sink.arrived[path, event] - committed[event] for path, event in wanted)


async def bare_loop(url: str, bodies: list[bytes]) -> float:
    """Post the same bodies with nothing around it, as many at a time; how many a second."""
    waiting = iter(bodies)
    async with httpx2.AsyncClient() as client:

        async def post() -> None:
            for body in waiting:
                await client.post(url, content=body)

        begun = time.monotonic()
        await asyncio.gather(*(post() for _ in range(4)))
        return len(bodies) / (time.monotonic() - begun)


async def measure(database_url: str, folder: Path) -> Table:
    """Measure everything on one database."""
    table = Table("what", "p50 ms", "p95 ms", "p99 ms", "events/s")
    telling = Telling(database_url, folder)
    async with Sink().open() as sink:
        base = f"http://127.0.0.1:{sink.port}"
        await telling.register(f"{base}/one", "case_file.*")
        with telling.worker_process():
            await telling.happen()
            await until(lambda: sink.arrived, seconds=60)
            await asyncio.sleep(3)
            table.add_row(f"1 endpoint, {RATE:g} events/s", *shown(await delays(telling, sink, ["/one"])))
            paths = ["/one", *(f"/{number}" for number in range(14))]
            for path in paths[1:]:
                await telling.register(base + path, "case_file.*")
            await asyncio.sleep(2)
            slowly = RATE / len(paths)  # as many deliveries a second as before
            table.add_row("15 endpoints, as many deliveries", *shown(await delays(telling, sink, paths, slowly)))
            for number in range(3):
                await telling.register(f"{base}/hang{number}", "case_file.*")
            await telling.register("http://127.0.0.1:9/", "case_file.*")
            await telling.register("http://127.0.0.1:10/", "case_file.*")
            await asyncio.sleep(2)
            table.add_row("the same, beside 5 dead or hanging", *shown(await delays(telling, sink, paths, slowly)))
    await backlog(Telling(database_url, folder), table)
    await telling.database.close()
    return table


async def backlog(telling: Telling, table: Table) -> None:
    """Let much wait while no worker runs, then send it; and send the same bodies bare."""
    async with telling.database.session(WORKER) as session:
        await session.execute(text("delete from webhook_endpoint"))
        await session.commit()
    async with Sink().open() as sink:
        url = f"http://127.0.0.1:{sink.port}/backlog"
        await telling.register(url, "case_file.*")
        for _ in range(BACKLOG // 10):
            await telling.happen(case=new_id(), count=10)
        with telling.worker_process():
            await until(lambda: sink.arrived, seconds=60)
            begun = min(sink.arrived.values())
            await until(lambda: len(sink.arrived) >= BACKLOG, seconds=300)
            sent = BACKLOG / (max(sink.arrived.values()) - begun)
        table.add_row(f"{BACKLOG} waiting events to one endpoint", "", "", "", f"{sent:.0f}")
        bodies = sink.bodies[:BACKLOG]
        assert all(json.loads(body)["data"]["event_id"] for body in bodies)
        table.add_row("the same bodies in a bare httpx2 loop", "", "", "", f"{await bare_loop(url, bodies):.0f}")
    await telling.database.close()


def shown(taken: list[float]) -> tuple[str, str, str]:
    """Three columns."""
    return f"{place(taken, 0.5):.0f}", f"{place(taken, 0.95):.0f}", f"{place(taken, 0.99):.0f}"


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with database_server(folder / "database") as server, server.scratch() as database:
            (folder / "worker").mkdir()
            Console().print(asyncio.run(measure(database.service_url, folder / "worker")))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
