"""A receiver that was away for a day: how what waited arrives when it is back, and how fast."""

import asyncio
import os
import time
from datetime import timedelta

from rich.table import Table

from benchmarks.sink import Sink
from casefile_api.identifiers import new_id
from tests.telling import Telling, until

WAITING = int(os.environ.get("BENCH_WAITING", "5000"))
ANSWERS_AFTER = float(os.environ.get("BENCH_ANSWERS_AFTER", "0.002"))
OF_ONE_CASE = 10


async def after_an_outage(telling: Telling, table: Table) -> None:
    """Let a receiver fail while much happens, a day pass, and the receiver be back."""
    async with Sink().open() as sink:
        sink.down, sink.seconds = True, ANSWERS_AFTER
        endpoint = await telling.register(f"{sink.base}/away", "case_file.*")
        with telling.worker_process():
            await telling.happen()
            failures = "select failures from webhook_endpoint where id = :id and failures >= 4"
            while not await telling.rows(failures, id=endpoint.id):
                await telling.advance(timedelta(minutes=1))
                await asyncio.sleep(1.0)
            for _ in range(WAITING // OF_ONE_CASE):
                await telling.happen(case=new_id(), count=OF_ONE_CASE)
            sink.down, sink.most_at_once = False, 0
            await telling.advance(timedelta(days=1))
            back = time.time()
            await until(lambda: len(sink.arrived) > WAITING, seconds=1200)
        times = sorted(sink.arrived.values())
        assert sink.in_order(), "the events of a case came out of order"
        assert len(sink.bodies) == len(sink.arrived), "something came twice"
    for seconds in (1, 2, 5, 10, 20):
        come = sum(at - times[0] < seconds for at in times)
        table.add_row(f"come within {seconds} s of the first", "", "", "", f"{come}")
    table.add_row("until the first came, s", "", "", "", f"{times[0] - back:.1f}")
    table.add_row("until all had come, in order, s", "", "", "", f"{times[-1] - back:.1f}")
    table.add_row("the most at a time", "", "", "", f"{sink.most_at_once}")
    table.add_row(f"all {len(times)}", "", "", "", f"{len(times) / (times[-1] - times[0]):.0f}")
