"""What an endpoint is told: with a real receiver on loopback and the standard library to verify."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.api.endpoints import is_in_state, path_of, until
from tests.outside.cases import open_case, opening, submitted_case
from tests.outside.client import Party, Sandbox
from tests.outside.receiver import Receiver, status
from tests.rules.test_webhook_signing import verify_by_public_key


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-53")


def test_an_event_arrives_within_moments_of_the_act(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.*")
    until(is_in_state(system, endpoint, "active"))
    case = open_case(officer)
    answered = time.time()
    assert receiver.wait_for("case_file.opened", case_file_id=case["id"]).at - answered < 2.0


def test_the_trace_of_a_call_is_passed_on_to_those_it_is_told_to(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.*")
    until(is_in_state(system, endpoint, "active"))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    opened = officer.call("POST", "/v1/case-files", json=opening(), headers={"traceparent": trace})
    assert opened.headers["traceparent"] == trace
    assert receiver.wait_for("case_file.opened", case_file_id=opened.json()["id"]).headers["traceparent"] == trace
    other = officer.call("POST", "/v1/case-files", json=opening(), headers={"traceparent": "whatever"})
    assert "traceparent" not in other.headers
    assert "traceparent" not in receiver.wait_for("case_file.opened", case_file_id=other.json()["id"]).headers


def test_after_a_rotation_both_secrets_verify(system: Party, receiver: Receiver, register: Callable[..., Any]) -> None:
    endpoint = register(system, receiver.url)
    until(is_in_state(system, endpoint, "active"))
    tag = system.etag(path_of(endpoint))
    rotated = system.post(path_of(endpoint, "rotate-secret"), if_match=tag).json()
    system.post(path_of(endpoint, "test"), expect=202)
    told = receiver.wait_for("webhook_endpoint.test")
    for secret in (endpoint["secret"], rotated["secret"]):
        told.verify(secret)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(told.body, told.headers)
    assert rotated["previous_secret_expires_at"] > rotated["updated_at"]


def test_a_test_event_goes_to_this_endpoint_alone_whatever_it_asked_for(
    system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "message.sent")
    with Receiver() as other:
        neighbour = register(system, other.url, "*")
        until(is_in_state(system, neighbour, "active"))
        sent = system.post(path_of(endpoint, "test"), expect=202).json()
        told = receiver.wait_for("webhook_endpoint.test").verify(endpoint["secret"])
        assert told["data"]["event_id"] == sent["event_id"]
        assert "webhook_endpoint.test" not in {event["type"] for event in other.events()}


def test_every_attempt_is_shown_with_its_time_status_latency_and_the_beginning_of_the_answer(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.opened")
    until(is_in_state(system, endpoint, "active"))
    receiver.next(status(500, b"no space left" + b"." * 1000))
    case = open_case(officer)
    until(lambda: [d.event for d in receiver.deliveries if d.event["data"].get("case_file_id") == case["id"]][1:])
    path = path_of(endpoint, "deliveries")
    (delivery,) = until(
        lambda: [one for one in system.items(path) if one["case_file_id"] == case["id"] and one["attempts"][1:]]
    )
    first, second = delivery["attempts"]
    assert (first["number"], first["status"], first["error"]) == (1, 500, "status")
    assert first["answer"].startswith("no space left") and len(first["answer"]) <= 256
    assert (second["number"], second["status"], delivery["state"]) == (2, 204, "delivered")
    assert first["at"] < second["at"] and first["latency_ms"] >= 0


def test_events_are_sent_again_one_or_all_since_a_time(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.opened")
    until(is_in_state(system, endpoint, "active"))
    cases = [open_case(officer)["id"] for _ in range(2)]
    first = receiver.wait_for("case_file.opened", case_file_id=cases[0])
    receiver.wait_for("case_file.opened", case_file_id=cases[1])
    redeliver = path_of(endpoint, "redeliver")
    assert system.post(redeliver, json={"event_id": first.message_id}, expect=202).json() == {"deliveries": 1}
    until(lambda: [one.message_id for one in receiver.deliveries].count(first.message_id) == 2)
    since = first.event["timestamp"]
    assert system.post(redeliver, json={"since": since}, expect=202).json()["deliveries"] >= 2
    until(lambda: [one.message_id for one in receiver.deliveries].count(first.message_id) == 3)
    assert first.body == [one for one in receiver.deliveries if one.message_id == first.message_id][-1].body


def test_what_was_given_up_is_sent_again_of_a_span_of_time(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.opened")
    path, redeliver = path_of(endpoint), path_of(endpoint, "redeliver")
    until(is_in_state(system, endpoint, "active"))
    taken = receiver.wait_for("case_file.opened", case_file_id=open_case(officer)["id"])
    receiver.always(status(500))
    lost = receiver.wait_for("case_file.opened", case_file_id=open_case(officer)["id"])
    until(lambda: system.get(path_of(endpoint, "status")).json()["waiting"] == 1)
    until(lambda: system.change(path, {"state": "disabled"}).json()["state"] == "disabled")
    assert system.get(path_of(endpoint, "status")).json()["given_up"] == 1
    receiver.always(status(204))
    system.change(path, {"url": receiver.url})
    until(is_in_state(system, endpoint, "active"))
    span = {"since": taken.event["timestamp"], "state": "given_up"}
    before = {**span, "until": lost.event["timestamp"]}
    assert system.post(redeliver, json=before, expect=202).json() == {"deliveries": 0}
    assert system.post(redeliver, json=span, expect=202).json() == {"deliveries": 1}
    until(lambda: system.get(path_of(endpoint, "status")).json()["given_up"] == 0)
    until(lambda: [one.message_id for one in receiver.deliveries].count(lost.message_id) == 2)
    assert [one.message_id for one in receiver.deliveries].count(taken.message_id) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"since": "2026-01-01T00:00:00Z", "event_id": "01a20c40-9f68-71ec-ba44-de90cc5cddf5"}, {"since": "yesterday"}],
)
def test_sending_again_wants_either_an_event_or_a_time(
    system: Party, receiver: Receiver, register: Callable[..., Any], body: Any
) -> None:
    system.refused("POST", path_of(register(system, receiver.url), "redeliver"), 422, "invalid", json=body)


def test_another_organisations_event_cannot_be_sent_again(
    sandbox: Sandbox, system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    open_case(sandbox.person("officer", unit="police-52-rasso"))
    other = sandbox.system("police-52")
    until(lambda: other.get("/v1/events", params={"limit": "1"}).json()["items"])
    theirs = other.get("/v1/events", params={"limit": "1"}).json()["items"][0]["data"]["event_id"]
    redeliver = path_of(register(system, receiver.url), "redeliver")
    problem = system.refused("POST", redeliver, 422, "invalid", json={"event_id": theirs})
    assert problem["errors"][0]["pointer"] == "/event_id"


def test_nothing_is_sent_to_an_endpoint_that_was_removed(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url)
    until(is_in_state(system, endpoint, "active"))
    system.delete(path_of(endpoint), if_match=system.etag(path_of(endpoint)), expect=204)
    system.refused("GET", path_of(endpoint), 404, "not-found")
    with Receiver() as witness:
        other = register(system, witness.url, "case_file.*")
        case = open_case(officer)
        witness.wait_for("case_file.opened", case_file_id=case["id"]).verify(other["secret"])
    assert case["id"] not in {event["data"].get("case_file_id") for event in receiver.events()}


def test_the_cps_is_told_of_what_was_shared_and_of_nothing_before(
    sandbox: Sandbox, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(sandbox.system("cps-south-west"), receiver.url, "*")
    case, request = submitted_case(sandbox)
    told = receiver.wait_for("early_advice.submitted", case_file_id=case["id"]).verify(endpoint["secret"])
    assert told["data"]["early_advice_request_id"] == request["id"]
    mine = [event for event in receiver.events() if event["data"].get("case_file_id") == case["id"]]
    assert "case_file.version_shared" in {event["type"] for event in mine}
    assert {event["type"] for event in mine}.isdisjoint(
        {"case_file.opened", "case_file.version_added", "early_advice.drafted"}
    )
    assert [event["data"]["sequence"] for event in mine] == list(range(1, len(mine) + 1))


def test_an_endpoint_that_verifies_by_a_public_key_is_shown_no_secret_and_rotates_with_both_keys_listed(
    system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url, "case_file.*", signature_scheme="v1a")
    assert endpoint["secret"] is None
    [first] = endpoint["public_keys"]
    verify_by_public_key(first, *sent(receiver.wait_for("webhook_endpoint.verification")))
    until(is_in_state(system, endpoint, "active"))
    path = path_of(endpoint)
    rotated = system.post(path_of(endpoint, "rotate-secret"), if_match=system.etag(path)).json()
    assert rotated["secret"] is None and rotated["public_keys"][1] == first
    assert system.get(path).json()["public_keys"] == rotated["public_keys"]
    system.post(path_of(endpoint, "test"), expect=202)
    told = receiver.wait_for("webhook_endpoint.test")
    for key in rotated["public_keys"]:
        verify_by_public_key(key, *sent(told))
    assert "whsk_" not in rotated["public_keys"][0] + system.get(path).text


def sent(delivery: Any) -> tuple[dict[str, str], bytes]:
    return delivery.headers, delivery.body
