"""Every step from every state by every role of both sides, against the golden tables a practitioner can read.

A role that a step is not for is refused before the request is looked at: that is tried in one state here, and in all of
them by the long run (`soak`). Finalising goes by dates and has tests of its own (`test_early_advice_deadlines`); here
nothing is past its date. A refusal leaves the request as it was: the tag that was read first is the newest to the end.
"""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.api.advising import ACCEPT, Teams, action_path, path_of
from tests.outside.client import Sandbox, check_problem

Json = Any
GOLDEN = Path(__file__).parent / "golden"
POLICE_ROLES = ("officer", "supervisor", "gatekeeper", "disclosure_officer", "senior_officer")
CPS_ROLES = ("casework_assistant", "legal_manager", "prosecutor", "unit_head")
OPEN_STATES = ["draft", "submitted", "returned", "manager_review", "refused", "appealed", "accepted", "allocated"]
LATE_STATES = ["information_requested", "advised", "action_plan_open"]
ENDED_STATES = ["completed", "withdrawn", "administratively_finalised"]
STATES = OPEN_STATES + LATE_STATES + ENDED_STATES
ACTION_STATES = ["open", "in_progress", "returned", "disputed", "satisfied", "cancelled"]


def golden(name: str) -> dict[str, dict[str, str]]:
    with (GOLDEN / name).open() as table:
        return {row["step"]: row for row in csv.DictReader(table)}


STEPS, ACTION_STEPS = golden("early_advice_steps.csv"), golden("early_advice_actions.csv")


@pytest.fixture
def teams(later_teams: Teams) -> Teams:
    return later_teams


def body_of(teams: Teams, step: str, request: Json) -> Json:
    version = teams.add_version(request) if request["state"] == "administratively_finalised" else 1
    bodies = {
        "submit": lambda: {"endorsement": "Endorsed.", "version": 1},
        "accept": lambda: ACCEPT,
        "return": teams.returning,
        "approve": dict,
        "refuse": lambda: {"reasons": ["Too early."]},
        "appeal": lambda: {"grounds": "Bail ends."},
        "uphold": lambda: {"reason": "Right."},
        "overturn": lambda: {"reason": "Wrong."},
        "allocate": lambda: {"prosecutor": teams.prosecutor_id},
        "request-information": teams.asking,
        "provide-information": lambda: {"answer": "Yes."},
        "advise": lambda: teams.advice(teams.action()),
        "complete": dict,
        "transfer": lambda: {"unit": "cps-south-west-crown-court", "reason": "Not RASSO."},
        "withdraw": lambda: {"reason": "Charged."},
        "finalise": lambda: {"reason": "No answer."},
        "reopen": lambda: {"reason": "Found.", "version": version},
    }
    return bodies[step]()


NO_STEPS = {  # what is said or kept beside the workflow, and leaves the request in its state
    "actions",
    "messages",
    "messages/read",
    "move-response-date",
    "escalations",
    "escalations/{escalation_id}/answer",
    "advice-drafts",
    "outcomes",
}


def test_the_golden_table_names_every_step_of_the_service(sandbox: Sandbox) -> None:
    paths = sandbox.http.get(sandbox.base_url + "/openapi.json").json()["paths"]
    base = "/v1/early-advice-requests/{request_id}/"
    served = {path.removeprefix(base) for path, calls in paths.items() if path.startswith(base) and "post" in calls}
    actions = {name.removeprefix("actions/{action_id}/") for name in served if name.startswith("actions/{action_id}/")}
    assert served - {f"actions/{{action_id}}/{name}" for name in actions} - NO_STEPS == set(STEPS)
    assert actions - {"decide-extension"} == set(ACTION_STEPS)


def roles_for(row: dict[str, str], *, all_roles: bool) -> list[str]:
    return [role for role in POLICE_ROLES + CPS_ROLES if all_roles or role in row["roles"].split()]


def walk_the_table(teams: Teams, state: str, *, all_roles: bool) -> None:
    request = teams.in_state(state)
    tags = {side: tag_seen(teams, request, side) for side in ("police", "cps")}
    for step, row in STEPS.items():
        for role in roles_for(row, all_roles=all_roles):
            if state in row["from"].split() and role in row["roles"].split():
                own = teams.in_state(state)
                taken = teams.person(role).step(path_of(own["id"]), step, body_of(teams, step, own)).json()
                assert taken["state"] == row["to"], f"{role} {step} from {state}"
            else:
                told = tags["police" if role in POLICE_ROLES else "cps"]
                path, body = f"{path_of(request['id'])}/{step}", body_of(teams, step, {"state": ""})
                answer = teams.person(role).call("POST", path, json=body, if_match=told)
                check_problem(answer, *refusal_expected(row, role, state))


def refusal_expected(row: dict[str, str], role: str, state: str) -> tuple[int, str]:
    if role not in row["roles"].split():
        return 403, "not-permitted"
    return (404, "not-found") if state == "draft" and role in CPS_ROLES else (409, "wrong-state")


def tag_seen(teams: Teams, request: Json, side: str) -> str:
    """The tag that a side sees; any tag where the request is nothing to that side."""
    reader = teams.person("officer" if side == "police" else "legal_manager")
    return reader.call("GET", path_of(request["id"])).headers.get("etag", '"none"')


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_the_steps_of_the_table_and_no_other(teams: Teams, state: str) -> None:
    walk_the_table(teams, state, all_roles=state == "submitted")


@pytest.mark.soak
@pytest.mark.parametrize("state", STATES)
@pytest.mark.timeout(600)
def test_each_role_takes_from_each_state_the_steps_of_the_table_and_no_other(teams: Teams, state: str) -> None:
    walk_the_table(teams, state, all_roles=True)


def action_body(teams: Teams, step: str) -> Json:
    bodies = {
        "start": dict,
        "return": lambda: {"answer": "Done.", "material_ids": ["m1"]},
        "satisfy": dict,
        "reject": lambda: {"reason": "Not signed."},
        "cancel": lambda: {"reason": "No longer needed."},
        "dispute": lambda: {"reason": "Not reasonable."},
        "answer-dispute": lambda: {"outcome": "confirmed", "reason": "It is."},
        "request-extension": lambda: {"due_on": teams.day(30), "reason": "The witness is abroad."},
    }
    return bodies[step]()


def action_in(teams: Teams, state: str) -> tuple[Json, str]:
    request = teams.action_plan_open()
    path = action_path(request, teams.actions(request)[0])
    ways = {
        "open": [],
        "in_progress": [("officer", "start")],
        "returned": [("officer", "return")],
        "disputed": [("supervisor", "dispute")],
        "satisfied": [("officer", "return"), ("prosecutor", "satisfy")],
        "cancelled": [("prosecutor", "cancel")],
    }
    for role, step in ways[state]:
        teams.person(role).step(path, step, action_body(teams, step))
    return request, path


@pytest.mark.parametrize("state", ACTION_STATES)
def test_each_action_has_the_steps_of_the_table_and_no_other(teams: Teams, state: str) -> None:
    _, path = action_in(teams, state)
    tags = {"police": teams.person("officer").etag(path), "cps": teams.person("prosecutor").etag(path)}
    for step, row in ACTION_STEPS.items():
        for role in roles_for(row, all_roles=state == "open"):
            if state in row["from"].split() and role in row["roles"].split():
                _, own = action_in(teams, state)
                taken = teams.person(role).step(own, step, action_body(teams, step)).json()
                assert taken["state"] == (row["to"] or state), f"{role} {step} from {state}"
            else:
                told, body = tags["police" if role in POLICE_ROLES else "cps"], action_body(teams, step)
                answer = teams.person(role).call("POST", f"{path}/{step}", json=body, if_match=told)
                check_problem(answer, *refusal_expected(row, role, state))


def test_what_may_follow_is_told_with_who_may_take_it(teams: Teams) -> None:
    request = teams.accepted()
    problem = teams.person("casework_assistant").refused(
        "POST",
        f"{path_of(request['id'])}/return",
        409,
        "wrong-state",
        json=teams.returning(),
        if_match=tag_seen(teams, request, "cps"),
    )
    assert problem["state"] == "accepted"
    assert {item["step"] for item in problem["steps"]} == {"allocate", "transfer", "withdraw"}
    assert "allocate (cps legal_manager, unit_head)" in problem["detail"]
