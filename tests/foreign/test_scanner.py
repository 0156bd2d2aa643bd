"""The malware scanner itself, clamd, with a database that knows the test file alone (Debian's `clamav-daemon`)."""

import hashlib
import io
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from casefile_api.attachments.findings import Findings, examine
from casefile_api.attachments.malware import SIGNATURE, Scan
from casefile_api.errors import DependencyUnavailable

CLAMD = shutil.which("clamd") or ""
pytestmark = pytest.mark.skipif(not CLAMD, reason="clamd is not installed")
STREAM_BYTES = 1024 * 1024
LONGEST_START_SECONDS = 60
# As clamd.conf(5) has them; it stays in the foreground and ends with us.
CONFIGURATION = f"""
DatabaseDirectory {{folder}}/database
LocalSocket {{folder}}/clamd.sock
PidFile {{folder}}/clamd.pid
Foreground yes
StreamMaxLength {STREAM_BYTES}
TemporaryDirectory {{folder}}
"""


@pytest.fixture(scope="module")
def clamd(shared_folder: Path) -> Iterator[str]:
    """The socket of a scanner."""
    folder = shared_folder / "clamd"
    (folder / "database").mkdir(parents=True)
    # A signature of contents (ndb): name, any kind of file, anywhere, these bytes.
    (folder / "database" / "test.ndb").write_text(f"Test.File:0:*:{SIGNATURE.hex()}\n")
    (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder))
    address = str(folder / "clamd.sock")
    with (folder / "log").open("wb") as log:
        program = subprocess.Popen([CLAMD, "-c", folder / "clamd.conf"], stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while not answers(address):
            assert program.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield address
    finally:
        program.terminate()
        program.wait(10)


def answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(address)
            line.sendall(b"zPING\0")
            return line.recv(16) == b"PONG\0"
        except OSError:
            return False


def looked_at(data: bytes, address: str) -> Findings:
    found = examine((data[at : at + 100_000] for at in range(0, len(data), 100_000)), address)
    assert (found.size_bytes, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return found


def packed(data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.bin", data)
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "scan"),
    [
        (b"", Scan.CLEAN),
        (b"nothing to be seen here", Scan.CLEAN),
        (SIGNATURE, Scan.INFECTED),
        (packed(packed(b"some words before " * 40 + SIGNATURE)), Scan.INFECTED),
        (bytes(STREAM_BYTES + 300_000), Scan.TOO_LARGE),
    ],
    ids=["empty", "clean", "plain", "packed twice", "too long for it"],
)
def test_a_file_goes_by_the_scanner_on_its_way(clamd: str, data: bytes, scan: Scan) -> None:
    assert looked_at(data, clamd).scan is scan


def test_a_scanner_that_is_away_lets_nothing_through(clamd: str) -> None:
    with pytest.raises(DependencyUnavailable):
        looked_at(b"nothing to be seen here", f"{clamd}.away")
