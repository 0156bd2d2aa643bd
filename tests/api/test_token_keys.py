"""Signing keys are replaced while the service runs, and nobody's request fails."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.outside import signing
from tests.outside.beside import beside
from tests.outside.client import Party, Sandbox
from tests.outside.running import running_sandbox

TAKEN_UP_SECONDS = 30.0  # five are promised (tests/rules/test_tokens.py), where there is a processor free


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


class Load:
    """Callers that ask two processes for tokens and use each with the other, until told to stop."""

    def __init__(self, processes: list[Sandbox]) -> None:
        self.statuses: list[int] = []
        self._over = threading.Event()
        ways = [(one, another) for one in processes for another in processes]
        self._callers = [threading.Thread(target=self._ask, args=way) for way in ways]

    def __enter__(self) -> "Load":
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for caller in self._callers:
            caller.join()

    def _ask(self, issuing: Sandbox, taking: Sandbox) -> None:
        with httpx.Client(trust_env=False, timeout=30) as http:
            while not self._over.is_set():
                party = issuing.party("force-53-rms")
                answer = http.post(issuing.config["token_endpoint"], data=party.token_form())
                headers = {"Authorization": f"Bearer {answer.json().get('access_token')}"}
                self.statuses += [answer.status_code, http.get(f"{taking.base_url}/v1/me", headers=headers).status_code]

    def until(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        aim = len(self.statuses) + count
        while len(self.statuses) < aim:
            time.sleep(0.02)


def rotated_under_load(service: Sandbox, beside_it: Sandbox, times: int, requests: int) -> list[int]:
    """Replace the signing key so many times while both processes are called; how every call was answered."""
    before = published(service)
    with Load([service, beside_it]) as load:
        load.until(requests)
        for _ in range(times):
            assert keys(service, "rotate", "--lead-minutes", "0").returncode == 0
            load.until(requests)
        for process in (service, beside_it):
            until_published(process, len(before) + times)
        load.until(requests)
    assert kid_of(beside_it.party("force-53-rms").token) == published(service)[0] not in before
    return load.statuses


def test_keys_are_replaced_under_load_and_no_request_fails(service: Sandbox, system: Party) -> None:
    assert system.get("/v1/me").status_code == 200
    with beside(service) as process:
        statuses = rotated_under_load(service, process, 1, 60)

    assert set(statuses) == {200} and len(statuses) >= 180
    assert system.get("/v1/me").status_code == 200, "a token of the earlier key lives on"


@pytest.mark.soak
def test_keys_are_replaced_again_and_again_under_load_in_three_processes(service: Sandbox) -> None:
    with beside(service) as second, beside(service) as third:
        for process in (second, third):
            assert set(rotated_under_load(service, process, 5, 400)) == {200}


def test_a_key_that_leaked_is_taken_away_at_once(service: Sandbox) -> None:
    old = published(service)
    assert keys(service, "rotate", "--lead-minutes", "0").returncode == 0
    until_published(service, len(old) + 1)
    for key_id in (old[0], "-ZZI5AH4m5B2quEeWkXh"):  # one whose tokens live on, and none, with a name like an option's
        refused = keys(service, "retire", key_id)
        assert refused.returncode != 0 and "keys list" in refused.stderr, refused.stderr
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
