"""The examples of docs/authentication.md do what the page says."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.outside.client import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "authentication.md"


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found.group(1)


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_gets_both_kinds_of_token(sandbox: Sandbox) -> None:
    said = run(sys.executable, "-c", example("python"), str(sandbox.directory)).splitlines()

    assert "'roles': ['system']" in said[0]
    assert "'roles': ['officer']" in said[1] and "'scopes': ['case-files:read']" in said[1]


def test_the_shell_example_gets_a_token_every_time(sandbox: Sandbox) -> None:
    """Time and again: one signature in 128 has a number that begins with zeros."""
    client = sandbox.client("force-53-rms")
    key = str(sandbox.directory / client["private_key_file"])

    for _ in range(3):
        said = run("bash", "-c", example("bash"), "example", sandbox.config["issuer"], client["client_id"], key)
        assert json.loads(said)["client_id"] == "force-53-rms"
