"""Random walks of several people, alone and at once, against a model of the golden table: both sides' story holds.

Requests for two sets of suspects of one case file are opened, stepped, raced for, escalated and told outcomes of, by
whoever happens to. Generated runs are the same each time in the normal run; `make soak` makes more
(CASEFILE_SOAK_WALKS).
"""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.api.advising import Teams, events_about, path_of
from tests.api.test_early_advice_table import CPS_ROLES, STEPS
from tests.api.test_early_advice_walks import assert_the_spells_add_up, body_for
from tests.outside.cases import case_content, open_case, request_body

Json = Any
ENDED = {"completed", "withdrawn", "administratively_finalised"}
WALKED = sorted(set(STEPS) - {"transfer", "finalise", "reopen"})
EVENTS = {"request-information": "information_requested", "provide-information": "information_provided"}
EVENTS |= {"submit": "submitted", "accept": "accepted", "return": "returned", "approve": "approved"}
EVENTS |= {"refuse": "refused", "appeal": "appealed", "uphold": "upheld", "overturn": "overturned"}
EVENTS |= {"allocate": "allocated", "advise": "advised", "complete": "completed", "withdraw": "withdrawn"}


@dataclass
class Modelled:
    """What there should be of one request."""

    id: str
    suspect: str
    state: str = "draft"
    upheld: bool = False
    taken: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def may_follow(self, step: str) -> bool:
        """Whether the table lets the step follow now; nothing is past its date, and no action is settled."""
        return self.state in STEPS[step]["from"].split() and not (step == "appeal" and self.upheld)

    def take(self, step: str) -> None:
        self.taken.append(step)
        self.state = STEPS[step]["to"]
        self.upheld = self.upheld or step == "uphold"


class Requests(RuleBasedStateMachine):
    """A case file with two suspects, the requests for each, and a model of them."""

    teams: Teams

    @initialize()
    def opened(self) -> None:
        suspects = case_content()["suspects"]
        both = [suspects[0], {**suspects[0], "id": "s2"}]
        self.case = open_case(self.teams.person("officer"), content=case_content(suspects=both))
        self.requests: list[Modelled] = []

    @rule(suspect=st.sampled_from(["s1", "s2"]))
    def asked(self, suspect: str) -> None:
        path = f"/v1/case-files/{self.case['id']}/early-advice-requests"
        answer = self.teams.person("officer").call("POST", path, json=request_body(suspect_ids=[suspect]))
        taken = any(one.suspect == suspect and one.state not in ENDED for one in self.requests)
        assert answer.status_code == (409 if taken else 201), "one open request for a set of suspects"
        if not taken:
            self.requests.append(Modelled(answer.json()["id"], suspect))

    @rule(which=st.integers(0, 9), choice=st.integers(0, 99), told=st.sampled_from(["step", "any step"]))
    def stepped(self, which: int, choice: int, told: str) -> None:
        """Mostly a step that may follow, by somebody whose role it is; else any, by anybody."""
        if not self.requests:
            return
        one = self.requests[which % len(self.requests)]
        steps = [step for step in WALKED if one.may_follow(step)] if told == "step" else WALKED
        if not steps:
            return
        step = steps[choice % len(steps)]
        roles = STEPS[step]["roles"].split() if told == "step" else ["officer", "supervisor", *CPS_ROLES]
        role = roles[choice % len(roles)]
        answer = self._call(one, step, role, self._tag(one, role))
        assert answer.status_code == self._expected(one, step, role), f"{role} {step} from {one.state}: {answer.text}"
        if answer.status_code == 200:
            one.take(step)

    @rule(which=st.integers(0, 9), choices=st.tuples(st.integers(0, 99), st.integers(0, 99)))
    def raced(self, which: int, choices: tuple[int, int]) -> None:
        """Two at once, each with what they read: one wins, and the other is told."""
        live = [one for one in self.requests if one.state not in ENDED]
        if not live:
            return
        one = live[which % len(live)]
        open_steps = [step for step in WALKED if one.may_follow(step)]
        if not open_steps:
            return
        steps = [open_steps[choice % len(open_steps)] for choice in choices]
        calls = [self._ready(one, step) for step in steps]
        with ThreadPoolExecutor(2) as pool:
            statuses = [answer.status_code for answer in pool.map(lambda call: call(), calls)]
        assert sorted(statuses) == [200, 412], f"{steps}: {statuses}"
        one.take(steps[statuses.index(200)])

    @rule(which=st.integers(0, 9), side=st.sampled_from(["gatekeeper", "legal_manager"]))
    def escalated(self, which: int, side: str) -> None:
        if not self.requests:
            return
        one = self.requests[which % len(self.requests)]
        body = {"subject": "delay", "grounds": "It takes too long."}
        answer = self.teams.person(side).call("POST", f"{path_of(one.id)}/escalations", json=body)
        sent, unanswered = "submit" in one.taken, one.told["escalated"] > one.told["escalation_answered"]
        reached = side == "gatekeeper" or sent
        expected = 404 if not reached else 409 if not sent or one.state in ENDED or unanswered else 201
        assert answer.status_code == expected, answer.text
        one.told["escalated"] += expected == 201

    @rule(which=st.integers(0, 9))
    def answered(self, which: int) -> None:
        if not self.requests:
            return
        one = self.requests[which % len(self.requests)]
        path = f"{path_of(one.id)}/escalations"
        for item in self.teams.person("officer").get(path).json()["items"]:
            if item["answered_at"] is None:
                party = self.teams.person({"cps": "unit_head", "police": "senior_officer"}[item["to_side"]])
                tag = party.get(path).json()["items"][-1]["etag"]
                body = {"outcome": "changed", "reason": "It is brought forward."}
                told = party.call("POST", f"{path}/{item['id']}/answer", json=body, if_match=tag)
                assert told.status_code == 200 and told.json()["clock"]["stopped_at"] is not None
                one.told["escalation_answered"] += 1

    @rule(which=st.integers(0, 9))
    def came_to(self, which: int) -> None:
        if not self.requests:
            return
        one = self.requests[which % len(self.requests)]
        body = {"suspect_id": one.suspect, "outcome": "OTHER", "decided_on": "2026-01-05"}
        answer = self.teams.person("officer").call("POST", f"{path_of(one.id)}/outcomes", json=body)
        assert answer.status_code == (201 if "submit" in one.taken else 409), answer.text
        if answer.status_code == 201:
            for each in self.requests:
                each.told["outcome_recorded"] += each.suspect == one.suspect and "submit" in each.taken

    def _ready(self, one: Modelled, step: str) -> Callable[[], Any]:
        role = STEPS[step]["roles"].split()[0]
        return partial(self._call, one, step, role, self._tag(one, role))

    def _tag(self, one: Modelled, role: str) -> str:
        return str(self.teams.person(role).call("GET", path_of(one.id)).headers.get("etag", '"none"'))

    def _call(self, one: Modelled, step: str, role: str, tag: str) -> Any:
        body = body_for(self.teams, step)
        if step == "advise":
            body["actions"][0]["suspect_ids"] = [one.suspect]
        return self.teams.person(role).call("POST", f"{path_of(one.id)}/{step}", json=body, if_match=tag)

    def _expected(self, one: Modelled, step: str, role: str) -> int:
        if role not in STEPS[step]["roles"].split():
            return 403
        if role in CPS_ROLES and "submit" not in one.taken:
            return 404  # a draft is nobody's but the force's
        return 200 if one.may_follow(step) else 409

    def teardown(self) -> None:
        """What can be said of every request, whatever was tried."""
        if not getattr(self, "requests", None):
            return
        of_case = {"case_file_id": self.case["id"]}
        count = sum(len(one.taken) + one.told.total() for one in self.requests)
        events = events_about(self.teams, "police-53", of_case, "early_advice.", count + len(self.requests))
        entries = self.teams.sandbox.person("auditor").items("/v1/audit-log/entries", **of_case)
        for one in self.requests:
            self._hold(one, [event for event in events if event["data"].get("early_advice_request_id") == one.id])
            acts = Counter(
                item["entry"]["action"].removesuffix("_early_advice_request").replace("_", "-")
                for item in entries
                if item["entry"]["target_id"] == one.id and item["entry"]["outcome"] == "allowed"
            )
            assert {step: acts[step] for step in WALKED} == {step: one.taken.count(step) for step in WALKED}

    def _hold(self, one: Modelled, events: list[Json]) -> None:
        officer = self.teams.person("officer")
        story = officer.get(path_of(one.id)).json()
        assert story["state"] == one.state
        assert [step["step"] for step in story["history"]] == ["create", *one.taken]
        assert (story["advice"] is not None) is ("advise" in one.taken), "no advice before it is given"
        assert_the_spells_add_up(story)
        heard = Counter(event["type"].removeprefix("early_advice.") for event in events)
        assert set(heard) - set(EVENTS.values()) - set(one.told) <= {"action.set", "drafted"}
        assert {name: heard[name] for name in one.told} == dict(one.told)
        assert {step: heard[event] for step, event in EVENTS.items()} == {
            step: one.taken.count(step) for step in EVENTS
        }
        escalations = officer.get(f"{path_of(one.id)}/escalations").json()["items"]
        clocks = [*story["clocks"], *(item["clock"] for item in escalations)]
        running = [item for item in clocks if item["stopped_at"] is None]
        assert not running or one.state not in ENDED, "what has ended has no deadline that runs"
        assert max(Counter(item["kind"] for item in running).values(), default=1) == 1


def walk(teams: Teams, walks: int, steps: int, *, again: bool) -> None:
    machine = type("TeamsRequests", (Requests,), {"teams": teams})
    how = settings(
        max_examples=walks,
        stateful_step_count=steps,
        deadline=None,
        derandomize=again,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)


def test_a_few_walks_of_several_people_hold(teams: Teams) -> None:
    walk(teams, 3, 16, again=True)


@pytest.mark.soak
def test_many_walks_of_several_people_hold(teams: Teams) -> None:
    walk(teams, int(os.environ.get("CASEFILE_SOAK_WALKS", "150")), 50, again=False)
