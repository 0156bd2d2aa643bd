"""`python -m benchmarks.log_scale`: do proofs, searches and appends take as long in a large log as in a small one?

BENCH_SIZES names the two sizes (`10000,5000000`); BENCH_VERIFY=1 verifies each log too. The figures are medians in
milliseconds of the same calls with other values each time, the sizes in turns, on the database of one machine, without
HTTP around them. Proofs are those of a process that has given some: the first ones fill what it keeps of the tree.
"""

import asyncio
import math
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.log_filling import FORCES, Filled, fill
from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.queries import Place, find_entry, list_entries
from casefile_api.audit.remit import Remit
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.database import Database
from casefile_api.ledger.proofs import prove_consistency, prove_inclusion
from casefile_api.ledger.stored_tree import KeptTiles, StoredTree
from casefile_api.tenancy import WORKER
from tests.databases import DatabaseServer, database_server
from tests.logs import LogInHand

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "10000,1000000").split(","))
TIMES = int(os.environ.get("BENCH_TIMES", "40"))
PAGE, APPENDED, BATCHES = 51, 500, 8
FIRST_PROOFS = 300
ALL, ONE_FORCE = Remit(None), Remit("police-07")

Call = Callable[[AsyncConnection], Awaitable[object]]


class Questions:
    """The calls that are measured, each with values of its own every time."""

    def __init__(self, filled: Filled) -> None:
        self.filled, self.chance, self.kept = filled, random.Random(1), KeptTiles(seconds=math.inf)

    def leaf(self) -> int:
        """Any leaf."""
        return self.chance.randrange(self.filled.size)

    def force(self) -> str:
        """Any organisation."""
        return FORCES[self.chance.randrange(len(FORCES))]

    def search(self, asked: EntryFilter, remit: Remit = ALL, after: int | None = None) -> Call:
        """A page of a search, from the beginning or from after a leaf."""
        place = Place() if after is None else Place(after)
        return lambda connection: list_entries(connection, asked, remit, place, PAGE)

    def minutes(self, minutes: int, organisation: str | None = None) -> EntryFilter:
        """A short time somewhere in the log."""
        begun = self.filled.moment(self.leaf())
        return EntryFilter(
            occurred_from=begun, occurred_to=begun + timedelta(minutes=minutes), organisation=organisation
        )

    def tree(self) -> StoredTree:
        """The tree as a process reads it for a proof."""
        return StoredTree(self.kept.of("log"))

    def included(self) -> Call:
        """An inclusion proof."""
        at = self.leaf()
        return lambda connection: prove_inclusion(connection, at, self.filled.size, self.tree())

    def grown(self) -> Call:
        """A consistency proof."""
        at = self.leaf()
        return lambda connection: prove_consistency(connection, at, self.filled.size, self.tree())

    def entry(self) -> Call:
        """One entry by its place."""
        at = self.leaf()
        return lambda connection: find_entry(connection, at, ALL)

    def of_case(self, remit: Remit) -> Call:
        """A case file's entries."""
        return self.search(EntryFilter(case_file_id=self.filled.case(self.leaf())), remit)

    def of_person(self) -> Call:
        """What somebody did."""
        return self.search(EntryFilter(staff_id=f"s{self.chance.randrange(self.filled.people)}"))

    def calls(self) -> dict[str, Callable[[], Call]]:
        """The calls by their names."""
        last_fifth = EntryFilter(occurred_from=self.filled.moment(self.filled.size * 4 // 5))
        first_fifth = EntryFilter(occurred_to=self.filled.moment(self.filled.size // 5))
        return {
            "inclusion proof": self.included,
            "consistency proof": self.grown,
            "one entry": self.entry,
            "page without a filter, anywhere": lambda: self.search(EntryFilter(), after=self.leaf()),
            "by case file": lambda: self.of_case(ALL),
            "by case file, one force": lambda: self.of_case(ONE_FORCE),
            "by organisation": lambda: self.search(EntryFilter(organisation=self.force())),
            "by organisation, anywhere": lambda: self.search(EntryFilter(organisation=self.force()), after=self.leaf()),
            "by person": self.of_person,
            "by client": lambda: self.search(EntryFilter(client_id=f"{self.force()}-rms")),
            "by a rare action": lambda: self.search(EntryFilter(action="confirm_erasure")),
            "by outcome refused, anywhere": lambda: self.search(EntryFilter(outcome="refused"), after=self.leaf()),
            "ten minutes": lambda: self.search(self.minutes(10)),
            "ten minutes of an organisation": lambda: self.search(self.minutes(10, self.force())),
            "the last fifth": lambda: self.search(last_fifth),
            "the end of the first fifth": lambda: self.search(first_fifth, after=self.filled.size // 5 - 20),
            "one force, anywhere": lambda: self.search(EntryFilter(), ONE_FORCE, self.leaf()),
        }


@dataclass(frozen=True)
class Measured:
    """A log of one size, and the calls on it."""

    log: LogInHand
    database: Database
    filled: Filled

    async def verify(self, console: Console) -> None:
        """Verify the whole of it, and say how fast that went."""
        begun = time.perf_counter()
        report = await verify_database(self.database, None, await believed_beside(self.database, self.log.settings))
        rate = self.filled.size / (time.perf_counter() - begun)
        console.print(f"{self.filled.size:,} verified, {len(report.findings)} findings, {rate:,.0f} entries a second")


async def measure(sizes: Sequence[Measured]) -> dict[str, list[float]]:
    """Medians in milliseconds; the sizes take turns call by call, so that whatever else the machine does meets both."""
    found = {}
    asked = [Questions(each.filled).calls() for each in sizes]
    async with AsyncExitStack() as stack:
        lent = [await stack.enter_async_context(each.database.connection(WORKER)) for each in sizes]
        for name in asked[0]:
            taken: list[list[float]] = [[] for _ in sizes]
            first = FIRST_PROOFS if name.endswith("proof") else 5
            for number in range(TIMES + first):
                for place, connection in enumerate(lent):
                    call, begun = asked[place][name](), time.perf_counter()
                    await call(connection)
                    if number >= first:  # the first ones plan and warm up
                        taken[place].append((time.perf_counter() - begun) * 1000)
            found[name] = [statistics.median(each) for each in taken]
    return found


async def append(sizes: Sequence[Measured]) -> list[float]:
    """Milliseconds that the sequencer takes for five hundred entries: leaves, searched rows, tiles, a checkpoint."""
    taken: list[list[float]] = [[] for _ in sizes]
    for _ in range(BATCHES):
        for place, each in enumerate(sizes):
            each.log.write(APPENDED)
            begun = time.perf_counter()
            await each.log.step()
            taken[place].append((time.perf_counter() - begun) * 1000)
    return [statistics.median(each) for each in taken]


def filled_log(server: DatabaseServer, stack: ExitStack, folder: Path, size: int, console: Console) -> Measured:
    """Fill a log of this size."""
    scratch = stack.enter_context(server.scratch())
    log = LogInHand.on(scratch.service_url, scratch.owner_url, folder / str(size))
    begun = time.perf_counter()
    filled = fill(scratch.owner_url, asyncio.run(log.signers())[0], size)
    console.print(f"{size:,} entries put in, {size / (time.perf_counter() - begun):,.0f} a second")
    return Measured(log, Database(log.settings.with_values(database_timeout_seconds=600.0)), filled)


async def measure_all(sizes: Sequence[Measured], console: Console) -> dict[str, list[float]]:
    """Measure the sizes beside each other."""
    try:
        found = await measure(sizes)
        for each in sizes if os.environ.get("BENCH_VERIFY") else ():
            await each.verify(console)
        found[f"sequencing {APPENDED} entries"] = await append(sizes)
        return found
    finally:
        for each in sizes:
            await each.database.close()


def main() -> None:
    """Measure both sizes and print the table."""
    console = Console(width=110)
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with database_server(folder / "database") as server, ExitStack() as stack:
            sizes = [filled_log(server, stack, folder, size, console) for size in SIZES]
            measured = asyncio.run(measure_all(sizes, console))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("what (median, ms)", f"{SIZES[0]:,}", f"{SIZES[-1]:,}", "factor")
    for name, (before, *_, after) in measured.items():
        table.add_row(name, f"{before:.2f}", f"{after:.2f}", f"{after / before:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
