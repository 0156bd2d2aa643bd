"""A caller that does not give up: every change goes out with an Idempotency-Key and is sent again until it is answered.

What was answered with success is remembered with its Request-Id, so that afterwards nothing of it may be missing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from tests.outside.client import Party, Sandbox, new_key

Json = Any
LONGEST_OUTAGE_SECONDS = 90
STILL_STARTING = {502, 503}


@dataclass
class Remembered:
    """What the service has answered with success, across all its lives."""

    request_ids: dict[str, str] = field(default_factory=dict)
    """Request-Id → method and path, of every call that leaves an entry in the log"""
    versions: dict[tuple[str, int], str] = field(default_factory=dict)
    """(case file, number) → digest"""
    states: dict[str, str] = field(default_factory=dict)
    """path of a request → state last answered"""
    attachments: dict[str, str] = field(default_factory=dict)
    """attachment known to be available → its hash"""
    checkpoints: list[str] = field(default_factory=list)
    replays: int = 0
    retries: int = 0


@dataclass
class Steady:
    """One party whose calls outlive the service's deaths."""

    party: Party
    remembered: Remembered

    def call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """One call, repeated word for word until it is answered; must succeed."""
        if method != "GET":
            rest.setdefault("idempotency_key", new_key())
        answer = until_answered(lambda: self.party.call(method, path, **rest), self.remembered)
        assert answer.is_success, (
            f"{self.party.name}: {method} {path} answered {answer.status_code}: {answer.text[:800]}"
        )
        self.remembered.replays += answer.headers.get("idempotent-replayed") == "true"
        if path.startswith("/v1/") and "audit-log" not in path:
            self.remembered.request_ids[answer.headers["request-id"]] = f"{method} {path}"
        return answer

    def read(self, path: str) -> Json:
        return self.call("GET", path).json()

    def create(self, path: str, body: Json) -> Json:
        return self.call("POST", path, json=body).json()

    def add_version(self, case: str, content: Json, note: str) -> Json:
        """A new version on top of what is there now."""
        tag = self.call("GET", case).headers["etag"]
        view = self.call("POST", f"{case}/versions", json={"content": content, "note": note}, if_match=tag).json()
        self.remembered.versions[(view["id"], view["version"]["number"])] = view["version"]["digest"]
        return view

    def step(self, path: str, step: str, body: Json) -> Json:
        """A step on a request, with the tag of now."""
        tag = self.call("GET", path).headers["etag"]
        view = self.call("POST", f"{path}/{step}", json=body, if_match=tag).json()
        self.remembered.states[path] = view["state"]
        return view


def until_answered(send: Callable[[], httpx.Response], remembered: Remembered) -> httpx.Response:
    """Sends until something that is no sign of an outage comes back."""
    deadline = time.monotonic() + LONGEST_OUTAGE_SECONDS
    while True:
        try:
            answer = send()
            in_flight = answer.status_code == 409 and answer.json()["code"] == "idempotency-conflict"
            if answer.status_code not in STILL_STARTING and not in_flight:
                return answer
        except (httpx.TransportError, httpx.StreamError):
            pass
        assert time.monotonic() < deadline, "the service did not come back"
        remembered.retries += 1
        time.sleep(0.1)


def steady(sandbox: Sandbox, remembered: Remembered, role: str, unit: str) -> Steady:
    """A member of staff who does not give up, with a token for the whole test."""
    party = sandbox.person(role, unit=unit)
    until_token(party)
    return Steady(party, remembered)


def until_token(party: Party) -> None:
    """A token, however long it takes: the token endpoint dies with the rest."""
    deadline = time.monotonic() + LONGEST_OUTAGE_SECONDS
    while True:
        try:
            assert party.token
            return
        except (httpx.TransportError, AssertionError):
            assert time.monotonic() < deadline, "no token could be had"
            time.sleep(0.1)
