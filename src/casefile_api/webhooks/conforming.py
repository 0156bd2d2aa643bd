"""Trying a receiver of webhooks: every event of the catalogue, and everything that a receiver must bear or must refuse.

What is sent is made up: the examples of the catalogue. Source: Standard Webhooks, and docs/receiving-webhooks.md.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx

from casefile_api.clock import real_now
from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks.catalogue import example
from casefile_api.webhooks.signing import PRIVATE_PREFIX, Scheme, new_signing_key, signature_headers

ANSWER_SECONDS = 15.0
LATER = "of_a_later_version"
UNREACHED = "connect_failed"
OUT_OF_TOLERANCE = timedelta(minutes=6)


@dataclass(frozen=True)
class Trial:
    """One request that a receiver is sent, and whether it is to take it (2xx)."""

    name: str
    headers: dict[str, str]
    body: bytes
    taken: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of a trial: a status, or an error in a word."""

    trial: Trial
    status: int | None
    error: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether the receiver did as it must: took it, or answered with an error of its own."""
        if self.status is None:
            return False
        return 200 <= self.status < 300 if self.trial.taken else 400 <= self.status < 600


def trials(key: str, now: Callable[[], datetime] = real_now) -> Iterator[Trial]:
    """Every trial of a receiver that verifies by this key, in the order in which they are sent."""
    for row in EVENT_TYPES.values():
        yield _signed(row.name, key, _event(example(row)), now())
    yield from _to_be_borne(key, now)
    yield from _to_be_refused(key, now)


def _event(shown: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event of the example's kind with an id of its own."""
    return {**shown, "data": {**shown["data"], "event_id": str(uuid.uuid4()), **more}}


def _signed(
    name: str, key: str, event: dict[str, Any], moment: datetime, *, others: tuple[str, ...] = (), taken: bool = True
) -> Trial:
    body = json.dumps(event, separators=(",", ":"), sort_keys=True).encode()
    headers = signature_headers([*others, key], uuid.UUID(event["data"]["event_id"]), moment, body)
    return Trial(name, {**headers, "content-type": "application/json"}, body, taken)


def _to_be_borne(key: str, now: Callable[[], datetime]) -> Iterator[Trial]:
    shown = example(EVENT_TYPES["early_advice.submitted"])
    twice = _event(shown)
    yield _signed("an event", key, twice, now())
    yield _signed("the same event again", key, twice, now())
    yield _signed("number 9 of a case", key, _event(shown, sequence=9), now())
    yield _signed("number 8 of that case after it", key, _event(shown, sequence=8), now())
    yield _signed("a member of a later version", key, _event(shown, colour="blue"), now())
    later = {**_event(shown), "type": f"early_advice.{LATER}"}
    yield _signed("an event of a later version", key, later, now())
    scheme = Scheme.ASYMMETRIC if key.startswith(PRIVATE_PREFIX) else Scheme.SYMMETRIC
    newer = new_signing_key(scheme).kept
    yield _signed("a rotation: a newer key signs first", key, _event(shown), now(), others=(newer,))
    whole = _signed("", key, _event(shown), now())
    signature = f"v9,AAAA {whole.headers['webhook-signature']}"
    yield _with(whole, "a scheme of a later version beside", taken=True, signature=signature)
    yield _signed("an attempt four minutes on its way", key, _event(shown), now() - timedelta(minutes=4))


def _to_be_refused(key: str, now: Callable[[], datetime]) -> Iterator[Trial]:
    shown = example(EVENT_TYPES["early_advice.submitted"])

    def whole() -> Trial:
        return _signed("", key, _event(shown), now())

    for name, moment in (("an old attempt", -OUT_OF_TOLERANCE), ("an attempt of the future", OUT_OF_TOLERANCE)):
        yield _signed(name, key, _event(shown), now() + moment, taken=False)
    for scheme in Scheme:
        stranger = new_signing_key(scheme).kept
        yield _signed(f"the signature of a stranger ({scheme})", stranger, _event(shown), now(), taken=False)
    one = whole()
    altered = one.body.replace(b'"sequence":4', b'"sequence":5')
    yield replace(one, name="a body altered on its way", body=altered, taken=False)
    yield replace(whole(), name="no body", body=b"", taken=False)
    yield _with(whole(), "the id of another event", id=str(uuid.uuid4()))
    yield _with(whole(), "the time of another attempt", timestamp=str(int(now().timestamp()) - 1))
    yield _with(whole(), "a time that is none", timestamp="yesterday")
    yield _with(whole(), "a signature cut short", signature=one.headers["webhook-signature"][:-9])
    yield _with(whole(), "a signature that is none", signature="v1")
    yield _with(whole(), "a scheme of a later version alone", signature="v9,AAAA")
    yield _with(whole(), "no webhook-id", id=None)
    yield _with(whole(), "no webhook-timestamp", timestamp=None)
    yield _with(whole(), "no webhook-signature", signature=None)


def _with(trial: Trial, name: str, *, taken: bool = False, **headers: str | None) -> Trial:
    """A trial with other headers of the three; None takes one away."""
    changed: dict[str, str | None] = {**trial.headers, **{f"webhook-{which}": text for which, text in headers.items()}}
    kept = {which: text for which, text in changed.items() if text is not None}
    return Trial(name, kept, trial.body, taken)


def conduct(url: str, key: str) -> Iterator[Outcome]:
    """Send every trial to a receiver, one after the other; each outcome as it comes."""
    with httpx.Client(timeout=ANSWER_SECONDS, follow_redirects=False, trust_env=False) as http:
        for trial in trials(key):
            begun = time.monotonic()
            status, error = None, None
            try:
                status = http.post(url, content=trial.body, headers=trial.headers).status_code
            except httpx.TimeoutException:
                error = "timeout"
            except httpx.ConnectError:
                error = UNREACHED
            except httpx.HTTPError:
                error = "broken_answer"
            yield Outcome(trial, status, error, time.monotonic() - begun)
