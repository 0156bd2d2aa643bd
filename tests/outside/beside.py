"""A second process that answers requests, on the database and the files of a running sandbox, as another machine would.

It has the sandbox's own environment but for what a test changes, and listens on a port of its own; issuer and resource
stay the sandbox's one URL, as behind a load balancer.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import psutil  # type: ignore[import-untyped]

from tests.outside.client import Sandbox

LONGEST_START_SECONDS = 60


def environment_of(directory: Path) -> dict[str, str]:
    """The environment that the sandbox gave its own process, not that of another one beside it: those are our own."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "api-process" in words and str(directory) in words and process.ppid() != os.getpid():
                return dict(process.environ())
        except psutil.Error:
            continue
    raise AssertionError("the sandbox has no process that answers requests")


@contextmanager
def beside(sandbox: Sandbox, *, named: bool = False, **changes: str) -> Iterator[Sandbox]:
    """The sandbox as it is met through a process beside its own; `named`: under a name of its own."""
    with socket.socket() as listener, (sandbox.directory / "beside.log").open("ab") as log:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = environment_of(sandbox.directory) | {"CASEFILE_METRICS_PORT": "0"} | changes
        if named:
            environment["CASEFILE_PUBLIC_URL"] = base_url
        command = [sys.executable, "-m", "casefile_api.cli", "api-process", "--descriptor", str(listener.fileno())]
        process = subprocess.Popen(
            [*command, "--of", str(sandbox.directory)],
            env=os.environ | environment,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        endpoints = {"base_url": base_url, "token_endpoint": f"{base_url}/oauth/token"}
        endpoints |= {"issuer": base_url} if named else {}
        other = Sandbox(sandbox.config | endpoints, sandbox.directory)
        try:
            _wait_until_ready(other, process)
            yield other
        finally:
            other.close()
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_until_ready(sandbox: Sandbox, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while True:
        assert process.poll() is None, (sandbox.directory / "beside.log").read_text()
        assert time.monotonic() < deadline, "the second process was not ready in time"
        try:
            if sandbox.http.get(f"{sandbox.base_url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
