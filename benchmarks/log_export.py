"""`python -m benchmarks.log_export`: the whole log exported and verified offline: how fast, and with how much memory.

BENCH_ENTRIES says how many entries (a million). Each export runs in a process of its own that has loaded the whole
service, as an API process has; what is told is the most memory that it ever held.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import casefile_api.app  # noqa: F401 - what an API process holds before it exports anything
from benchmarks.log_filling import fill
from casefile_api.audit.export_verification import ExportVerification
from casefile_api.audit.exports import Export
from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.queries import Place
from casefile_api.audit.remit import Remit
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import open_checkpoint
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from tests.databases import database_server
from tests.logs import LogInHand

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "1000000"))
MEBIBYTE = 1024 * 1024


def most_memory() -> float:
    """Return the most memory that this process has held, in MiB.

    From /proc: getrusage tells a new program the peak of the one that started it, where that was higher.
    """
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def export(url: str, kind: str, file: Path) -> None:
    """Write an export to a file, chunk by chunk."""
    database = Database(Settings(database_url=url))
    wanted = Export(database, WORKER, EntryFilter(), Remit(None), ENTRIES, Place(), None)
    with file.open("wb") as out:
        async for chunk in wanted.ndjson() if kind == "ndjson" else wanted.csv():
            out.write(chunk)
    await database.close()


def told(kind: str, url: str, file: Path) -> tuple[str, str, str, str]:
    """Run an export in a process of its own; its row of the table."""
    begun = time.perf_counter()
    words = [sys.executable, "-m", "benchmarks.log_export", kind, url, str(file)]
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - begun
    size = file.stat().st_size / MEBIBYTE
    return f"export as {kind}", f"{ENTRIES / seconds:,.0f}", f"{float(ended.stdout):.0f} MiB", f"{size:,.0f} MiB"


def main() -> None:
    """Fill a log, export it both ways, verify the export, and print the table."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    table = Table(f"{ENTRIES:,} entries", "entries a second", "most memory", "file")
    try:
        with database_server(folder / "database") as server, server.scratch() as scratch:
            log = LogInHand.on(scratch.service_url, scratch.owner_url, folder / "log")
            signer = asyncio.run(log.signers())[0]
            fill(scratch.owner_url, signer, ENTRIES)
            for kind in ("csv", "ndjson"):
                table.add_row(*told(kind, scratch.service_url, folder / kind))
            note = log.rows("select note from audit_checkpoint order by id desc limit 1")[0][0]
        begun = time.perf_counter()
        with (folder / "ndjson").open("rb") as lines:
            report = ExportVerification(open_checkpoint(note, [signer.verifier])).verify(lines)
        rate = ENTRIES / (time.perf_counter() - begun)
        table.add_row(f"verified offline, {len(report.findings)} findings", f"{rate:,.0f}", "", "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Console(width=110).print(table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(export(sys.argv[2], sys.argv[1], Path(sys.argv[3])))
        print(most_memory())
    else:
        main()
