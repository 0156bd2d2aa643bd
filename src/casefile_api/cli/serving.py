"""The processes of a running service: so many that answer requests, and one that works through what they leave.

`casefile-api serve` and the sandbox are both this, on different parts.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from casefile_api.cli.parts import SEQUENCERS_WAY, WORKERS_WAY, Parts
from casefile_api.cli.supervision import Program, Supervisor
from casefile_api.embedded import processes
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.failures import PartFailed

BACKLOG = 2048
READY_SECONDS = 60.0
OURSELVES = (sys.executable, "-m", "casefile_api.cli")
DIRECT = build_opener(ProxyHandler({}))


def listen(host: str, port: int) -> socket.socket:
    """The socket that all API processes share; it stays open while one of them is restarted."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise PartFailed(f"Cannot listen on {host} port {port} ({problem.strerror}): choose another port.") from None
    return listener


def api_programs(
    directory: DataDirectory,
    listener: socket.socket,
    environment: Mapping[str, str],
    count: int,
    log: Path | None = None,
) -> list[Program]:
    """The processes that answer requests."""
    descriptor = listener.fileno()
    environment = {name: value for name, value in environment.items() if name not in (WORKERS_WAY, SEQUENCERS_WAY)}
    return [
        Program(
            name=f"api-{number}",
            command=[*OURSELVES, "api-process", "--descriptor", str(descriptor), "--of", directory.path],
            record=directory.record(f"api-{number}"),
            log=log,
            environment=environment | metrics_port(environment, number - 1),
            pass_fds=[descriptor],
        )
        for number in range(1, count + 1)
    ]


def metrics_port(environment: Mapping[str, str], place: int) -> dict[str, str]:
    """One port is named in the settings; it is the first process's, and the others take the next ones."""
    first = int(environment.get("CASEFILE_METRICS_PORT", "0"))
    return {"CASEFILE_METRICS_PORT": str(first + place if first else 0)}


def worker_program(directory: DataDirectory, environment: Mapping[str, str], log: Path | None = None) -> Program:
    """The process that sequences the log, delivers webhooks, verifies uploads and watches clocks."""
    worker_begun_file(directory).unlink(missing_ok=True)
    return Program(
        name="worker",
        command=[*OURSELVES, "worker-process", "--of", directory.path],
        record=directory.record("worker"),
        log=log,
        environment=environment,
    )


def worker_begun_file(directory: DataDirectory) -> Path:
    """Made by the worker when it has loaded and begins."""
    return directory.run / "worker.begun"


def worker_has_begun(directory: DataDirectory) -> bool:
    """Whether the worker of this folder has loaded and works."""
    return worker_begun_file(directory).exists()


def stop_left_behind(directory: DataDirectory) -> None:
    """Stop what a killed run left, whatever it was called: none of it may hold our port or go on writing."""
    for record in sorted(directory.run.glob("*.process")):
        if record.stem not in ("postgresql", "seaweedfs"):
            processes.stop_recorded(record)


def bring_up(
    supervisor: Supervisor,
    parts: Parts,
    programs_with: Callable[[Mapping[str, str]], list[Program]],
    prepare_tables: Callable[[Mapping[str, str]], None],
) -> tuple[list[Program], dict[str, str]]:
    """Start everything at once: our programs take as long to load as the parts take to come up.

    They wait for the tables themselves. Where a part had to take other ports than planned, they are started again.
    """
    planned = parts.plan()
    parts.begin(supervisor)
    programs = programs_with(planned)
    for program in programs:
        supervisor.start(program)
    found = parts.finish(supervisor)
    prepare_tables(found)
    if found != planned:
        for program, other in zip(programs, programs_with(found), strict=True):
            program.stop()
            program.environment = other.environment
            program.start()
    return programs, found


def is_ready(url: str) -> bool:
    """Whether the service answers that it can do its work."""
    try:
        with closing(DIRECT.open(url, timeout=5)) as answer:
            return bool(answer.status == 200)
    except HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False
