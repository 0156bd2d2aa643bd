"""Advice that was not sought, dates that were moved, and what an answer brought: each with its reason, on record."""

from typing import Any

import pytest

from tests.api.advising import Teams, action_path, clock, events_about, path_of
from tests.outside.cases import draft_request, open_case

Json = Any
WHY = {"suspect_ids": ["s1"], "code": "custody_time", "reason": "Charged within the day."}


def test_why_advice_was_not_sought_is_coded_and_kept_for_the_force(teams: Teams) -> None:
    case = open_case(teams.person("officer"))
    path = f"/v1/case-files/{case['id']}/early-advice-not-sought"
    record = teams.person("supervisor").post(path, WHY, expect=201).json()
    assert (record["code"], record["reason"]) == ("custody_time", "Charged within the day.")
    assert teams.person("officer").items(path) == [record]
    teams.person("officer").refused("POST", path, 403, "not-permitted", json=WHY)
    teams.person("supervisor", "police-53-cid").refused("POST", path, 404, "not-found", json=WHY)
    told = events_about(teams, "police-53", {"case_file_id": case["id"]}, "early_advice.not_sought", 1)
    [event] = [event["data"] for event in told if event["type"] == "early_advice.not_sought"]
    assert event["reason"] == "custody_time" and "Charged" not in str(event)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"code": "no_time"}, "/code"),
        ({"suspect_ids": ["nobody"]}, "/suspect_ids/0"),
        ({"suspect_ids": []}, "/suspect_ids"),
    ],
)
def test_a_reason_that_is_none_is_refused_by_its_place(teams: Teams, case_id: str, changes: Json, pointer: str) -> None:
    path = f"/v1/case-files/{case_id}/early-advice-not-sought"
    problem = teams.person("supervisor").refused("POST", path, 422, "invalid", json=WHY | changes)
    assert problem["errors"][0]["pointer"] == pointer


def test_advice_that_is_sought_was_not_left_out(teams: Teams, case_id: str) -> None:
    request = draft_request(teams.person("officer"), case_id)
    path = f"/v1/case-files/{case_id}/early-advice-not-sought"
    problem = teams.person("supervisor").refused("POST", path, 409, "wrong-state", json=WHY)
    assert problem["early_advice_request_id"] == request["id"]
    teams.take("supervisor", request["id"], "withdraw", {"reason": "Charged."})
    teams.person("supervisor").post(path, WHY, expect=201)


def test_a_date_that_is_moved_keeps_the_old_one_with_the_reason(teams: Teams) -> None:
    request = teams.returned()
    old, new = teams.day(7), teams.day(21)
    body = {"response_due_on": new, "reason": "The laboratory is late."}
    moved = teams.take("casework_assistant", request["id"], "move-response-date", body)
    assert (moved["state"], moved["response_due_on"]) == ("returned", new)
    last = moved["history"][-1]
    assert last["said"] == {"response_due_on": new, "response_due_on_before": old, "reason": "The laboratory is late."}
    clocks = [item for item in moved["clocks"] if item["kind"] == "police_response"]
    assert [(item["due_at"][:10], item["stopped_at"] is None) for item in clocks] == [(old, False), (new, True)]
    assert clock(moved, "police_response")["with"] == "police"
    assert moved["held"][-1]["with"] == "police" and moved["held"][-1]["since"] < last["at"]
    for who, status, code in (("supervisor", 403, "not-permitted"), ("prosecutor", 403, "not-permitted")):
        teams.person(who).refused("POST", f"{path_of(request['id'])}/move-response-date", status, code, json=body)
    party, path = teams.person("legal_manager"), path_of(request["id"])
    for changes, pointer in (
        ({"response_due_on": new}, "/response_due_on"),
        ({"response_due_on": "2020-01-01"}, "/response_due_on"),
    ):
        problem = party.refused(
            "POST", f"{path}/move-response-date", 422, "invalid", json=body | changes, if_match=party.etag(path)
        )
        assert problem["errors"][0]["pointer"] == pointer
    other = path_of(teams.submitted()["id"])
    party.refused("POST", f"{other}/move-response-date", 409, "wrong-state", json=body, if_match=party.etag(other))


def test_triage_out_of_hours_is_noted_as_cps_directs(teams: Teams) -> None:
    request = teams.submitted()
    accept = {"review_type": "EARLY_ADVICE", "case_type": "RASSO", "cps_direct": True}
    taken = teams.take("casework_assistant", request["id"], "accept", accept)
    assert taken["history"][-1]["said"]["cps_direct"] is True


def test_the_prosecutor_sees_what_an_answer_changed_in_the_file(teams: Teams) -> None:
    request = teams.action_plan_open()
    [item] = teams.actions(request)
    path, supervisor = action_path(request, item), teams.person("supervisor")
    assert supervisor.get(path).json()["file_changes"] is None
    version = teams.add_version(request, issues="A new account.")
    answer = {"answer": "See the new version.", "material_ids": [], "version": version}
    supervisor.step(path, "return", answer)
    changes = teams.person("prosecutor").get(path).json()["file_changes"]
    assert (changes["since"], changes["version"]) == (1, version)
    compared = teams.person("prosecutor").get(changes["href"]).json()
    assert [change["pointer"] for section in compared["sections"] for change in section["changes"]]
