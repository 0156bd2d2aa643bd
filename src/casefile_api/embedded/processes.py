"""Child processes that can be found again after a kill, and are never mistaken for somebody else's.

A process is known by its number *and* its start time; numbers are re-used, the pair is not. `launch.py` writes the
pair down before the program runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from casefile_api.embedded import launch
from casefile_api.embedded.failures import PartFailed

LAUNCHER = Path(launch.__file__)
LOG_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class ProcessMark:
    """Which process: its number and when it started, in the system's own words."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether exactly this process still runs; a zombie, or another with its number, does not count."""
        return launch.start_time(self.pid) == self.started


@dataclass(frozen=True)
class Account:
    """The user a child runs as."""

    name: str
    user_id: int
    group_id: int


def mark_of(pid: int) -> ProcessMark | None:
    """The mark of a running process, or None if there is none with this number."""
    started = launch.start_time(pid)
    return None if started is None else ProcessMark(pid, started)


def read_record(path: Path) -> ProcessMark | None:
    """The process written down there; None where nothing (readable) is."""
    try:
        number, _, started = path.read_text(encoding="ascii").strip().partition(" ")
        return ProcessMark(int(number), started) if started else None
    except (OSError, ValueError):
        return None


def stop(mark: ProcessMark, *, ask: signal.Signals = signal.SIGTERM, patience_seconds: float = 3.0) -> None:
    """Ask a process to end; if it has not after a while, end it."""
    for number, wait_seconds in ((ask, patience_seconds), (signal.SIGKILL, 10.0)):
        if not mark.alive:
            return
        try:
            os.kill(mark.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            raise PartFailed(f"Process {mark.pid} belongs to another user; stop it as that user or as root.") from None
        if _gone_within(mark, wait_seconds):
            return
    raise PartFailed(
        f"Process {mark.pid} does not end, not even when killed: wait for its disk, or restart the machine."
    )


def stop_recorded(path: Path, *, ask: signal.Signals = signal.SIGTERM, patience_seconds: float = 3.0) -> bool:
    """Stop what an earlier run left behind, if that is what the record names; says whether there was anything."""
    mark = read_record(path)
    left_behind = mark is not None and mark.alive
    if mark is not None and left_behind:
        stop(mark, ask=ask, patience_seconds=patience_seconds)
    path.unlink(missing_ok=True)
    return left_behind


def _gone_within(mark: ProcessMark, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while mark.alive:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


class Child:
    """One process started here, with its record and its log file."""

    def __init__(self, process: subprocess.Popen[bytes], record: Path, log: Path | None, ask: signal.Signals) -> None:
        self._process = process
        self._record = record
        self._ask = ask
        self.log = log

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for it to end by itself; its exit code, or None (and it is ended) if it takes too long."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.stop()
        return code

    def ask(self) -> None:
        """Ask it to end, without waiting."""
        self._process.send_signal(self._ask)

    def stop(self, patience_seconds: float = 3.0) -> None:
        """Ask it to end, wait, end it; afterwards its record is gone."""
        for number, wait_seconds in ((self._ask, patience_seconds), (signal.SIGKILL, 10.0)):
            if self._process.poll() is None:
                self._process.send_signal(number)
                try:
                    self._process.wait(wait_seconds)
                except subprocess.TimeoutExpired:
                    continue
        self._record.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last line it wrote, for a sentence about why it ended."""
        if self.log is None:
            return "see its messages above"
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"


def start(
    command: Sequence[str | Path],
    *,
    record: Path,
    log: Path | None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    ask: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start a program that ends with us: asked with `ask` when we stop it, and by the kernel if we are killed.

    Call it from the main thread: on Linux a child's "parent" is the thread that started it.
    """
    user_id, group_id = (account.user_id, account.group_id) if account else (-1, -1)
    launcher = [sys.executable, "-I", "-S", LAUNCHER, record, os.getpid(), user_id, group_id, int(ask), *command]
    with _opened(log) as output:
        process = subprocess.Popen(
            [str(word) for word in launcher],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=None if environment is None else dict(environment),
            pass_fds=tuple(pass_fds),
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the parts in order
        )
    return Child(process, record, log, ask)


@contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    """The log to write to; without one the child shares our own output. An earlier log is kept when it grows large."""
    if log is None:
        yield None
        return
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    with log.open("ab") as output:
        yield output
