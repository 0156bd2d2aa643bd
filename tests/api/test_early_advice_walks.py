"""Random walks by everybody at once: whatever is tried, what can be said of every request still holds."""

import itertools
import random
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tests.api.advising import ACCEPT, Teams, events_about, path_of
from tests.api.test_early_advice_table import STEPS

Json = Any
ROLES = ("officer", "supervisor", "gatekeeper", "senior_officer")
CPS_ROLES = ("casework_assistant", "legal_manager", "prosecutor", "unit_head")
ATTEMPTS = 70


def body_for(teams: Teams, step: str) -> Json:
    bodies = {
        "submit": {"endorsement": "Endorsed.", "version": 1},
        "accept": ACCEPT,
        "return": teams.returning(),
        "refuse": {"reasons": ["Too early."]},
        "appeal": {"grounds": "Bail ends."},
        "allocate": {"prosecutor": teams.prosecutor_id},
        "request-information": teams.asking(),
        "provide-information": {"answer": "Yes."},
        "advise": teams.advice(teams.action()),
        "transfer": {"unit": "cps-south-west-crown-court", "reason": "Not RASSO."},
        "reopen": {"reason": "Found.", "version": 1},
    }
    reasoned = {"reason": "As discussed."} if step in {"uphold", "overturn", "withdraw", "finalise"} else {}
    return bodies.get(step, reasoned)


def wander(teams: Teams, chance: random.Random) -> tuple[Json, Counter[str]]:
    """Try steps by anyone until the attempts are used up: the request's path and what was answered to each step."""
    request, done = teams.draft(), Counter[str]()
    path, steps = path_of(request["id"]), [step for step in STEPS if step not in {"withdraw", "transfer"}]
    for _ in range(ATTEMPTS):
        step = chance.choice(steps)
        roles = STEPS[step]["roles"].split() if chance.random() < 0.8 else [*ROLES, *CPS_ROLES]
        person = teams.person(chance.choice(roles))
        tag = person.call("GET", path).headers.get("etag", '"none"')
        answer = person.call("POST", f"{path}/{step}", json=body_for(teams, step), if_match=tag)
        assert answer.status_code in {200, 403, 404, 409, 412, 422}, answer.text
        done[step] += answer.status_code == 200
    return teams.person("officer").get(path).json(), done


@pytest.mark.parametrize("seed", [7, 11, 2026])
def test_the_story_the_clocks_and_the_events_agree_whatever_was_tried(teams: Teams, seed: int) -> None:
    request, done = wander(teams, random.Random(seed))
    taken = [item["step"] for item in request["history"]]
    assert Counter(taken) == done + Counter(["create"])
    places = [item["to"] for item in request["history"]]
    assert [item["from"] for item in request["history"]] == [None, *places[:-1]]
    assert request["state"] == places[-1]
    assert_the_spells_add_up(request)
    running = Counter(item["kind"] for item in request["clocks"] if item["stopped_at"] is None)
    assert all(count == 1 for count in running.values())
    for organisation in ("police-53", "cps-south-west"):
        own = [*places] if organisation == "police-53" else places[1:]
        events = events_about(teams, organisation, request, "early_advice.", len(own))
        assert [event["data"]["sequence"] for event in events] == list(range(1, len(events) + 1))
        told = [event["data"]["state"] for event in events if event["type"].startswith("early_advice.")]
        assert told == own


def assert_the_spells_add_up(request: Json) -> None:
    """Who held the ball for how long: spells without gap or overlap, from the first step to the last that ended one."""
    spells, taken = request["held"], request["history"]
    assert spells[0]["since"] == taken[0]["at"]
    ended = request["with"] == "none"
    assert (spells[-1]["until"] is not None) is ended
    if not ended:
        assert spells[-1]["with"] == request["with"]
    closed = [spell for spell in spells if spell["until"] is not None]
    for before, after in itertools.pairwise(spells):
        assert before["until"] == after["since"]
        assert before["with"] != after["with"]
    moments = [datetime.fromisoformat(spell["until"]) - datetime.fromisoformat(spell["since"]) for spell in closed]
    assert [int(moment.total_seconds()) for moment in moments] == [spell["seconds"] for spell in closed]
