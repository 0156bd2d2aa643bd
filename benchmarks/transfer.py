"""`python -m benchmarks.transfer`: the client command against boto3's transfer, verification against `sha256sum`.

BENCH_MIB (256) is the size of the file, BENCH_ROUNDS (3) how often each is measured, in turns, on one sandbox and its
one store. Each upload is a program of its own, started anew, its file in the system's cache. The client hashes the
whole file before it declares it, and both prove the bytes of each part: boto3 signs its SHA-256 where it goes over
plain HTTP, as here, and adds a CRC-32.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from casefile_api.attachments.findings import examine
from casefile_api.attachments.objects import CHUNK_BYTES, read_object
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.seaweedfs import SeaweedFS
from tests.api.behind import newest, storage_of
from tests.outside.cases import open_case
from tests.outside.client import Sandbox
from tests.outside.commanding import PROGRAM, Commands
from tests.outside.running import running_sandbox

MEBIBYTES = int(os.environ.get("BENCH_MIB", "256"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
BARE = """
import sys, boto3
from boto3.s3.transfer import TransferConfig
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="eu-west-2")
client.upload_file(sys.argv[2], sys.argv[3], sys.argv[4], Config=TransferConfig())
"""


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes, with nothing left to write to the disk from before."""
    os.sync()
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


class Bench:
    """One sandbox, one case file, and files that are new each time."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.officer = sandbox.person("officer", unit="police-53-rasso")
        self.case_id = str(open_case(self.officer)["id"])
        self.commands = Commands(self.officer, folder / "notes")
        self.store = sandbox.config["storage"]
        self.last_id = ""

    def new_file(self) -> Path:
        """A file of random bytes, in the system's cache."""
        file = self.folder / "file.bin"
        with file.open("wb") as opened:
            for _ in range(MEBIBYTES):
                opened.write(os.urandom(CHUNK_BYTES))
        return file

    def upload(self, *more: str) -> None:
        """The client command, from its start to its end."""
        words = self.commands.upload_words(
            self.case_id, self.folder / "file.bin", media_type="application/octet-stream"
        )
        environment = os.environ | self.commands.environment
        ended = subprocess.run([*PROGRAM, *words, *more], env=environment, capture_output=True, text=True, check=True)
        self.last_id = ended.stdout.split("\t")[0]

    def bare(self) -> None:
        """boto3's own transfer, with its own settings (8 MiB parts, ten threads)."""
        words = [
            self.store["endpoint_url"],
            str(self.folder / "file.bin"),
            self.store["bucket"],
            f"bare/{time.time_ns()}",
        ]
        subprocess.run([sys.executable, "-c", BARE, *words], check=True)

    def settle(self) -> None:
        """Wait until nothing is read back any more, so that the next is measured alone."""
        while self.last_id and self.officer.get(f"/v1/attachments/{self.last_id}").json()["status"] == "verifying":
            time.sleep(0.2)


def uploads(bench: Bench) -> dict[str, list[float]]:
    """Seconds of each way, in turns."""
    found: dict[str, list[float]] = {"boto3 transfer": [], "client, until sent": [], "client, until verified": []}
    ways: list[tuple[str, Callable[[], object]]] = [
        ("boto3 transfer", bench.bare),
        ("client, until sent", lambda: bench.upload("--no-wait")),
    ]
    for _ in range(ROUNDS):
        bench.new_file()
        for name, way in ways:
            found[name].append(timed(way))
            bench.settle()
        ways.reverse()
        bench.new_file()
        found["client, until verified"].append(timed(bench.upload))
    return found


def reading_back(bench: Bench) -> dict[str, list[float]]:
    """Seconds of hashing a file here, of reading an object, and of examining one as the worker does."""
    file = bench.folder / "file.bin"
    found: dict[str, list[float]] = {"sha256sum": [], "examined from memory": [], "read from the store": []}
    found["examined from the store"] = []
    with storage_of(bench.sandbox.directory) as storage:
        version = newest(storage, bench.last_id)

        def chunks() -> object:
            return read_object(storage, version["Key"], version["VersionId"])

        for _ in range(ROUNDS):
            found["sha256sum"].append(
                timed(lambda: subprocess.run(["sha256sum", file], check=True, capture_output=True))
            )
            held = file.read_bytes()
            pieces = [held[at : at + CHUNK_BYTES] for at in range(0, len(held), CHUNK_BYTES)]
            found["examined from memory"].append(timed(lambda pieces=pieces: examine(pieces, "")))
            found["read from the store"].append(timed(lambda: sum(map(len, chunks()))))  # type: ignore[call-overload]
            found["examined from the store"].append(timed(lambda: examine(chunks(), "")))  # type: ignore[arg-type]
            assert examine(pieces, "").sha256 == hashlib.sha256(held).hexdigest()
    return found


def table_of(title: str, yardstick: str, found: dict[str, list[float]]) -> Table:
    """Medians, and each beside the yardstick."""
    table = Table("", "MiB/s", f"of {yardstick}", title=title, title_justify="left")
    beside = statistics.median(found[yardstick])
    for what, seconds in found.items():
        middle = statistics.median(seconds)
        table.add_row(what, f"{MEBIBYTES / middle:,.0f}", f"{beside / middle:.2f}")
    return table


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    try:
        with running_sandbox(folder / "sandbox") as sandbox:
            keys = SeaweedFS(DataDirectory(folder / "sandbox")).address()
            os.environ |= {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
            bench = Bench(sandbox, folder)
            tables = [table_of(f"{MEBIBYTES} MiB sent", "boto3 transfer", uploads(bench))]
            tables.append(table_of(f"{MEBIBYTES} MiB read back", "sha256sum", reading_back(bench)))
            sandbox.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for table in tables:
        Console(width=110).print(table)


if __name__ == "__main__":
    main()
