"""The receivers that the documentation shows, started as their first lines say."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RECEIVERS = Path(__file__).parents[2] / "docs" / "receivers"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on this machine")
    return found


def python_receiver() -> list[str]:
    return [sys.executable, str(RECEIVERS / "receiver.py")]


@contextmanager
def listening(command: list[str], **environment: str) -> Iterator[str]:
    """A receiver in a process of its own; its address."""
    port = free_port()
    process = subprocess.Popen(
        command, env={**os.environ, **environment, "PORT": str(port)}, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == "listening"
            yield f"http://127.0.0.1:{port}/hooks"
        finally:
            process.kill()
