"""Triage with its reasons, the second gate, appeals, allocation, transfer, questions, advice: done and refused."""

from typing import Any

import pytest

from tests.api.advising import ACCEPT, Teams, clock, path_of
from tests.outside.cases import case_content

Json = Any


def refuse(
    teams: Teams, role: str, request: Json, step: str, body: Json, status: int, code: str, number: int = 0
) -> Json:
    person, path = teams.person(role, number=number), path_of(request["id"])
    return person.refused("POST", f"{path}/{step}", status, code, json=body, if_match=person.etag(path))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reasons": [{"code": "NOT_A_REASON"}]}, "/reasons/0/code"),
        ({"reasons": []}, "/reasons"),
        ({"reasons": [{"code": "NO_MG3", "detail": "x" * 251}]}, "/reasons/0/detail"),
        ({"response_due_on": "2026-01-01"}, "/response_due_on"),
        ({"response_due_on": "9999-12-31"}, "/response_due_on"),
        ({"remind_on": "2026-01-01"}, "/remind_on"),
        ({"review_type": "LATE_ADVICE"}, "/review_type"),
        ({"case_type": "TRAFFIC"}, "/case_type"),
    ],
)
def test_a_return_is_coded_and_dated_in_the_future(teams: Teams, changes: Json, pointer: str) -> None:
    request = teams.submitted()
    problem = refuse(teams, "casework_assistant", request, "return", teams.returning(**changes), 422, "invalid")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert teams.person("officer").get(path_of(request["id"])).json()["state"] == "submitted"


def test_the_police_read_the_reasons_and_the_kept_types_of_a_return(teams: Teams) -> None:
    request = teams.returned()
    seen = teams.person("officer").get(path_of(request["id"])).json()
    said = seen["history"][-1]["said"]
    assert [reason["code"] for reason in said["reasons"]] == ["NO_MG3", "NO_SUMMARY_OF_INTERVIEW"]
    assert (seen["review_type"], seen["case_type"]) == ("EARLY_ADVICE", "RASSO")
    assert seen["response_due_on"] == teams.day(7)


def test_a_case_that_is_not_rasso_has_no_second_gate(teams: Teams) -> None:
    request = teams.submitted()
    body = ACCEPT | {"case_type": "CROWN_COURT"}
    assert teams.take("casework_assistant", request["id"], "accept", body)["state"] == "accepted"


def test_there_is_one_appeal_for_a_refusal_and_none_after_it_was_upheld(teams: Teams) -> None:
    request = teams.appealed()
    assert clock(request, "appeal")["stopped_at"] is None and clock(request, "advice")["stopped_at"]
    upheld = teams.take("unit_head", request["id"], "uphold", {"reason": "Too early."})
    assert (upheld["state"], upheld["with"]) == ("refused", "police")
    problem = refuse(teams, "senior_officer", request, "appeal", {"grounds": "Again."}, 409, "wrong-state")
    assert [item["step"] for item in problem["steps"]] == ["withdraw"]
    assert "What may follow: withdraw (police gatekeeper, supervisor)." in problem["detail"]
    assert "appeal" not in [item["step"] for item in upheld["steps"]]


def test_an_overturned_refusal_is_accepted_and_its_advice_clock_starts_anew(teams: Teams) -> None:
    request = teams.take("unit_head", teams.appealed()["id"], "overturn", {"reason": "The time is right."})
    assert request["state"] == "accepted"
    assert [bool(item["stopped_at"]) for item in request["clocks"] if item["kind"] == "advice"] == [True, False]


def test_an_unknown_prosecutor_and_one_of_another_unit_are_refused(teams: Teams) -> None:
    request = teams.accepted()
    elsewhere = teams.person("prosecutor", "cps-south-west-crown-court").staff_id
    for named in ("nobody", elsewhere, teams.person("casework_assistant").staff_id):
        problem = refuse(teams, "legal_manager", request, "allocate", {"prosecutor": named}, 422, "invalid")
        assert problem["errors"][0]["pointer"] == "/prosecutor"


def test_another_prosecutor_of_the_unit_reads_and_may_not_step_until_it_is_allocated_anew(teams: Teams) -> None:
    request, other = teams.allocated(), teams.person("prosecutor", number=1)
    refuse(teams, "prosecutor", request, "advise", teams.advice(), 403, "not-permitted", number=1)
    assert not any(item["allowed"] for item in other.get(path_of(request["id"])).json()["steps"])
    teams.take("unit_head", request["id"], "allocate", {"prosecutor": other.staff_id})
    refuse(teams, "prosecutor", request, "advise", teams.advice(), 403, "not-permitted")
    assert other.step(path_of(request["id"]), "advise", teams.advice()).json()["state"] == "advised"


def test_a_question_pauses_the_advice_clock_and_the_answer_resumes_it(teams: Teams) -> None:
    request = teams.information_requested()
    assert clock(request, "advice")["paused_at"] and clock(request, "advice")["with"] == "police"
    assert clock(request, "police_response")["due_at"][:10] == teams.day(5)
    answered = teams.take("officer", request["id"], "provide-information", {"answer": "It was."})
    assert clock(answered, "advice")["paused_at"] is None and clock(answered, "police_response")["stopped_at"]
    assert answered["history"][-1]["said"]["answer"] == "It was."


def test_a_newer_version_goes_with_an_answer_by_a_supervisor_alone(teams: Teams) -> None:
    request = teams.information_requested()
    number = teams.add_version(request)
    body = {"answer": "See the new version.", "version": number}
    refuse(teams, "officer", request, "provide-information", body, 403, "not-permitted")
    case = f"/v1/case-files/{request['case_file_id']}"
    assert teams.person("prosecutor").get(case).json()["version"]["number"] == 1
    answered = teams.take("supervisor", request["id"], "provide-information", body)
    assert answered["receipt"]["version"] == number
    assert teams.person("prosecutor").get(case).json()["version"]["number"] == number


def test_advice_is_the_parties_own_and_nobodys_before_it_is_issued(teams: Teams) -> None:
    request = teams.allocated()
    assert teams.person("officer").get(path_of(request["id"])).json()["advice"] is None
    charges = [{"cjs_code": "SX03002", "suspect_ids": ["s1"]}]
    teams.take("prosecutor", request["id"], "advise", teams.advice(teams.action(), proposed_charges=charges))
    told = teams.person("officer").get(path_of(request["id"])).json()
    assert told["state"] == "action_plan_open" and told["with"] == "both"
    assert told["advice"]["advice"][0]["topic"] == "lines_of_enquiry"
    assert told["advice"]["proposed_charges"] == charges and clock(told, "advice")["stopped_at"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"category": "GOSSIP"}, "/actions/0/category"),
        ({"due_on": "2026-01-01"}, "/actions/0/due_on"),
        ({"suspect_ids": ["s9"]}, "/actions/0/suspect_ids/0"),
        ({"gating": "never"}, "/actions/0/gating"),
        ({"description": " "}, "/actions/0/description"),
    ],
)
def test_advice_with_a_faulty_action_is_not_given_at_all(teams: Teams, changes: Json, pointer: str) -> None:
    request = teams.allocated()
    body = teams.advice(teams.action(**changes))
    problem = refuse(teams, "prosecutor", request, "advise", body, 422, "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert teams.person("officer").get(path_of(request["id"])).json()["advice"] is None
    assert not teams.actions(request)


def test_a_transfer_takes_the_case_to_another_unit_and_both_keep_what_was_shared(teams: Teams) -> None:
    request = teams.allocated()
    body = {"unit": "cps-south-west-crown-court", "reason": "Not RASSO after all."}
    moved = teams.take("legal_manager", request["id"], "transfer", body)
    assert (moved["state"], moved["cps_unit"], moved["prosecutor"]) == ("submitted", body["unit"], None)
    newcomer = teams.person("casework_assistant", body["unit"])
    running = newcomer.get(path_of(request["id"])).json()
    assert clock(running, "advice")["stopped_at"] and clock(running, "triage")["stopped_at"] is None
    case = f"/v1/case-files/{request['case_file_id']}"
    teams.person("prosecutor", body["unit"]).get(case)
    teams.person("prosecutor").get(case)
    refuse(teams, "casework_assistant", request, "accept", ACCEPT, 403, "not-permitted")
    assert newcomer.step(path_of(request["id"]), "accept", ACCEPT).json()["state"] == "manager_review"


def test_a_transfer_to_no_unit_or_the_same_one_is_refused(teams: Teams) -> None:
    request = teams.accepted()
    for unit in ("cps-nowhere", "police-53-cid", "cps-south-west-rasso"):
        body = {"unit": unit, "reason": "Elsewhere."}
        problem = refuse(teams, "unit_head", request, "transfer", body, 422, "invalid")
        assert problem["errors"][0]["pointer"] == "/unit"


def test_a_transfer_to_another_area_shows_it_the_request(teams: Teams) -> None:
    request = teams.accepted()
    unit = "cps-west-midlands-rasso"
    teams.take("unit_head", request["id"], "transfer", {"unit": unit, "reason": "The offence was there."})
    seen = teams.person("casework_assistant", unit).get(path_of(request["id"])).json()
    assert seen["cps_organisation"] == "cps-west-midlands"
    assert [item["step"] for item in seen["steps"] if item["allowed"]] == ["accept", "return"]


def test_a_plan_with_an_unsettled_action_cannot_be_completed(teams: Teams) -> None:
    request = teams.action_plan_open()
    assert {step["step"]: step["allowed"] for step in request["steps"]} == {"complete": False, "finalise": False}
    problem = refuse(teams, "prosecutor", request, "complete", {}, 409, "wrong-state")
    item = teams.actions(request)[0]
    assert problem["action_ids"] == [item["id"]]
    teams.person("prosecutor").step(f"{path_of(request['id'])}/actions/{item['id']}", "cancel", {"reason": "Moot."})
    assert teams.take("prosecutor", request["id"], "complete", {"note": "Done."})["state"] == "completed"


def test_a_withdrawn_request_gives_no_later_access(teams: Teams) -> None:
    request = teams.withdrawn()
    teams.add_version(request, issues="Known to the force alone.")
    case = teams.person("prosecutor").get(f"/v1/case-files/{request['case_file_id']}").json()
    assert case["version"]["number"] == 1 and case["content"]["issues"] == case_content()["issues"]
    assert case["status"] == "in_investigation"
