"""A sandbox run as an integrator runs it (`casefile-api sandbox --dir DIR --port PORT`), killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.first_start import laid_into
from tests.outside.client import Sandbox

LONGEST_START_SECONDS = 60
LONGEST_STOP_SECONDS = 30
PROGRAM = [sys.executable, "-c", "from casefile_api.cli import main; main()"]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningSandbox:
    """One sandbox folder, and the program that serves it while it runs."""

    directory: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    program: subprocess.Popen[bytes] | None = None
    starts: int = 0
    connected: list[Sandbox] = field(default_factory=list)

    @property
    def log_file(self) -> Path:
        return self.directory.with_name(self.directory.name + ".log")

    def start(self) -> Sandbox:
        """Starts the program and waits until it is ready."""
        self.starts += 1
        laid_into(self.directory)
        ready = self.directory / "sandbox.json"
        before = ready.stat().st_mtime_ns if ready.exists() else 0
        command = [*PROGRAM, "sandbox", "--dir", str(self.directory), "--port", str(self.port)]
        command += ["--workers", str(self.workers)]
        with self.log_file.open("ab") as log:
            self.program = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=os.environ | self.environment
            )
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while not ready.exists() or ready.stat().st_mtime_ns == before:
            assert self.program.poll() is None, f"the sandbox ended while starting:\n{self.said()}"
            assert time.monotonic() < deadline, f"the sandbox was not ready in time:\n{self.said()}"
            time.sleep(0.05)
        self.connected.append(Sandbox.from_file(ready))
        return self.connected[-1]

    def said(self, lines: int = 40) -> str:
        """The last lines the program printed."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on this folder: what names it, and whatever those have started."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            try:
                if any(str(self.directory) in argument for argument in process.cmdline()):
                    family = [process, *process.children(recursive=True)]
                    found |= {member.pid: member for member in family if member.status() != psutil.STATUS_ZOMBIE}
            except psutil.Error:
                continue
        return list(found.values())

    def kill(self, *, everything: bool = True) -> None:
        """SIGKILL to all that was started, or to the program alone, leaving orphans behind."""
        assert self.program is not None
        doomed = self.processes() if everything else [psutil.Process(self.program.pid)]
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.program.wait()
        psutil.wait_procs([process for process in doomed if process.pid != self.program.pid], timeout=10)

    def stop(self) -> None:
        """Ctrl-C; the program stops everything it started."""
        for sandbox in self.connected:
            sandbox.close()
        if self.program is None or self.program.poll() is not None:
            return
        self.program.send_signal(signal.SIGINT)
        try:
            self.program.wait(LONGEST_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running_sandbox(directory: Path, workers: int = 1, **environment: str) -> Iterator[Sandbox]:
    """A sandbox for a while."""
    running = RunningSandbox(directory, environment=environment, workers=workers)
    try:
        yield running.start()
    finally:
        running.stop()
