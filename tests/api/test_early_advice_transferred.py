"""A request that was transferred: the former unit keeps what it saw, to the letter, and gets nothing newer."""

from typing import Any

import pytest

from tests.api.advising import ACCEPT, CPS_UNIT, Teams, action_path, events_about, path_of
from tests.outside.client import Party

Json = Any
AREA, OTHER_AREA = "cps-south-west", "cps-west-midlands"
OTHER_UNIT, UNIT_OF_OTHER_AREA = "cps-south-west-crown-court", "cps-west-midlands-rasso"
WORDS, QUESTION = "Ask the taxi firm for its log.", "Which of the phones was examined?"


def transferred(teams: Teams, unit: str, *, role: str = "legal_manager") -> Json:
    """A request that went on to another unit, with a message from before; as the one who sent it on was answered."""
    request = teams.allocated()
    teams.person("prosecutor").post(f"{path_of(request['id'])}/messages", {"text": "It goes on."})
    body = {"unit": unit, "reason": "It belongs there."}
    moved: Json = teams.take(role, request["id"], "transfer", body)
    return moved


def go_on(teams: Teams, request: Json, unit: str) -> Json:
    """Let the new unit take the request all the way: a question, a newer version, advice, an action, a message."""
    path, prosecutor = path_of(request["id"]), teams.person("prosecutor", unit)
    manager = teams.person("legal_manager", unit)
    teams.person("casework_assistant", unit).step(path, "accept", ACCEPT)
    manager.step(path, "approve")
    manager.step(path, "allocate", {"prosecutor": prosecutor.staff_id})
    prosecutor.step(path, "request-information", teams.asking(questions=[QUESTION]))
    answer = {"answer": "Both.", "version": teams.add_version(request)}
    teams.person("supervisor").step(path, "provide-information", answer)
    prosecutor.post(f"{path}/messages", {"text": "To follow."})
    advice = teams.advice(teams.action(), advice=[{"topic": "lines_of_enquiry", "text": WORDS}])
    advised: Json = prosecutor.step(path, "advise", advice).json()
    assert (advised["state"], advised["version"]) == ("action_plan_open", 2)
    return advised


def former(teams: Teams, unit: str) -> list[Party]:
    """Those of the first unit's side who do not reach the request in this unit."""
    people = [teams.person("prosecutor"), teams.person("legal_manager")]
    if unit == UNIT_OF_OTHER_AREA:
        people += [teams.person("unit_head"), teams.sandbox.system(AREA)]
    return people


@pytest.mark.parametrize("unit", [OTHER_UNIT, UNIT_OF_OTHER_AREA])
def test_the_former_unit_sees_the_request_as_its_transfer_left_it_and_its_tag_stands(teams: Teams, unit: str) -> None:
    request = transferred(teams, unit)
    path = path_of(request["id"])
    people = former(teams, unit)
    before = [(party.get(path).json(), party.etag(path)) for party in people]
    go_on(teams, request, unit)
    assert [(party.get(path).json(), party.etag(path)) for party in people] == before
    for seen, _ in before:
        assert seen == before[0][0] == {name: value for name, value in request.items() if name != "receipt"}
        assert (seen["state"], seen["with"], seen["cps_unit"], seen["version"]) == ("submitted", "cps", unit, 1)
        assert (seen["prosecutor"], seen["advice"], seen["steps"]) == (None, None, [])
        assert seen["history"][-1]["step"] == "transfer"
        assert seen["history"][-1]["said"]["reason"] == "It belongs there."
        assert all(item["stopped_at"] and not item["paused_days"] for item in seen["clocks"])


@pytest.mark.parametrize("unit", [OTHER_UNIT, UNIT_OF_OTHER_AREA])
def test_to_the_former_unit_there_are_no_actions_and_no_later_messages(teams: Teams, unit: str) -> None:
    request = transferred(teams, unit)
    path = path_of(request["id"])
    go_on(teams, request, unit)
    action = action_path(request, teams.actions(request)[0])
    for party in former(teams, unit):
        assert party.items(f"{path}/actions") == []
        party.refused("GET", action, 404, "not-found")
        assert [item["text"] for item in party.items(f"{path}/messages")] == ["It goes on."]
    prosecutor = teams.person("prosecutor")
    prosecutor.refused("POST", f"{path}/messages", 403, "not-permitted", json={"text": "One thing more."})
    prosecutor.refused("POST", f"{path}/actions", 403, "not-permitted", json=teams.action())
    prosecutor.refused("POST", f"{action}/satisfy", 404, "not-found", json={}, if_match='"x"')
    tag = prosecutor.etag(path)
    prosecutor.refused("POST", f"{path}/complete", 403, "not-permitted", json={}, if_match=tag)


@pytest.mark.parametrize("unit", [OTHER_UNIT, UNIT_OF_OTHER_AREA])
def test_the_queue_lists_the_request_as_the_former_unit_sees_it(teams: Teams, unit: str) -> None:
    request = transferred(teams, unit)
    go_on(teams, request, unit)
    of_case = {"case_file_id": request["case_file_id"]}
    for party in former(teams, unit):
        seen = party.get(path_of(request["id"]))
        [item] = party.items("/v1/early-advice-requests", **of_case, state="submitted", unit=unit, **{"with": "cps"})
        assert item.pop("etag") == seen.headers["etag"]
        assert item.items() <= seen.json().items()
        new_prosecutor = str(teams.person("prosecutor", unit).staff_id)
        for asked in ({"state": "action_plan_open"}, {"with": "both"}, {"assigned_to": new_prosecutor}):
            assert not party.items("/v1/early-advice-requests", **of_case, **asked)
        assert not party.items("/v1/early-advice-requests", **of_case, due_before=teams.day(365))
    [present] = teams.person("prosecutor", unit).items("/v1/early-advice-requests", **of_case)
    assert present["state"] == "action_plan_open"


def test_the_queue_has_what_left_and_what_did_not_in_one_order_over_its_pages(teams: Teams) -> None:
    made = [transferred(teams, UNIT_OF_OTHER_AREA), teams.submitted(), transferred(teams, OTHER_UNIT)]
    go_on(teams, made[0], UNIT_OF_OTHER_AREA)
    wanted = [item["id"] for item in made]
    listed = teams.person("legal_manager").items("/v1/early-advice-requests", limit=1)
    ids = [item["id"] for item in listed]
    assert len(ids) == len(set(ids))
    assert [it for it in ids if it in wanted] == wanted[::-1]
    assert [item["updated_at"] for item in listed] == sorted((it["updated_at"] for it in listed), reverse=True)


def test_who_sees_the_whole_area_goes_on_seeing_a_request_that_stays_in_it(teams: Teams) -> None:
    request = transferred(teams, OTHER_UNIT)
    go_on(teams, request, OTHER_UNIT)
    for party in (teams.person("unit_head"), teams.sandbox.system(AREA)):
        seen = party.get(path_of(request["id"])).json()
        assert seen["advice"]["advice"][0]["text"] == WORDS
        assert len(party.items(f"{path_of(request['id'])}/actions")) == 1
        [item] = party.items("/v1/early-advice-requests", case_file_id=request["case_file_id"])
        assert item["state"] == "action_plan_open"


def test_a_former_area_is_told_of_the_transfer_and_of_nothing_after_it(teams: Teams) -> None:
    request = transferred(teams, UNIT_OF_OTHER_AREA)
    go_on(teams, request, UNIT_OF_OTHER_AREA)
    new = events_about(teams, OTHER_AREA, request, "action.set", 1)
    told = events_about(teams, AREA, request, "early_advice.transferred", 1)
    assert told[-1]["type"] == "early_advice.transferred"
    assert [event["type"] for event in told].count("case_file.version_shared") == 1
    types = [event["type"] for event in new]
    assert types[:2] == ["case_file.version_shared", "early_advice.transferred"]
    assert {"early_advice.advised", "message.sent", "action.set"} <= set(types)
    case = f"/v1/case-files/{request['case_file_id']}"
    for party in former(teams, UNIT_OF_OTHER_AREA):
        assert [item["type"] for item in party.items(f"{case}/timeline")] == [event["type"] for event in told]


def test_a_former_unit_of_the_same_area_has_no_later_timeline(teams: Teams) -> None:
    request = transferred(teams, OTHER_UNIT)
    go_on(teams, request, OTHER_UNIT)
    timeline = f"/v1/case-files/{request['case_file_id']}/timeline"
    types = [item["type"] for item in teams.person("prosecutor").items(timeline)]
    assert types[-1] == "early_advice.transferred" and types.count("case_file.version_shared") == 1
    whole = [item["type"] for item in teams.person("unit_head").items(timeline)]
    assert whole[-1] == "action.set" and whole.count("case_file.version_shared") == 3


def test_to_a_former_area_the_case_file_does_not_change_any_more(teams: Teams) -> None:
    request = transferred(teams, UNIT_OF_OTHER_AREA)
    case, path = f"/v1/case-files/{request['case_file_id']}", path_of(request["id"])
    system = teams.sandbox.system(AREA)
    before = system.get(case)
    assert before.json()["status"] == "referred"
    go_on(teams, request, UNIT_OF_OTHER_AREA)
    prosecutor = teams.person("prosecutor", UNIT_OF_OTHER_AREA)
    prosecutor.step(action_path(request, teams.actions(request)[0]), "cancel", {"reason": "Not needed."})
    prosecutor.step(path, "complete")
    after = system.get(case)
    assert after.json() == before.json() and after.headers["etag"] == before.headers["etag"]
    urn = before.json()["urn"]
    assert [item["status"] for item in system.items("/v1/case-files", urn=urn, status="referred")] == ["referred"]
    for party in (teams.person("officer"), prosecutor):
        assert party.get(case).json()["status"] == "in_investigation"


def test_a_request_that_comes_back_is_seen_whole_again_and_the_other_area_is_left_behind(teams: Teams) -> None:
    request = transferred(teams, UNIT_OF_OTHER_AREA)
    path, away = path_of(request["id"]), teams.person("legal_manager", UNIT_OF_OTHER_AREA)
    teams.person("casework_assistant", UNIT_OF_OTHER_AREA).step(path, "accept", ACCEPT)
    away.post(f"{path}/messages", {"text": "It is yours after all."})
    left = away.step(path, "transfer", {"unit": CPS_UNIT, "reason": "It was theirs."}).json()
    assert [step["step"] for step in left["history"]][-2:] == ["accept", "transfer"]
    manager = teams.person("legal_manager")
    steps = [step["step"] for step in manager.get(path).json()["history"]]
    assert steps[-3:] == ["transfer", "accept", "transfer"]
    assert manager.items(f"{path}/messages")[-1]["text"] == "It is yours after all."
    go_on(teams, request, CPS_UNIT)
    assert manager.get(path).json()["advice"]["advice"][0]["text"] == WORDS
    assert away.get(path).json() == left
    told = events_about(teams, AREA, request, "action.set", 1)
    assert [event["type"] for event in told].count("early_advice.transferred") == 2
    assert events_about(teams, OTHER_AREA, request, "early_advice.", 3)[-1]["type"] == "early_advice.transferred"


def test_a_request_resubmitted_to_another_unit_stays_as_it_was_returned_for_the_first(teams: Teams) -> None:
    request = teams.returned()
    path, case = path_of(request["id"]), f"/v1/case-files/{request['case_file_id']}"
    officer, manager = teams.person("officer"), teams.person("legal_manager")
    correction = {"cps_unit": UNIT_OF_OTHER_AREA, "reason": "The suspect lives there."}
    officer.post(f"{case}/corrections", correction, if_match=officer.etag(case))
    body = {"endorsement": "Ready now.", "version": teams.add_version(request)}
    teams.person("supervisor").step(path, "submit", body)
    seen = manager.get(path).json()
    assert (seen["state"], seen["version"], seen["cps_unit"]) == ("returned", 1, CPS_UNIT)
    assert seen["history"][-1]["step"] == "return"
    manager.refused("POST", f"{path}/finalise", 403, "not-permitted", json={"reason": "x"}, if_match=manager.etag(path))
    assert manager.get(case).json()["status"] == "in_investigation"
    assert teams.person("casework_assistant", UNIT_OF_OTHER_AREA).get(path).json()["state"] == "submitted"


def test_a_deadline_that_passes_later_is_not_told_to_a_former_area(later_teams: Teams) -> None:
    teams = later_teams
    request = transferred(teams, UNIT_OF_OTHER_AREA)
    teams.wait("P10D")
    told = events_about(teams, OTHER_AREA, request, "deadline.breached", 1)
    assert "deadline.breached" in [event["type"] for event in told]
    assert events_about(teams, AREA, request, "early_advice.transferred", 1)[-1]["type"] == "early_advice.transferred"


def test_the_cps_unit_stays_while_both_sides_work_on_an_action_plan(teams: Teams) -> None:
    case = f"/v1/case-files/{teams.action_plan_open()['case_file_id']}"
    officer, moved = teams.person("officer"), {"cps_unit": UNIT_OF_OTHER_AREA, "reason": "The suspect lives there."}
    officer.refused("POST", f"{case}/corrections", 409, "wrong-state", json=moved, if_match=officer.etag(case))
