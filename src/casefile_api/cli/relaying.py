"""Relaying the feed to a receiver on a developer's machine, signed as a webhook is: no public address is needed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

import httpx2 as httpx

from casefile_api.client.calls import Calls, Json
from casefile_api.clock import real_now
from casefile_api.events import matches_any
from casefile_api.webhooks.signing import signature_headers

WAIT_SECONDS = 20
PAGE = 200
ANSWER_SECONDS = 15.0


@dataclass(frozen=True)
class Relayed:
    """An event that was passed on, and how the receiver answered; None: not at all."""

    event: Json
    status: int | None


@dataclass(frozen=True)
class Relay:
    """From the feed of one organisation to one receiver."""

    calls: Calls
    receiver: httpx.Client
    url: str
    secret: str
    patterns: Sequence[str] = ("*",)

    def run(self, after: str | None) -> Iterator[Relayed]:
        """Pass on what comes after a cursor, for ever; without one what happens from now on."""
        cursor = after or self._newest()
        while True:
            page = self._page(cursor, WAIT_SECONDS)
            for event in page["items"]:
                if matches_any(self.patterns, event["type"]):
                    yield Relayed(event, self._pass_on(event))
            cursor = page["next_cursor"]

    def _page(self, cursor: str | None, wait: int = 0) -> Json:
        after = f"&after={quote(cursor, safe='')}" if cursor else ""
        return self.calls.get(f"/v1/events?limit={PAGE}&wait={wait}{after}")

    def _newest(self) -> str:
        page = self._page(None)
        while page["items"]:
            page = self._page(page["next_cursor"])
        return str(page["next_cursor"])

    def _pass_on(self, event: Json) -> int | None:
        body = json.dumps(event, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        headers = signature_headers([self.secret], UUID(event["data"]["event_id"]), real_now(), body)
        try:
            return self.receiver.post(
                self.url, content=body, headers={**headers, "content-type": "application/json"}
            ).status_code
        except httpx.HTTPError:
            return None


@contextmanager
def relaying(calls: Calls, url: str, secret: str, patterns: Sequence[str]) -> Iterator[Relay]:
    """Hold the line to a receiver open while the feed is passed on to it."""
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as receiver:
        yield Relay(calls, receiver, url, secret, patterns)
