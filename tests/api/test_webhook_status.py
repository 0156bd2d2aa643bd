"""How an endpoint fares, as its owner reads it, and how what was given up is sent again."""

from typing import Any

import pytest

from tests.api.endpoints import MERGE, Register, path_of, until
from tests.outside.client import Party, Sandbox
from tests.outside.receiver import Receiver, status


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-52")


def test_the_owner_sees_how_an_endpoint_fares_and_sends_again_what_was_given_up(
    system: Party, sandbox: Sandbox, receiver: Receiver, register: Register
) -> None:
    limits = {"max_at_once": 2, "max_per_second": 50}
    made = register(system, receiver.url, "message.sent", **limits)
    path = path_of(made)
    assert {name: made[name] for name in limits} == limits

    def seen() -> Any:
        return system.get(f"{path}/status").json()

    active = until(lambda: (now := seen())["last_taken_at"] and now["state"] == "active" and now)
    for span in ("last_hour", "last_day"):
        assert (active[span]["taken"], active[span]["failed"]) == (1, 0)
        assert 0 <= active[span]["latency_ms_p50"] == active[span]["latency_ms_p95"]
    assert (active["waiting"], active["given_up"], active["failures_in_a_row"]) == (0, 0, 0)
    assert active["next_attempt_at"] is active["last_failure"] is active["oldest_waiting_since"] is None

    receiver.always(status(500))
    event = system.post(f"{path}/test", expect=202).json()["event_id"]
    failed = until(lambda: (now := seen())["last_failure"] and now)
    assert (failed["waiting"], failed["failures_in_a_row"], failed["last_hour"]["failed"]) == (1, 1, 1)
    assert {**failed["last_failure"], "at": ""} == {"at": "", "status": 500, "error": "status"}
    assert failed["oldest_waiting_since"] <= failed["as_of"] < failed["next_attempt_at"]
    assert failed["failing_since"] and failed["last_taken_at"] == active["last_taken_at"]

    change = {"state": "disabled"}
    system.call("PATCH", path, json=change, media_type=MERGE, if_match=system.get(path).headers["etag"])
    ended = seen()
    assert (ended["state"], ended["waiting"], ended["given_up"]) == ("disabled", 0, 1)
    receiver.always(status(204))
    receiver.deliveries.clear()
    again = {"url": receiver.url, "max_per_second": None}
    system.call("PATCH", path, json=again, media_type=MERGE, if_match=system.get(path).headers["etag"])
    until(lambda: seen()["state"] == "active")
    assert system.get(path).json()["max_per_second"] is None
    # What is for one endpoint alone is sent again by its name; a span of time is of the feed.
    assert system.post(f"{path}/redeliver", {"event_id": event}, expect=202).json() == {"deliveries": 1}
    receiver.wait_for("webhook_endpoint.test")
    until(lambda: seen()["given_up"] == 0)
    sandbox.system("police-53").refused("GET", f"{path}/status", 404, "not-found")


def test_a_span_of_the_feed_is_sent_again_or_only_what_of_it_was_given_up(
    system: Party, receiver: Receiver, register: Register
) -> None:
    path = path_of(register(system, receiver.url, "message.sent"), "redeliver")
    since, until_then = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"
    assert system.post(path, {"since": since, "until": until_then}, expect=202).json() == {"deliveries": 0}
    assert system.post(path, {"since": since, "state": "given_up"}, expect=202).json() == {"deliveries": 0}
    event = "018f0000-0000-7000-8000-000000000000"
    for wrong in ({"until": until_then}, {"event_id": event, "until": until_then}, {"since": "2020-01-01T00:00:00"}):
        system.refused("POST", path, 422, "invalid", json=wrong)
