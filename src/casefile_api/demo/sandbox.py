"""A sandbox for the length of a demonstration: started as a program of its own, in a folder of its own, and stopped."""

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from casefile_api.demo.answers import NotAsToldError

LONGEST_START_SECONDS = 60
LONGEST_STOP_SECONDS = 30
OTHERS_MAY_PASS_THROUGH = 0o711
"""The database runs as another user where the program runs as root, and must reach its folder inside."""


@contextlib.contextmanager
def running_sandbox() -> Iterator[Path]:
    """Gives the path of `sandbox.json` while the sandbox runs."""
    with tempfile.TemporaryDirectory(prefix="casefile-demo-") as folder:
        directory = Path(folder)
        directory.chmod(OTHERS_MAY_PASS_THROUGH)
        with (directory / "sandbox.log").open("wb") as log:
            command = [sys.executable, "-c", "from casefile_api.cli import main; main()", "sandbox"]
            command += ["--dir", str(directory / "data"), "--port", str(free_port())]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                yield wait_until_ready(process, directory)
            finally:
                stop(process)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(process: subprocess.Popen[bytes], directory: Path) -> Path:
    """The file that a ready sandbox writes."""
    ready, deadline = directory / "data" / "sandbox.json", time.monotonic() + LONGEST_START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            said = (directory / "sandbox.log").read_text(errors="replace").strip().splitlines()
            raise NotAsToldError(f"The sandbox did not start: {said[-1] if said else 'it said nothing'}")
        time.sleep(0.05)
    return ready


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks it to stop, as Ctrl-C would; it stops everything it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(LONGEST_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
