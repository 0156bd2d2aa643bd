"""A file through the client command, while connections are cut, and client and service killed at random."""

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.api.behind import storage_of
from tests.outside.bad_line import BadLine
from tests.outside.client import Party
from tests.outside.commanding import PROGRAM, Commands
from tests.outside.running import RunningSandbox

MEBIBYTE = 1024 * 1024
PART_BYTES = 8 * MEBIBYTE
PIECE_BYTES = MEBIBYTE


def sparse_file(path: Path, size: int, seed: int) -> Path:
    """A file of this size, mostly holes, in which no two stretches of a GiB are alike, nor its first parts."""
    chance = random.Random(seed)
    with path.open("wb") as opened:
        opened.truncate(size)
        for start in {*range(0, size, 1024 * MEBIBYTE), *range(0, min(size, 64 * MEBIBYTE), PART_BYTES), size - 1000}:
            opened.seek(start)
            opened.write(chance.randbytes(1000))
    return path


@dataclass
class HardTransfer:
    """The transfer, and what is still to happen to it: each after some further parts, whose number is chance."""

    running: RunningSandbox
    line: BadLine
    party: Party
    state: Path
    breaks: list[str]
    parts: int
    seed: int
    most_bytes: dict[str, int] = field(default_factory=dict)
    """the most memory that was seen of each of the service's processes"""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._sent = 0
        self._step = max(1, self.parts // (len(self.breaks) + 1))
        self._next = self._further()
        self._lock = threading.Lock()
        self._service_ends = threading.Event()
        self._client: subprocess.Popen[str] | None = None
        self.done: list[str] = []

    def upload(self, case_id: str, file: Path) -> str:
        """Begin the command again until it ends by itself; returns the attachment's id."""
        commands = Commands(self.party, self.state)
        words = commands.upload_words(case_id, file, media_type="application/octet-stream", patience="3")
        self.line.pick = self._something_happens
        environment = os.environ | commands.environment | {"HTTP_PROXY": self.line.url}
        while True:
            pipe = subprocess.PIPE
            with subprocess.Popen([*PROGRAM, *words], env=environment, stdout=pipe, stderr=pipe, text=True) as client:
                self._client = client
                self._watch(client)
                printed, said = client.communicate()
            if client.returncode == 0:
                self.line.pick = lambda method, path: None
                return printed.split("\t")[0]
            assert client.returncode == -signal.SIGKILL, said

    def _something_happens(self, method: str, path: str) -> None:
        """Called before each request on the line; counts parts on their way to the store."""
        if method != "PUT":
            return
        with self._lock:
            self._sent += 1
            if self._sent < self._next or not self.breaks:
                return
            happens = self.breaks.pop(0)
            self._next = self._further()
        self.done.append(happens)
        if happens == "client" and self._client:
            self._client.kill()
        elif happens == "service":
            self._service_ends.set()
        else:
            self.line.cut()

    def _further(self) -> int:
        return self._sent + self._chance.randint(1, self._step)

    def _watch(self, client: "subprocess.Popen[str]") -> None:
        looked = 0.0
        while client.poll() is None:
            if self._service_ends.is_set():
                self._service_ends.clear()
                self.running.kill()
                self.running.start()
            if time.monotonic() - looked > 1:
                self._measure()
                looked = time.monotonic()
            time.sleep(0.02)

    def _measure(self) -> None:
        for process in self.running.processes():
            try:
                for word in {"api-process", "worker-process"}.intersection(process.cmdline()):
                    self.most_bytes[word] = max(self.most_bytes.get(word, 0), process.memory_info().rss)
            except psutil.Error:
                continue


def sha256_of(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def assert_arrived_and_nothing_left(transfer: HardTransfer, attachment_id: str, case_id: str, file: Path) -> None:
    """Bit for bit, once, and neither parts nor notes nor other attachments are left behind."""
    party = transfer.party
    with file.open("rb") as opened:
        sha256 = sha256_of(iter(lambda: opened.read(PIECE_BYTES), b""))
    led = party.get(f"/v1/attachments/{attachment_id}/content", expect=307)
    with party.sandbox.http.stream("GET", led.headers["location"]) as answer:
        assert sha256_of(answer.iter_bytes(PIECE_BYTES)) == sha256
    assert [item["id"] for item in party.items(f"/v1/case-files/{case_id}/attachments")] == [attachment_id]
    assert list(transfer.state.iterdir()) == []
    with storage_of(transfer.running.directory) as storage:
        prefix = f"attachments/{attachment_id}/"
        assert not storage.ask("list_multipart_uploads", Prefix=prefix).get("Uploads")
        versions = storage.ask("list_object_versions", Prefix=prefix)
        assert len(versions["Versions"]) == 1 and not versions.get("DeleteMarkers")
    chain = party.get(f"/v1/attachments/{attachment_id}/custody").json()["items"]
    kinds = [link["kind"] for link in chain]
    assert [kinds.count(kind) for kind in ("declared", "received", "verified")] == [1, 1, 1]
