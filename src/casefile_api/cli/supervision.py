"""The parent of everything the program runs: starts the parts, watches them, restarts a dead one, stops all in order.

One thread and no event loop on purpose: a child's parent, for the kernel, is the thread that started it. Requests are
served by children that share one listening socket, so a child that dies takes no waiting connection with it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog

from casefile_api.embedded import processes
from casefile_api.embedded.failures import PartFailed

LOOK_SECONDS = 0.2
DELAYS_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0)
HEALTHY_SECONDS = 60.0
STOP_SECONDS = 12.0

log = structlog.get_logger()


class Part(Protocol):
    """Something that runs beside us and has to be there."""

    @property
    def name(self) -> str:
        """What it is called in the log and in its record."""
        ...

    @property
    def running(self) -> bool:
        """Whether it runs."""
        ...

    def start(self) -> object:
        """Start it, and return when it can be used."""
        ...

    def stop(self) -> None:
        """Stop it, and return when it is gone."""
        ...


@dataclass
class Program:
    """A child process of our own: an API process or the worker."""

    name: str
    command: Sequence[str | Path]
    record: Path
    log: Path | None
    environment: Mapping[str, str]
    pass_fds: Sequence[int] = ()
    _child: processes.Child | None = None

    def start(self) -> None:
        """Start it; what an earlier run left behind under this name is stopped first."""
        processes.stop_recorded(self.record)
        self._child = processes.start(
            self.command,
            record=self.record,
            log=self.log,
            environment=self.environment,
            pass_fds=self.pass_fds,
        )

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.exit_code is None

    def ask_to_stop(self) -> None:
        """Let it begin to end, while others are told the same."""
        if self._child is not None and self._child.exit_code is None:
            self._child.ask()

    def stop(self) -> None:
        """Wait for its graceful end; end it if that takes too long."""
        if self._child is not None:
            self._child.stop(STOP_SECONDS)
            self._child = None

    def last_words(self) -> str:
        """Why it ended, as far as it said so."""
        return self._child.last_words() if self._child else "it was not started"


@dataclass
class _Watched:
    part: Part
    started_at: float
    deaths: int = 0
    not_before: float = 0.0


@dataclass
class Supervisor:
    """Starts, watches and stops."""

    stopping: threading.Event = field(default_factory=threading.Event)
    _watched: list[_Watched] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Start a part and watch it from now on."""
        self.watch(part)
        part.start()

    def watch(self, part: Part) -> None:
        """Watch (and in the end stop) a part that is being started by somebody else."""
        self._watched.append(_Watched(part, time.monotonic()))

    def run(self) -> None:
        """Watch until asked to stop."""
        while not self.stopping.wait(LOOK_SECONDS):
            for watched in self._watched:
                self._look_after(watched)

    def wait_until(self, ready: Callable[[], bool], programs: Sequence[Program], seconds: float) -> None:
        """Wait for our own programs to be ready; one that ends instead is the reason to give up."""
        until = time.monotonic() + seconds
        while not ready():
            for program in programs:
                if not program.running:
                    raise PartFailed(f"The {program.name} process ended at its start: {program.last_words()}")
            if time.monotonic() > until:
                raise PartFailed(f"The service was not ready within {seconds:.0f} seconds.")
            if self.stopping.wait(0.05):
                return

    def stop(self) -> None:
        """Stop everything: the programs side by side, then the parts they use."""
        programs = [watched.part for watched in self._watched if isinstance(watched.part, Program)]
        for program in programs:
            program.ask_to_stop()
        for part in [*programs, *(watched.part for watched in reversed(self._watched))]:
            part.stop()  # a part stopped already has nothing left to do
        self._watched.clear()

    def _look_after(self, watched: _Watched) -> None:
        now = time.monotonic()
        if watched.part.running:
            if now - watched.started_at > HEALTHY_SECONDS:
                watched.deaths = 0
            return
        if watched.not_before == 0.0:
            watched.not_before = now + DELAYS_SECONDS[min(watched.deaths, len(DELAYS_SECONDS) - 1)]
            watched.deaths += 1
            log.error("part_died", part=watched.part.name, deaths=watched.deaths)
        if now < watched.not_before:
            return
        watched.not_before, watched.started_at = 0.0, now
        try:
            watched.part.start()
            log.info("part_restarted", part=watched.part.name)
        except PartFailed as failure:
            log.error("part_not_restarted", part=watched.part.name, why=str(failure))


@contextmanager
def supervised() -> Iterator[Supervisor]:
    """A supervisor that Ctrl-C and SIGTERM ask to stop, and that leaves nothing running behind it."""
    supervisor = Supervisor()

    def ask(number: int, frame: FrameType | None) -> None:
        supervisor.stopping.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield supervisor
    finally:
        supervisor.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
