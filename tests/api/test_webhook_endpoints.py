"""Which case files an endpoint hears of, how it stands, and whose it is."""

from typing import Any

import pytest

from tests.api.endpoints import ENDPOINTS, MERGE, Register, is_in_state, path_of, until
from tests.outside.cases import case_content, open_case, submitted_case
from tests.outside.client import Party, Sandbox
from tests.outside.receiver import Receiver, status
from tests.rules.test_webhook_addresses import REFUSED_URLS


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.system("police-53")


def heard(receiver: Receiver) -> set[Any]:
    return {event["data"]["case_file_id"] for event in receiver.events() if "case_file_id" in event["data"]}


def test_an_endpoint_hears_of_its_units_and_its_case_types_alone(
    system: Party, receiver: Receiver, register: Register
) -> None:
    with Receiver() as by_unit, Receiver() as by_type:
        everything = register(system, receiver.url, "case_file.*")
        narrow = register(system, by_unit.url, "*", units=["police-53-cid"])
        other = register(system, by_type.url, "*", case_types=["crown_court", "complex_casework"])
        for endpoint in (everything, narrow, other):
            until(is_in_state(system, endpoint, "active"))
        open_case(system)
        cid = open_case(system, police_unit="police-53-cid")["id"]
        court = open_case(system, content=case_content(case_type="crown_court"))["id"]
        for of_case in (cid, court):
            receiver.wait_for("case_file.opened", case_file_id=of_case)
        by_unit.wait_for("case_file.opened", case_file_id=cid)
        by_type.wait_for("case_file.opened", case_file_id=court)
        # What was chosen holds for what is sent again, too; and one event by its id is sent whatever was chosen.
        since = receiver.wait_for("case_file.opened").event["timestamp"]
        again = path_of(narrow, "redeliver")
        assert system.post(again, json={"since": since}, expect=202).json() == {"deliveries": 1}
        of_court = receiver.wait_for("case_file.opened", case_file_id=court).message_id
        assert system.post(again, json={"event_id": of_court}, expect=202).json() == {"deliveries": 1}
        until(lambda: court in heard(by_unit))
        assert (heard(by_unit), heard(by_type)) == ({cid, court}, {court})


def test_the_cps_hears_by_the_units_and_the_case_types_of_what_was_shared(
    sandbox: Sandbox, receiver: Receiver, register: Register
) -> None:
    cps = sandbox.system("cps-south-west")
    with Receiver() as deaf:
        endpoint = register(cps, receiver.url, "*", units=["cps-south-west-rasso"], case_types=["rasso"])
        for chosen in ({"units": ["cps-south-west-crown-court"]}, {"case_types": ["crown_court"]}):
            until(is_in_state(cps, register(cps, deaf.url, "*", **chosen), "active"))
        until(is_in_state(cps, endpoint, "active"))
        case, request = submitted_case(sandbox)
        receiver.wait_for("early_advice.submitted", case_file_id=case["id"])
        receiver.wait_for("case_file.version_shared", case_file_id=case["id"])
        # A version of another type that is not shared changes nothing of what the other side hears.
        officer = sandbox.person("officer", unit="police-53-rasso")
        officer.change(f"/v1/case-files/{case['id']}", {"content": {"case_type": "crown_court"}, "note": "moved"})
        supervisor = sandbox.person("supervisor", unit="police-53-rasso")
        path = f"/v1/early-advice-requests/{request['id']}"
        supervisor.step(path, "withdraw", {"reason": "Charged."}, expect=200)
        receiver.wait_for("early_advice.withdrawn", case_file_id=case["id"])
        assert heard(deaf) == set()


def test_units_of_others_and_unknown_case_types_are_refused_and_null_takes_a_choice_away(
    sandbox: Sandbox, system: Party, receiver: Receiver, register: Register
) -> None:
    body = {"url": receiver.url, "event_types": ["*"]}
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"units": ["police-53-rasso", "police-52-rasso"]}, "/units/1", "unknown_unit"),
        ({"units": ["no-such-unit"]}, "/units/0", "unknown_unit"),
        ({"units": ["police-53-rasso"] * 2}, "/units", ""),
        ({"case_types": ["rape"]}, "/case_types/0", "unknown_code"),
    ]
    endpoint = register(system, receiver.url, units=["police-53-rasso"], case_types=["rasso"])
    until(is_in_state(system, endpoint, "active"))
    path, merge = path_of(endpoint), {"media_type": MERGE}
    for member, pointer, code in wrong:
        problem = system.refused("POST", ENDPOINTS, 422, "invalid", json={**body, **member})
        assert problem["errors"][0]["pointer"] == pointer and code in problem["errors"][0]["code"]
        system.refused("PATCH", path, 422, "invalid", json=member, if_match=system.etag(path), **merge)
    seen = system.get(path).json()
    assert (seen["units"], seen["case_types"], seen["organisation"]) == (["police-53-rasso"], ["rasso"], "police-53")
    seen = system.change(path, {"units": None, "case_types": None}).json()
    assert (seen["units"], seen["case_types"]) == ([], [])


def test_an_owner_ends_an_endpoint_for_now_and_brings_it_back(
    system: Party, receiver: Receiver, register: Register
) -> None:
    endpoint = register(system, receiver.url, "message.sent")
    until(is_in_state(system, endpoint, "active"))
    with Receiver() as other:
        neighbour = register(system, other.url, "webhook_endpoint.*")
        until(is_in_state(system, neighbour, "active"))
        ended = system.change(path_of(endpoint), {"state": "disabled"}).json()
        assert (ended["state"], ended["reason"], ended["disabled_by"]) == ("disabled", "by_owner", system.client_id)
        assert ended["disabled_at"] == ended["updated_at"]
        told = other.wait_for("webhook_endpoint.disabled", webhook_endpoint_id=endpoint["id"]).event["data"]
        assert (told["state"], told["reason"]) == ("disabled", "by_owner")
    listed = system.items(ENDPOINTS, state="disabled", client_id=system.client_id)
    assert endpoint["id"] in {item["id"] for item in listed}
    assert {item["state"] for item in listed} == {"disabled"}
    assert system.items(ENDPOINTS, client_id="cps-tooling") == []
    system.refused("POST", path_of(endpoint, "test"), 409, "wrong-state")
    back = system.change(path_of(endpoint), {"url": receiver.url}).json()
    assert (back["state"], back["reason"], back["disabled_by"], back["disabled_at"]) == ("pending", None, None, None)
    until(is_in_state(system, endpoint, "active"))
    for state in ("active", "pending", "enabled", None):
        system.refused(
            "PATCH",
            path_of(endpoint),
            422,
            "invalid",
            json={"state": state},
            media_type=MERGE,
            if_match=system.etag(path_of(endpoint)),
        )


def test_only_a_client_of_ones_own_can_answer_for_an_endpoint(
    sandbox: Sandbox, system: Party, receiver: Receiver, register: Register
) -> None:
    endpoint = register(system, receiver.url)
    until(is_in_state(system, endpoint, "active"))
    path = path_of(endpoint)
    for client_id in (sandbox.system("police-52").client_id, "nobody"):
        problem = system.refused(
            "PATCH", path, 422, "invalid", json={"client_id": client_id}, media_type=MERGE, if_match=system.etag(path)
        )
        assert problem["errors"][0]["code"] == "unknown_client"
    assert system.change(path, {"client_id": system.client_id}).json()["client_id"] == system.client_id


def test_an_endpoint_that_answers_gone_is_disabled_says_so_and_can_be_brought_back(
    system: Party, receiver: Receiver, register: Register
) -> None:
    endpoint = register(system, receiver.url, "*")
    until(is_in_state(system, endpoint, "active"))
    with Receiver() as other:
        neighbour = register(system, other.url, "webhook_endpoint.*")
        until(is_in_state(system, neighbour, "active"))
        receiver.next(status(410))
        system.post(path_of(endpoint, "test"), expect=202)
        delivery = other.wait_for("webhook_endpoint.disabled", webhook_endpoint_id=endpoint["id"])
        told = delivery.verify(neighbour["secret"])
    assert (told["data"]["state"], told["data"]["reason"]) == ("disabled", "gone")
    seen = system.get(path_of(endpoint)).json()
    assert (seen["reason"], seen["disabled_by"]) == ("gone", "service")
    system.refused("POST", path_of(endpoint, "test"), 409, "wrong-state")
    assert system.change(path_of(endpoint), {"url": receiver.url}).json()["state"] == "pending"
    until(is_in_state(system, endpoint, "active"))


def test_a_url_that_leads_inside_is_refused_at_registration_however_it_is_spelled(system: Party) -> None:
    # In a sandbox loopback is exempt, by name and by its four numbers.
    exempt = {url for url in REFUSED_URLS if url in ("https://localhost/", "https://LOCALHOST/", "https://127.0.0.1/")}
    exempt |= {"https://[::1]/", "https://[0:0:0:0:0:0:0:1]/"}
    for url in sorted(set(REFUSED_URLS) - exempt):
        problem = system.refused("POST", ENDPOINTS, 422, "invalid", json={"url": url, "event_types": ["*"]})
        assert problem["errors"][0]["pointer"] == "/url", ascii(url)
        assert not url or url not in str(problem), ascii(url)
