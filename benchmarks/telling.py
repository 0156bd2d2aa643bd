"""`python -m benchmarks.telling`: from commit to arrival, what bad receivers cost the others, and events a second.

One worker process, receivers in this process, the database on the same machine: read the ratios. What is compared is
measured in turns, so that whatever else the machine does falls on both. `python -m benchmarks.telling outage` measures
what a receiver is sent that was away for a day.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.outage import after_an_outage
from benchmarks.sink import Sink
from casefile_api.identifiers import new_id
from casefile_api.tenancy import WORKER, Scope
from tests.databases import database_server
from tests.telling import ORGANISATION, Telling, until

RATE = float(os.environ.get("BENCH_EVENTS_PER_SECOND", "50"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "4"))
BACKLOG = int(os.environ.get("BENCH_BACKLOG", "1500"))
GOOD = tuple(f"/good{number}" for number in range(15))
BAD = ("/hang0", "/hang1", "/slow", "/fail", None)
"""Beside the fifteen: two that never answer, one that takes two seconds, one that fails, one where nobody listens."""


def place(values: list[float], share: float) -> float:
    """The value at a share of the way, in milliseconds."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


async def delays(telling: Telling, sink: Sink, paths: tuple[str, ...], rate: float) -> list[float]:
    """Let things happen at the rate, and take the time from each commit to each arrival."""
    committed: dict[str, float] = {}
    begun = time.monotonic()
    for number in range(int(rate * SECONDS)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        (event,) = await telling.happen()
        committed[str(event)] = time.time()
    wanted = {(path, event) for path in paths for event in committed}
    await until(lambda: wanted <= sink.arrived.keys(), seconds=60)
    return [sink.arrived[path, event] - committed[event] for path, event in wanted]


async def forget(telling: Telling, *urls: str) -> None:
    """Remove endpoints; all, where none is named."""
    async with telling.database.session(Scope(ORGANISATION, "police")) as session:
        which = "delete from webhook_endpoint where :all or url = any(:urls)"
        await session.execute(text(which), {"all": not urls, "urls": list(urls)})
        await session.commit()


async def pause(telling: Telling, until_when: str) -> None:
    """Let every endpoint be left alone until a moment of the database's."""
    async with telling.database.session(WORKER) as session:
        await session.execute(text(f"update webhook_endpoint set paused_until = {until_when}"))
        await session.commit()


async def all_in_feed(telling: Telling) -> bool:
    """Whether everything that happened has its place in the feed."""
    return not await telling.rows("select from event_pending limit 1")


async def beside_bad_ones(telling: Telling, sink: Sink, table: Table) -> None:
    """Fifteen receivers alone and beside five bad ones, in turns; as many deliveries a second as to one receiver."""
    taken: dict[bool, list[float]] = {False: [], True: []}
    bad = [f"{sink.base}{path}" if path else "http://127.0.0.1:9/" for path in BAD]
    for path in GOOD:
        await telling.register(sink.base + path, "case_file.*")
    for number in range(ROUNDS * 2):
        with_bad = number % 4 in (1, 2)
        for url in bad if with_bad else ():
            await telling.register(url, "case_file.*")
        await asyncio.sleep(1.5)
        taken[with_bad] += await delays(telling, sink, GOOD, RATE / len(GOOD))
        await forget(telling, *bad)
    alone, beside = taken[False], taken[True]
    table.add_row("15 endpoints, as many deliveries", *shown(alone))
    table.add_row("the same, beside 5 dead, hanging, slow or failing", *shown(beside))
    shares = (f"x {place(beside, share) / place(alone, share):.2f}" for share in (0.5, 0.95, 0.99))
    table.add_row("… in proportion", *shares, "")


async def backlog(telling: Telling, sink: Sink, table: Table, folder: Path) -> None:
    """Let much wait in the feed, then send it; and send the same bodies bare: in turns."""
    ours, bare = [], []
    for number in range(max(2, ROUNDS // 2)):
        await forget(telling)
        path = f"/backlog{number}"
        await telling.register(sink.base + path, "case_file.*")
        await pause(telling, "now() + interval '1 hour'")
        sink.bodies.clear()
        with telling.worker_process():
            for _ in range(BACKLOG // 10):
                await telling.happen(case=new_id(), count=10)
            await until(lambda: all_in_feed(telling), seconds=60)
            await pause(telling, "null")
            await until(lambda: len(sink.bodies) >= BACKLOG, seconds=300)
        times = sorted(at for (where, _), at in sink.arrived.items() if where == path)
        ours.append((BACKLOG - 1) / (times[-1] - times[0]))
        bodies = folder / "bodies"
        bodies.write_bytes(b"\n".join(sink.bodies[:BACKLOG]))
        command = (sys.executable, "-m", "benchmarks.telling", "bare", f"{sink.base}/bare", str(bodies))
        loop = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        said, _ = await loop.communicate()
        bare.append(float(said))
    table.add_row(f"{BACKLOG} waiting events to one endpoint", "", "", "", f"{max(ours):.0f}")
    table.add_row("the same bodies in a bare httpx2 loop", "", "", "", f"{max(bare):.0f}")
    table.add_row("… in proportion", "", "", "", f"x {max(ours) / max(bare):.2f}")


async def bare_loop(url: str, bodies: list[bytes]) -> float:
    """Post bodies with nothing around it, as many at a time; how many a second."""
    waiting = iter(bodies)
    async with httpx2.AsyncClient() as client:

        async def post() -> None:
            for body in waiting:
                await client.post(url, content=body)

        begun = time.monotonic()
        await asyncio.gather(*(post() for _ in range(4)))
        return len(bodies) / (time.monotonic() - begun)


async def live(telling: Telling, table: Table, folder: Path) -> None:
    """Measure everything but an outage on one database."""
    async with Sink().open() as sink:
        await telling.register(f"{sink.base}/one", "case_file.*")
        with telling.worker_process():
            await telling.happen()
            await until(lambda: sink.arrived, seconds=60)
            await asyncio.sleep(3)
            table.add_row(f"1 endpoint, {RATE:g} events/s", *shown(await delays(telling, sink, ("/one",), RATE)))
            await forget(telling)
            await beside_bad_ones(telling, sink, table)
        await backlog(telling, sink, table, folder)
        assert all(json.loads(body)["data"]["event_id"] for body in sink.bodies)


async def outage(telling: Telling, table: Table, _: Path) -> None:
    """Measure what a receiver is sent that was away for a day."""
    await after_an_outage(telling, table)


def shown(taken: list[float]) -> tuple[str, str, str, str]:
    """The columns of a row."""
    return f"{place(taken, 0.5):.0f}", f"{place(taken, 0.95):.0f}", f"{place(taken, 0.99):.0f}", ""


async def measure(what: Callable[[Telling, Table, Path], Awaitable[None]], database_url: str, folder: Path) -> Table:
    """Measure on a database."""
    table = Table("what", "p50 ms", "p95 ms", "p99 ms", "events/s")
    telling = Telling(database_url, folder)
    await what(telling, table, folder)
    await telling.database.close()
    return table


def main(*words: str) -> None:
    """Measure and print."""
    if words[:1] == ("bare",):
        url, bodies = words[1:]
        sys.stdout.write(f"{asyncio.run(bare_loop(url, Path(bodies).read_bytes().split(bytes([10]))))}")
        return
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with database_server(folder / "database") as server, server.scratch() as database:
            (folder / "worker").mkdir()
            what = outage if words == ("outage",) else live
            Console(width=110).print(asyncio.run(measure(what, database.service_url, folder / "worker")))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
