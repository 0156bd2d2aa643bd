"""Webhook endpoints as an integrator keeps them: registered, proved, changed, disabled and removed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.endpoints import ENDPOINTS, MERGE, is_in_state, path_of, until
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.receiver import Receiver, status


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-53")


def test_an_endpoint_proves_itself_and_then_hears_all_since_its_registration(
    system: Party, officer: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    receiver.always(status(500))
    endpoint = register(system, receiver.url, "case_file.*")
    assert endpoint["state"] == "pending"
    case = open_case(officer)
    receiver.wait_for("webhook_endpoint.verification").verify(endpoint["secret"])
    assert {event["type"] for event in receiver.events()} == {"webhook_endpoint.verification"}
    receiver.always(status(204))
    told = receiver.wait_for("case_file.opened", case_file_id=case["id"]).verify(endpoint["secret"])
    assert set(told) == {"type", "timestamp", "data"}
    assert set(told["data"]) == {"event_id", "case_file_id", "sequence", "version", "organisation"}
    until(is_in_state(system, endpoint, "active"))


def test_the_secret_is_shown_once_and_a_repeated_call_is_answered_without_it(system: Party, receiver: Receiver) -> None:
    body = {"url": receiver.url, "event_types": ["*"]}
    first = system.post(ENDPOINTS, json=body, idempotency_key="once-only", expect=201)
    again = system.post(ENDPOINTS, json=body, idempotency_key="once-only", expect=201)
    path = path_of(first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    shown = [again.text, system.get(path).text, system.get(ENDPOINTS, params={"limit": "200"}).text]
    assert first.json()["secret"].startswith("whsec_")
    assert all("whsec_" not in text for text in shown)
    system.delete(path, if_match=system.etag(path))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "https://example.org/", "event_types": ["case_file.exploded"]}, "/event_types/0"),
        ({"url": "https://example.org/", "event_types": []}, "/event_types"),
        ({"url": "https://example.org/", "event_types": ["*", "*"]}, "/event_types"),
        ({"event_types": ["*"]}, "/url"),
        ({"url": "https://example.org/", "event_types": ["*"], "secret": "mine"}, "/secret"),
        ({"url": "https://example.org/", "event_types": ["*"], "description": None}, "/description"),
    ],
)
def test_a_malformed_registration_is_refused_naming_the_place(system: Party, body: Any, pointer: str) -> None:
    problem = system.refused("POST", ENDPOINTS, 422, "invalid", json=body)
    assert problem["errors"][0]["pointer"] == pointer


def test_another_organisations_endpoint_does_not_exist(
    sandbox: Sandbox, system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint, other = register(system, receiver.url), sandbox.system("police-52")
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", path_of(endpoint), {}),
        ("PATCH", path_of(endpoint), {"json": {"description": "x"}, "media_type": MERGE, "if_match": '"x"'}),
        ("DELETE", path_of(endpoint), {"if_match": '"x"'}),
        ("POST", path_of(endpoint, "rotate-secret"), {"if_match": '"x"'}),
        ("POST", path_of(endpoint, "test"), {}),
        ("GET", path_of(endpoint, "deliveries"), {}),
        ("POST", path_of(endpoint, "redeliver"), {"json": {"since": "2026-01-01T00:00:00Z"}}),
    ]
    for method, path, rest in calls:
        other.refused(method, path, 404, "not-found", **rest)
    assert endpoint["id"] not in {item["id"] for item in other.items(ENDPOINTS)}


def test_people_do_not_manage_webhooks(officer: Party) -> None:
    officer.refused("GET", ENDPOINTS, 403, "not-permitted")
    officer.refused("POST", ENDPOINTS, 403, "not-permitted", json={"url": "https://example.org/", "event_types": ["*"]})


def test_a_change_needs_the_tag_that_was_seen(system: Party, receiver: Receiver, register: Callable[..., Any]) -> None:
    endpoint = register(system, receiver.url)
    until(is_in_state(system, endpoint, "active"))
    change: dict[str, Any] = {"json": {"description": "x"}, "media_type": MERGE}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", path_of(endpoint), change),
        ("DELETE", path_of(endpoint), {}),
        ("POST", path_of(endpoint, "rotate-secret"), {}),
    ]
    for method, path, rest in calls:
        system.refused(method, path, 428, "precondition-required", **rest)
        system.refused(method, path, 412, "stale", if_match='"old"', **rest)
    tag = system.etag(path_of(endpoint))
    changed = system.call("PATCH", path_of(endpoint), if_match=tag, **change)
    assert changed.json()["description"] == "x"
    assert changed.headers["etag"] == system.etag(path_of(endpoint)) != tag


def test_a_merge_patch_deletes_by_null_what_may_be_missing(
    system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url)
    path = path_of(endpoint)
    until(is_in_state(system, endpoint, "active"))
    assert system.change(path, {"description": None}).json()["description"] is None
    for member in ("url", "event_types"):
        system.refused("PATCH", path, 422, "invalid", json={member: None}, media_type=MERGE, if_match=system.etag(path))
    assert system.change(path, {"event_types": ["action.*"]}).json()["event_types"] == ["action.*"]


def test_an_endpoint_that_moves_is_pending_until_its_new_url_has_proved_itself(
    system: Party, receiver: Receiver, register: Callable[..., Any]
) -> None:
    endpoint = register(system, receiver.url)
    until(is_in_state(system, endpoint, "active"))
    with Receiver() as new_home:
        moved = system.change(path_of(endpoint), {"url": new_home.url}).json()
        assert moved["state"] == "pending"
        new_home.wait_for("webhook_endpoint.verification").verify(endpoint["secret"])
        until(is_in_state(system, endpoint, "active"))
