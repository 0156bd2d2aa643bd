"""Endpoints that tests register, and remove again; waiting for what comes about."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.outside.client import Party
from tests.outside.receiver import Receiver

ENDPOINTS = "/v1/webhook-endpoints"
MERGE = "application/merge-patch+json"
Register = Callable[..., Any]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that listens."""
    with Receiver() as listening:
        yield listening


@pytest.fixture
def register() -> Iterator[Register]:
    """Registers endpoints, and removes them afterwards so that nobody is told what the next test does."""
    registered: list[tuple[Party, str]] = []

    def add(party: Party, url: str, *patterns: str, idempotency_key: str | None = None, **members: Any) -> Any:
        body = {"url": url, "event_types": list(patterns) or ["*"], "description": "test", **members}
        made = party.post(ENDPOINTS, json=body, expect=201, idempotency_key=idempotency_key).json()
        registered.append((party, f"{ENDPOINTS}/{made['id']}"))
        return made

    yield add
    for party, path in registered:
        until(partial(is_removed, party, path))


def is_removed(party: Party, path: str) -> bool:
    """Remove an endpoint with the tag it has now; it may change at any moment by what is delivered."""
    seen = party.call("GET", path)
    return seen.status_code == 404 or party.call("DELETE", path, if_match=seen.headers["etag"]).status_code == 204


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"did not come about within {seconds} s"
        time.sleep(0.05)
    return found


def path_of(endpoint: Any, *rest: str) -> str:
    """The path of an endpoint, and on from there."""
    return "/".join((ENDPOINTS, endpoint["id"], *rest))


def is_in_state(party: Party, endpoint: Any, state: str) -> Callable[[], bool]:
    """Whether an endpoint is in a state, to wait for."""
    return lambda: bool(party.get(path_of(endpoint)).json()["state"] == state)
