"""Deadlines as they pass: told once to both sides, never of a clock that stopped; finalising only past the date."""

import time
from datetime import date
from typing import Any

from tests.api.advising import Teams, clock, events_about, path_of

Json = Any
BOTH = ("police-53", "cps-south-west")


def told(teams: Teams, organisation: str, request: Json) -> list[tuple[str, str]]:
    """The deadlines that an organisation was told of for a request: (event, clock)."""
    events = events_about(teams, organisation, request, "deadline.", 0)
    return [(event["type"], event["data"]["clock"]) for event in events if event["type"].startswith("deadline.")]


def wait_for(teams: Teams, request: Json, expected: set[tuple[str, str]]) -> None:
    """Wait until both sides were told, then a little longer: nothing may be told twice."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and set(told(teams, BOTH[0], request)) != expected:
        time.sleep(0.2)
    time.sleep(2)
    for organisation in BOTH:
        assert sorted(told(teams, organisation, request)) == sorted(expected)


def test_a_deadline_is_told_as_near_and_as_passed_once_to_both_sides(later_teams: Teams) -> None:
    teams = later_teams
    request = teams.allocated()
    teams.wait("P18D")
    wait_for(teams, request, {("deadline.approaching", "advice")})
    teams.wait("P30D")
    wait_for(teams, request, {("deadline.approaching", "advice"), ("deadline.breached", "advice")})
    seen = clock(teams.person("officer").get(path_of(request["id"])).json(), "advice")
    assert seen["breached_at"] > seen["due_at"]
    teams.wait("P1D")
    teams.take("prosecutor", request["id"], "advise", teams.advice())
    wait_for(teams, request, {("deadline.approaching", "advice"), ("deadline.breached", "advice")})


def test_a_leap_over_both_tells_both_and_a_clock_that_stopped_or_waits_tells_nothing(later_teams: Teams) -> None:
    teams = later_teams
    late, paused, done = teams.submitted(), teams.information_requested(), teams.completed()
    teams.wait("P40D")
    near_and_past = {("deadline.approaching", name) for name in ("advice", "triage")}
    wait_for(teams, late, near_and_past | {("deadline.breached", name) for name in ("advice", "triage")})
    assert set(told(teams, "police-53", paused)) == {
        ("deadline.approaching", "police_response"),
        ("deadline.breached", "police_response"),
    }
    assert told(teams, "police-53", done) == []


def test_a_pause_moves_the_date_by_the_days_it_lasted(later_teams: Teams) -> None:
    teams = later_teams
    request = teams.information_requested()
    before = clock(request, "advice")["due_at"][:10]
    assert before == teams.day(21)
    teams.wait("P4D")
    answered = teams.take("officer", request["id"], "provide-information", {"answer": "Yes."})
    assert clock(answered, "advice")["paused_days"] == 4
    assert clock(answered, "advice")["due_at"][:10] == teams.day(21)


def finalisable(teams: Teams, path: str) -> bool:
    """Whether the legal manager is shown that the request may be finalised now."""
    steps = teams.person("legal_manager").get(path).json()["steps"]
    return bool(next(step["allowed"] for step in steps if step["step"] == "finalise"))


def test_a_returned_request_is_finalised_past_its_date_and_reopened_with_a_newer_version(later_teams: Teams) -> None:
    teams = later_teams
    request, manager = teams.returned(), teams.person("legal_manager")
    path, body = path_of(request["id"]), {"reason": "No answer came."}
    teams.wait("P7D")
    problem = manager.refused("POST", path + "/finalise", 409, "wrong-state", json=body, if_match=manager.etag(path))
    assert problem["date"] == request["response_due_on"]
    assert not finalisable(teams, path)
    teams.wait("P1D")
    assert finalisable(teams, path)
    ended = teams.take("legal_manager", request["id"], "finalise", body)
    assert ended["with"] == "none" and all(item["stopped_at"] for item in ended["clocks"])
    supervisor, same = teams.person("supervisor"), {"reason": "Found.", "version": 1}
    supervisor.refused("POST", path + "/reopen", 422, "invalid", json=same, if_match=supervisor.etag(path))
    again = teams.take("supervisor", request["id"], "reopen", {**same, "version": teams.add_version(request)})
    assert again["state"] == "returned" and again["receipt"]["version"] == 2
    assert clock(again, "police_response")["stopped_at"] is None


def test_an_open_plan_is_finalised_past_its_last_date_and_reopened_as_it_was(later_teams: Teams) -> None:
    teams = later_teams
    request = teams.action_plan_open()
    teams.wait("P15D")
    wait_for(teams, request, {("deadline.approaching", "action"), ("deadline.breached", "action")})
    ended = teams.take("legal_manager", request["id"], "finalise", {"reason": "No answer."})
    assert ended["state"] == "administratively_finalised"
    officer, item = teams.person("officer"), teams.actions(request)[0]
    path = f"{path_of(request['id'])}/actions/{item['id']}"
    officer.refused("POST", path + "/start", 409, "wrong-state", json={}, if_match=officer.etag(path))
    body = {"reason": "Found.", "version": teams.add_version(request)}
    assert teams.take("gatekeeper", request["id"], "reopen", body)["state"] == "action_plan_open"
    wait_for(teams, request, {("deadline.approaching", "action"), ("deadline.breached", "action")})
    assert officer.step(path, "start", {}).json()["state"] == "in_progress"


def test_a_question_left_unanswered_is_finalised_and_answered_after_reopening(later_teams: Teams) -> None:
    teams = later_teams
    request = teams.information_requested()
    teams.wait("P6D")
    teams.take("legal_manager", request["id"], "finalise", {"reason": "No answer."})
    body = {"reason": "Found.", "version": teams.add_version(request)}
    assert teams.take("supervisor", request["id"], "reopen", body)["state"] == "information_requested"
    answered = teams.take("officer", request["id"], "provide-information", {"answer": "Here it is."})
    assert clock(answered, "advice")["stopped_at"] is None


def test_an_escalation_left_unanswered_is_told_once_and_one_at_rest_never(later_teams: Teams) -> None:
    teams = later_teams
    late, answered, ended = teams.allocated(), teams.allocated(), teams.submitted()
    grounds = {"subject": "delay", "grounds": "Bail ends in a week."}
    raised = {
        name: teams.person(role).post(f"{path_of(request['id'])}/escalations", grounds, expect=201).json()
        for name, role, request in (
            ("late", "gatekeeper", late),
            ("answered", "legal_manager", answered),
            ("ended", "gatekeeper", ended),
        )
    }
    gatekeeper, path = teams.person("gatekeeper"), f"{path_of(answered['id'])}/escalations"
    [tag] = [item["etag"] for item in gatekeeper.get(path).json()["items"]]
    answer = {"outcome": "changed", "reason": "It is on its way."}
    gatekeeper.post(f"{path}/{raised['answered']['id']}/answer", answer, expect=200, if_match=tag)
    teams.take("supervisor", ended["id"], "withdraw", {"reason": "Charged by other means."})
    days = (date.fromisoformat(raised["late"]["due_at"][:10]) - date.fromisoformat(teams.day(0))).days
    teams.wait(f"P{days + 1}D")
    near_and_past = {(f"deadline.{event}", "escalation_to_cps") for event in ("approaching", "breached")}
    wait_for(teams, late, near_and_past)
    of = [event["data"] for event in events_about(teams, BOTH[1], late, "deadline.", 2) if "clock" in event["data"]]
    assert {data["escalation_id"] for data in of} == {raised["late"]["id"]}
    for request in (answered, ended):
        assert told(teams, BOTH[0], request) == []
