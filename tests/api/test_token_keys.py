"""Signing keys are replaced while the service runs, and nobody's request fails."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outside import signing
from tests.outside.client import Party, Sandbox
from tests.outside.running import running_sandbox

TAKEN_UP_SECONDS = 5.0


def keys(service: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `casefile-api keys …` beside the sandbox."""
    command = [sys.executable, "-m", "casefile_api.cli", "keys", *words]
    environment = os.environ | {"CASEFILE_DATA_DIR": str(service.directory), "CASEFILE_SANDBOX": "true"}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=environment)


def published(service: Sandbox) -> list[str]:
    return [key["kid"] for key in service.http.get(f"{service.base_url}/oauth/jwks").json()["keys"]]


def kid_of(token: str) -> str:
    return str(json.loads(signing.unb64url(token.partition(".")[0]))["kid"])


def until_published(service: Sandbox, number: int) -> None:
    deadline = time.monotonic() + TAKEN_UP_SECONDS
    while len(published(service)) != number:
        assert time.monotonic() < deadline, "the change was not taken up in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def service(shared_folder: Path) -> Iterator[Sandbox]:
    """A service of its own: taking keys away ends the tokens that other tests keep."""
    with running_sandbox(shared_folder / "rotating") as running:
        yield running
        running.http.close()


@pytest.fixture
def system(service: Sandbox) -> Party:
    return service.party("force-53-rms")


def test_keys_are_replaced_under_load_and_no_request_fails(service: Sandbox, system: Party) -> None:
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answer = service.token_request(system.token_form())
            headers = {"Authorization": f"Bearer {answer.json().get('access_token')}"}
            me = service.http.get(f"{service.base_url}/v1/me", headers=headers)
            statuses.extend([answer.status_code, me.status_code])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        before = kid_of(system.token)
        done = keys(service, "rotate", "--lead-minutes", "0")
        assert done.returncode == 0, done.stderr
        until_published(service, 2)
    finally:
        over.set()
        asking.join()

    assert set(statuses) == {200} and len(statuses) > 10
    assert kid_of(service.party("force-53-rms").token) == published(service)[0] != before
    assert system.get("/v1/me").status_code == 200, "a token of the earlier key lives on"


def test_a_key_that_leaked_is_taken_away_at_once(service: Sandbox) -> None:
    assert keys(service, "rotate", "--lead-minutes", "0").returncode == 0
    old = published(service)[1:]
    refused = keys(service, "retire", old[0])
    assert refused.returncode != 0 and "keys list" in refused.stderr
    assert keys(service, "retire", "--at-once").returncode == 0
    until_published(service, 1)

    assert set(old).isdisjoint(published(service))


def test_the_list_says_what_each_key_does_and_shows_no_private_half(service: Sandbox) -> None:
    said = keys(service, "list").stdout

    assert published(service)[0] in said and "signs" in said
    assert "PRIVATE" not in said


def test_each_change_of_keys_is_in_the_log(service: Sandbox) -> None:
    assert keys(service, "rotate").returncode == 0

    assert service.person("auditor").items("/v1/audit-log/entries", action="rotate_token_key")
