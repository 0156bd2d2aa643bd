"""Looking up who there is and which codes there are, and registering one's own staff."""

import secrets
import time
from typing import Any

import pytest

from tests.outside.client import Party, Sandbox, new_key

Json = Any


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


def somebody() -> str:
    return f"T-{secrets.token_hex(6)}"


def registration(**changes: object) -> Json:
    person = {"name": "Test Person", "rank": "Constable", "roles": ["officer"], "unit": "police-53-cid", "active": True}
    return {name: value for name, value in (person | changes).items() if value is not None}


def faults(problem: Json) -> list[str]:
    return sorted(fault["pointer"] for fault in problem["errors"])


def test_a_system_is_told_who_it_is(system: Party) -> None:
    me = system.get("/v1/me").json()

    assert (me["organisation"], me["roles"], me["staff"], me["unit"]) == ("police-53", ["system"], None, None)
    assert me["scopes"] == sorted(system.entry["scopes"])


def test_a_member_of_staff_is_told_who_they_are(sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")

    me = officer.get("/v1/me").json()

    assert (me["unit"], me["roles"]) == ("police-53-rasso", ["officer"])
    assert me["staff"]["staff_id"] == officer.staff_id
    assert me["staff"]["name"]


def test_everyone_may_look_up_organisations(sandbox: Sandbox) -> None:
    for client in sandbox.config["clients"]:
        found = {item["id"]: item for item in sandbox.party(client["client_id"]).items("/v1/organisations", limit=3)}
        assert {"police-53", "cps-south-west", "oversight-hmcpsi", "operator"} <= found.keys()
        assert found["police-53"]["kind"] == "police"
        assert all(item["etag"].startswith('"') for item in found.values())


def test_units_are_found_by_kind_and_organisation(system: Party) -> None:
    assert {unit["id"] for unit in system.items("/v1/units", organisation="cps-south-west")} == {
        "cps-south-west-rasso",
        "cps-south-west-crown-court",
    }
    rasso = system.items("/v1/units", organisation="cps-south-west", kind="rasso")
    assert [(unit["id"], unit["kind"]) for unit in rasso] == [("cps-south-west-rasso", "rasso")]


def test_units_of_no_organisation_are_an_empty_list(system: Party) -> None:
    assert system.items("/v1/units", organisation="police-99") == []


@pytest.mark.parametrize(
    "query", ["kind=squad", "limit=0", "limit=201", "limit=x", "cursor=!", "cursor=W10", "force=53"]
)
def test_a_question_that_cannot_be_understood_is_refused(system: Party, query: str) -> None:
    problem = system.refused("GET", f"/v1/units?{query}", 422, "invalid")

    assert problem["errors"][0]["parameter"] == query.split("=", maxsplit=1)[0]


def test_the_staff_of_an_own_unit_are_found_by_role(sandbox: Sandbox) -> None:
    manager = sandbox.person("legal_manager", unit="cps-south-west-rasso")

    found = manager.items("/v1/units/cps-south-west-rasso/staff", role="prosecutor")

    assert found
    assert all("prosecutor" in person["roles"] and person["unit"] == "cps-south-west-rasso" for person in found)


@pytest.mark.parametrize("unit", ["cps-south-west-rasso", "police-20-rasso", "no-such-unit", "UPPER", "a%2Fb"])
def test_the_staff_of_anothers_unit_are_answered_as_of_none(system: Party, unit: str) -> None:
    system.refused("GET", f"/v1/units/{unit}/staff", 404, "not-found")


def test_a_list_that_is_known_is_not_sent_again(system: Party) -> None:
    tag = system.etag("/v1/units?limit=2")

    assert system.get("/v1/units?limit=2", headers={"If-None-Match": tag}, expect=304).content == b""


def test_pages_follow_one_another_by_link(system: Party) -> None:
    page = system.get("/v1/organisations?limit=2")

    following = page.headers["link"].split(">")[0].removeprefix("<")
    assert page.headers["link"].endswith('rel="next"')
    assert page.json()["items"][-1]["id"] < system.get(following).json()["items"][0]["id"]


def test_every_code_list_can_be_read(system: Party) -> None:
    names = [item["name"] for item in system.items("/v1/code-lists", limit=7)]

    assert names == sorted(names)
    assert {"offence", "mg_form", "media_type", "triage_rejection_reason"} <= set(names)
    for name in names:
        first = system.get(f"/v1/code-lists/{name}?limit=2").json()
        assert first["items"], name
        assert {"code", "title", "valid_from", "valid_to"} <= first["items"][0].keys()


def test_a_code_list_goes_on_where_its_page_ended(system: Party) -> None:
    whole = system.items("/v1/code-lists/triage_rejection_reason")

    assert system.items("/v1/code-lists/triage_rejection_reason", limit=5) == whole
    assert len({value["code"] for value in whole}) == len(whole) > 5


@pytest.mark.parametrize("name", ["nonsense", "..", "offence.csv", "Offence"])
def test_a_list_that_is_not_there_is_not_found(system: Party, name: str) -> None:
    system.refused("GET", f"/v1/code-lists/{name}", 404, "not-found")


def test_a_newly_registered_member_of_staff_can_be_named_in_a_token(sandbox: Sandbox, system: Party) -> None:
    person = somebody()

    created = system.put(f"/v1/staff/{person}", registration(), expect=201)

    assert created.json() == {"staff_id": person} | registration()
    assert sandbox.party("force-53-rms", person, ["officer"]).get("/v1/me").json()["unit"] == "police-53-cid"


def test_registering_again_changes_and_gives_the_new_tag(system: Party) -> None:
    person = somebody()
    first = system.put(f"/v1/staff/{person}", registration(), expect=201)

    again = system.put(f"/v1/staff/{person}", registration(name="New Name"), expect=200)

    assert again.json()["name"] == "New Name"
    assert again.headers["etag"] != first.headers["etag"]


def test_a_change_on_top_of_what_is_no_more_is_refused(system: Party) -> None:
    person = somebody()
    seen = system.put(f"/v1/staff/{person}", registration(), expect=201).headers["etag"]
    system.put(f"/v1/staff/{person}", registration(name="Other"), expect=200, if_match=seen)

    system.refused("PUT", f"/v1/staff/{person}", 412, "stale", json=registration(), if_match=seen)


@pytest.mark.parametrize(
    "change", [{"active": False}, {"roles": ["supervisor"]}, {"unit": "police-53-rasso"}], ids=["gone", "role", "moved"]
)
def test_a_token_ends_when_what_it_says_of_the_person_ends(sandbox: Sandbox, system: Party, change: Json) -> None:
    person = somebody()
    system.put(f"/v1/staff/{person}", registration(), expect=201)
    party = sandbox.party("force-53-rms", person, ["officer"])
    party.get("/v1/me", expect=200)

    system.put(f"/v1/staff/{person}", registration(**change), expect=200)

    assert refused_soon(party)
    if change.get("unit"):
        assert sandbox.party("force-53-rms", person, ["officer"]).get("/v1/me").json()["unit"] == "police-53-rasso"


def test_somebody_who_is_not_active_gets_no_token(sandbox: Sandbox, system: Party) -> None:
    person = somebody()
    system.put(f"/v1/staff/{person}", registration(active=False), expect=201)

    answer = sandbox.token_request(sandbox.party("force-53-rms", person, ["officer"]).token_form())

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"roles": ["prosecutor"]}, "/roles/0"),
        ({"roles": ["officer", "system"]}, "/roles/1"),
        ({"roles": ["officer", "officer"]}, "/roles"),
        ({"roles": []}, "/roles"),
        ({"roles": None}, "/roles"),
        ({"unit": "police-20-rasso"}, "/unit"),
        ({"unit": "no-such-unit"}, "/unit"),
        ({"name": None}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"active": "yes"}, "/active"),
        ({"organisation": "police-20"}, "/organisation"),
    ],
    ids=str,
)
def test_a_registration_that_cannot_be_is_refused_at_its_place(system: Party, change: Json, pointer: str) -> None:
    person = somebody()

    problem = system.refused("PUT", f"/v1/staff/{person}", 422, "invalid", json=registration(**change))

    assert faults(problem) == [pointer]
    system.put(f"/v1/staff/{person}", registration(), expect=201)


def test_another_organisations_staff_of_the_same_id_are_untouched(sandbox: Sandbox, system: Party) -> None:
    person, other = somebody(), sandbox.party("force-20-rms")
    system.put(f"/v1/staff/{person}", registration(), expect=201)

    other.put(f"/v1/staff/{person}", registration(unit="police-20-rasso", name="Other"), expect=201)

    mine = {item["staff_id"]: item for item in system.items("/v1/units/police-53-cid/staff")}
    assert mine[person]["name"] == "Test Person"


def test_a_person_may_not_register_staff(sandbox: Sandbox) -> None:
    supervisor = sandbox.person("supervisor", unit="police-53-rasso")

    supervisor.refused("PUT", f"/v1/staff/{somebody()}", 403, "not-permitted", json=registration())


def test_registering_needs_its_scope(sandbox: Sandbox) -> None:
    narrow = sandbox.party("force-53-rms", scope="case-files:read")

    narrow.refused("PUT", f"/v1/staff/{somebody()}", 403, "not-permitted", json=registration())


@pytest.mark.parametrize("staff_id", ["-x", "a%20b", "x" * 65, "a%00"])
def test_an_id_that_cannot_be_is_not_found(system: Party, staff_id: str) -> None:
    system.refused("PUT", f"/v1/staff/{staff_id}", 404, "not-found", json=registration())


def test_a_registration_repeated_with_its_key_is_answered_as_before(system: Party) -> None:
    person, key = somebody(), new_key()

    first = system.put(f"/v1/staff/{person}", registration(), expect=201, idempotency_key=key)
    again = system.put(f"/v1/staff/{person}", registration(), idempotency_key=key)

    assert again.content == first.content


def refused_soon(party: Party) -> bool:
    """Wait for what every process must know within five seconds, where it has the processor."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if party.call("GET", "/v1/me").status_code == 401:
            return True
        time.sleep(0.1)
    return False
