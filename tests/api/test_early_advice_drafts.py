"""What is edited and written before it is sent: a side's own, kept, and not seen too early by the other."""

from typing import Any

import pytest

from tests.api.advising import Teams, events_about, path_of

Json = Any
MERGE = {"media_type": "application/merge-patch+json"}
ASKED = [{"topic": "potential_charges", "question": "Is assault by penetration in view?"}]


def edit(teams: Teams, request: Json, changes: Json, role: str = "officer") -> Json:
    """Edit a request with the tag of now."""
    party, path = teams.person(role), path_of(request["id"])
    answer = party.call("PATCH", path, json=changes, if_match=party.etag(path), **MERGE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == party.etag(path)
    return answer.json()


def refused(teams: Teams, request: Json, changes: Json, status: int, code: str) -> Json:
    party, path = teams.person("officer"), path_of(request["id"])
    return party.refused("PATCH", path, status, code, json=changes, if_match=party.etag(path), **MERGE)


def test_a_draft_is_edited_in_part_and_the_rest_stays(teams: Teams) -> None:
    request = teams.draft()
    edited = edit(teams, request, {"advice_sought": ASKED})
    assert (edited["advice_sought"], edited["facts"]) == (ASKED, request["facts"])
    assert edited["state"] == "draft"
    for changes, pointer in (
        ({"suspect_ids": ["nobody"]}, "/suspect_ids/0"),
        ({"advice_sought": [{"topic": "none", "question": "?"}]}, "/advice_sought/0/topic"),
        ({"facts": None}, "/facts"),
    ):
        problem = refused(teams, request, changes, 422, "invalid")
        assert problem["errors"][0]["pointer"] == pointer
    told = events_about(teams, "police-53", request, "early_advice.edited", 1)
    assert [event["data"]["state"] for event in told if event["type"] == "early_advice.edited"] == ["draft"]
    assert events_about(teams, "cps-south-west", request, "case_file", 0) == []


def test_what_is_edited_after_a_return_is_the_forces_own_until_it_is_submitted_again(teams: Teams) -> None:
    request = teams.returned()
    before = teams.person("casework_assistant").get(path_of(request["id"])).json()
    assert edit(teams, request, {"facts": "Mended facts.", "advice_sought": ASKED})["facts"] == "Mended facts."
    unit = teams.person("casework_assistant").get(path_of(request["id"])).json()
    assert (unit["facts"], unit["updated_at"]) == (before["facts"], before["updated_at"])
    assert "Mended" not in str(unit)
    problem = refused(teams, request, {"suspect_ids": ["s1"]}, 422, "invalid")
    assert problem["errors"][0] | {"detail": ""} == {"pointer": "/suspect_ids", "code": "fixed", "detail": ""}
    version = teams.add_version(request)
    teams.take("supervisor", request["id"], "submit", {"endorsement": "Mended.", "version": version})
    for role in ("casework_assistant", "officer"):
        sent = teams.person(role).get(path_of(request["id"])).json()
        assert (sent["facts"], sent["advice_sought"]) == ("Mended facts.", ASKED)


@pytest.mark.parametrize("state", ["submitted", "allocated", "completed"])
def test_what_the_cps_has_is_not_edited(teams: Teams, state: str) -> None:
    assert refused(teams, teams.in_state(state), {"facts": "Other."}, 409, "wrong-state")["state"] == state


def test_drafts_of_advice_are_kept_version_by_version_and_the_police_never_learn_of_them(teams: Teams) -> None:
    request = teams.allocated()
    path = f"{path_of(request['id'])}/advice-drafts"
    tag = teams.person("officer").etag(path_of(request["id"]))
    secret = "An unfinished thought"
    for text in ("", secret):
        body = {"advice": [{"topic": "potential_charges", "text": text}]}
        teams.person("prosecutor").post(path, body, expect=201)
    kept = teams.person("legal_manager").items(path)
    assert [(item["number"], item["advice"][0]["text"]) for item in kept] == [(1, ""), (2, secret)]
    assert kept[0]["by"]["staff"]["staff_id"] == teams.prosecutor_id
    for role in ("officer", "supervisor", "senior_officer"):
        teams.person(role).refused("GET", path, 403, "not-permitted")
    assert secret not in teams.person("officer").get(path_of(request["id"])).text
    assert teams.person("officer").etag(path_of(request["id"])) == tag
    system = teams.sandbox.system("police-53")
    system.refused("GET", path, 403, "not-permitted")
    assert not [e for e in events_about(teams, "police-53", request, "case_file", 0) if "draft" in e["type"]][1:]


def test_a_draft_of_advice_is_the_allocated_prosecutors_and_ends_with_the_advice(teams: Teams) -> None:
    request = teams.allocated()
    path, body = f"{path_of(request['id'])}/advice-drafts", {"strategy": "Focus."}
    other = teams.person("prosecutor", number=1)
    other.refused("POST", path, 403, "not-permitted", json=body)
    teams.person("prosecutor").post(path, body, expect=201)
    teams.take("prosecutor", request["id"], "advise", teams.advice())
    teams.person("prosecutor").refused("POST", path, 409, "wrong-state", json=body)
    assert len(teams.person("unit_head").items(path)) == 1


def test_a_unit_that_gets_a_request_does_not_get_the_drafts_of_another_area(teams: Teams) -> None:
    request = teams.allocated()
    path, unit = f"{path_of(request['id'])}/advice-drafts", "cps-west-midlands-rasso"
    teams.person("prosecutor").post(path, {"strategy": "Ours alone."}, expect=201)
    teams.take("legal_manager", request["id"], "transfer", {"unit": unit, "reason": "Nearer."})
    assert teams.person("legal_manager", unit).items(path) == []
    teams.person("legal_manager").refused("GET", path, 404, "not-found")
