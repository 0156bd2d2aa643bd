"""A disagreement goes up the ladder, from either side: a level at a time, to somebody else each time, by a date."""

from typing import Any

from tests.api.advising import Teams, events_about, path_of

Json = Any
DELAY = {"subject": "delay", "grounds": "Bail ends in a week."}


def raised(teams: Teams, request: Json, role: str = "gatekeeper", **changes: Any) -> Json:
    """Raise an escalation, which must succeed."""
    path = f"{path_of(request['id'])}/escalations"
    return teams.person(role).post(path, DELAY | changes, expect=201).json()


def answered(teams: Teams, escalation: Json, role: str, number: int = 0) -> Any:
    """Answer an escalation with the tag of the list."""
    path, party = f"{path_of(escalation['early_advice_request_id'])}/escalations", teams.person(role, number=number)
    [tag] = [item["etag"] for item in party.get(path).json()["items"] if item["id"] == escalation["id"]]
    body = {"outcome": "maintained", "reason": "It is in hand."}
    return party.call("POST", f"{path}/{escalation['id']}/answer", json=body, if_match=tag)


def test_a_disagreement_goes_up_level_by_level_and_nobody_answers_twice(teams: Teams) -> None:
    request = teams.allocated()
    first = raised(teams, request)
    assert (first["level"], first["outcome"], first["raised_by"]["organisation"]) == (1, None, "police-53")
    path = f"{path_of(request['id'])}/escalations"
    problem = teams.person("gatekeeper").refused("POST", path, 409, "already-exists", json=DELAY)
    assert problem["escalation_id"] == first["id"]
    assert answered(teams, first, "unit_head").status_code == 200
    assert answered(teams, first, "unit_head").status_code == 409
    further = DELAY | {"previous_id": first["id"]}
    teams.person("gatekeeper").refused("POST", path, 403, "not-permitted", json=further)
    second = raised(teams, request, "senior_officer", previous_id=first["id"])
    assert (second["level"], second["previous_id"]) == (2, first["id"])
    for role in ("legal_manager", "unit_head"):  # too low a role; and who answered below
        assert answered(teams, second, role).status_code == 403, role
    assert answered(teams, second, "unit_head", 1).status_code in (200, 403)
    told = events_about(teams, "cps-south-west", request, "early_advice.escalat", 3)
    levels = [event["data"]["level"] for event in told if event["type"] == "early_advice.escalated"]
    assert levels == [1, 2] and "Bail" not in str(told)


def test_an_answer_is_due_in_five_working_days_and_seen_by_both_sides(teams: Teams) -> None:
    request = teams.refused()
    appealed = teams.take("senior_officer", request["id"], "appeal", {"grounds": "Bail ends."})
    escalation = raised(teams, request)
    [appeal] = [clock for clock in appealed["clocks"] if clock["kind"] == "appeal"]
    assert escalation["due_at"] == appeal["due_at"], "five working days, as for an appeal"
    assert (escalation["clock"]["due_at"], escalation["clock"]["stopped_at"]) == (escalation["due_at"], None)
    assert not any(clock["kind"].startswith("escalation") for clock in appealed["clocks"]), "it is the escalation's"
    assert answered(teams, escalation, "legal_manager").json()["outcome"] == "maintained"
    for role in ("officer", "prosecutor"):
        [item] = teams.person(role).get(f"{path_of(request['id'])}/escalations").json()["items"]
        assert (item["reason"], item["answered_by"]["organisation"]) == ("It is in hand.", "cps-south-west")
    elsewhere = teams.person("prosecutor", "cps-west-midlands-rasso")
    elsewhere.refused("GET", f"{path_of(request['id'])}/escalations", 404, "not-found")


def test_only_what_the_cps_has_is_escalated_and_an_action_by_its_id(teams: Teams) -> None:
    draft, plan = teams.draft(), teams.action_plan_open()
    gatekeeper = teams.person("gatekeeper")
    gatekeeper.refused("POST", f"{path_of(draft['id'])}/escalations", 409, "wrong-state", json=DELAY)
    path = f"{path_of(plan['id'])}/escalations"
    [item] = teams.actions(plan)
    for changes, pointer in (
        ({"subject": "action"}, "/action_id"),
        ({"action_id": item["id"]}, "/action_id"),
        ({"subject": "action", "action_id": plan["id"]}, "/action_id"),
        ({"previous_id": plan["id"]}, "/previous_id"),
    ):
        problem = gatekeeper.refused("POST", path, 422, "invalid", json=DELAY | changes)
        assert problem["errors"][0]["pointer"] == pointer
    assert raised(teams, plan, subject="action", action_id=item["id"])["action_id"] == item["id"]
    teams.person("officer").refused("POST", path, 403, "not-permitted", json=DELAY)


def test_the_cps_escalates_too_and_the_police_answer_at_the_same_level(teams: Teams) -> None:
    request = teams.information_requested()
    path = f"{path_of(request['id'])}/escalations"
    teams.person("prosecutor").refused("POST", path, 403, "not-permitted", json=DELAY)
    elsewhere = teams.person("legal_manager", "cps-west-midlands-rasso")
    elsewhere.refused("POST", path, 404, "not-found", json=DELAY)
    first = raised(teams, request, "legal_manager", grounds="No answer for a fortnight.")
    assert (first["to_side"], first["clock"]["kind"], first["clock"]["with"]) == (
        "police",
        "escalation_to_police",
        "police",
    )
    assert answered(teams, first, "legal_manager").status_code == 403, "nobody answers their own side"
    told = answered(teams, first, "gatekeeper").json()
    assert told["answered_by"]["organisation"] == "police-53" and told["clock"]["stopped_at"] == told["answered_at"]
    theirs = DELAY | {"previous_id": first["id"]}
    problem = teams.person("senior_officer").refused("POST", path, 422, "invalid", json=theirs)
    assert problem["errors"][0]["code"] == "others_escalation", "the side that raised it takes it further"
    second = raised(teams, request, "unit_head", previous_id=first["id"])
    assert (second["level"], second["to_side"]) == (2, "police")
    assert answered(teams, second, "gatekeeper").status_code == 403, "too low a role"
    assert answered(teams, second, "senior_officer").status_code == 200


def test_what_ends_the_request_stops_the_clock_of_its_escalation(teams: Teams) -> None:
    request = teams.submitted()
    open_one = raised(teams, request)
    before = listed(teams, open_one)
    teams.take("supervisor", request["id"], "withdraw", {"reason": "Charged by other means."})
    after = listed(teams, open_one)
    assert before["clock"]["stopped_at"] is None and after["clock"]["stopped_at"] is not None
    assert before["etag"] != after["etag"]


def listed(teams: Teams, escalation: Json) -> Json:
    """An escalation as the list has it for an officer."""
    path = f"{path_of(escalation['early_advice_request_id'])}/escalations"
    return next(item for item in teams.person("officer").get(path).json()["items"] if item["id"] == escalation["id"])
