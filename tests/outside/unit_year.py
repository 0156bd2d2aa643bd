"""A RASSO unit's year, played through the API: each request is a script that says how long it waits and then acts.

Drawn by a seeded generator. Rates: an action plan in 46 % of files and 16 % of answers sent back (Home Office study of
2024), advice within 21 days for most; the share that triage returns, and all waits, are assumptions of this generator.
"""

import heapq
import random
import time
from collections.abc import Generator
from datetime import date, timedelta
from typing import Any

from tests.outside.cases import open_case, request_body
from tests.outside.client import Party, Sandbox

Json = Any
Life = Generator[int, None, None]
REASONS = ("NO_MG3", "NO_SUMMARY_OF_INTERVIEW", "NO_OR_MISSING_MG11S", "NO_DV_CHECKLIST", "NO_OR_MISSING_EXHIBITS")
ACCEPT = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
POLICE_ROLES = ("officer", "supervisor", "senior_officer")
CPS_ROLES = ("casework_assistant", "legal_manager", "unit_head", "prosecutor")


class UnitYear:
    """Two teams, the requests between them, and the days on which each has its next turn."""

    def __init__(self, sandbox: Sandbox, force: str, area: str, seed: int) -> None:
        self.force, self.area, self.unit = force, area, f"{area}-rasso"
        self.people = {role: sandbox.person(role, unit=f"{force}-rasso") for role in POLICE_ROLES}
        self.people |= {role: sandbox.person(role, unit=self.unit) for role in CPS_ROLES}
        self.operator = sandbox.person("operator")
        self.chance = random.Random(seed)
        self.today = date.fromisoformat(self._clock()[:10])
        self.requests = self.steps = 0
        self.feed = Feed(sandbox.system(force))

    def play(self, requests: int, days: int) -> None:
        """Let so many requests arrive over so many days, and each go its way as far as the days go."""
        turns: list[tuple[int, int, Life]] = []
        for number in range(requests):
            heapq.heappush(turns, (self.chance.randrange(days), number, self.life()))
        now = 0
        while turns and turns[0][0] < days:
            day, number, life = heapq.heappop(turns)
            if day > now:
                self._wait(day - now)
                now = day
            for wait in life:
                heapq.heappush(turns, (now + wait, number, life))
                break
        if now < days:
            self._wait(days - now)
        self.feed.await_steps(self.steps)

    def life(self) -> Life:
        """One request, from the officer's question to its end; yields the days until its next turn."""
        chance = self.chance
        case = open_case(self.people["officer"], cps_unit=self.unit)
        if chance.random() < 0.1:
            self._without(case)
            return
        path = f"/v1/case-files/{case['id']}/early-advice-requests"
        request = self.people["officer"].post(path, request_body(), expect=201).json()
        self.requests += 1
        one = Request(self, f"/v1/early-advice-requests/{request['id']}")
        one.submit()
        ended = yield from self._triage(one)
        if not ended:
            yield chance.randrange(3)
            ended = yield from self._second_gate(one)
        if not ended:
            yield from self._with_the_prosecutor(one)

    def _without(self, case: Json) -> None:
        """A file that goes on without early advice, mostly with a reason."""
        if self.chance.random() < 0.6:
            why = {"suspect_ids": ["s1"], "code": self.chance.choice(("custody_time", "ready_for_decision"))}
            path = f"/v1/case-files/{case['id']}/early-advice-not-sought"
            self.people["supervisor"].post(path, why, expect=201)
            self.steps += 1

    def _triage(self, one: "Request") -> Generator[int, None, bool]:
        chance = self.chance
        while True:
            yield chance.choice((0, 0, 1, 1, 2, 4))
            if chance.random() > 0.35:
                one.take("casework_assistant", "accept", ACCEPT)
                return False
            codes = chance.sample(REASONS, chance.choice((1, 1, 2, 3)))
            reasons = [{"code": code} for code in codes]
            one.take("casework_assistant", "return", {"reasons": reasons, "response_due_on": self.day(14), **ACCEPT})
            if chance.random() < 0.06:
                yield 15 + chance.randrange(20)
                one.take("legal_manager", "finalise", {"reason": "No answer."})
                return True
            yield chance.randrange(2, 22)
            if chance.random() < 0.05:
                one.take("supervisor", "withdraw", {"reason": "No longer needed."})
                return True
            one.submit()

    def _second_gate(self, one: "Request") -> Generator[int, None, bool]:
        chance = self.chance
        if chance.random() > 0.08:
            one.take("legal_manager", "approve")
            return False
        one.take("legal_manager", "refuse", {"reasons": ["Too early."]})
        yield chance.randrange(1, 6)
        if chance.random() < 0.6:
            one.take("senior_officer", "appeal", {"grounds": "Bail ends soon."})
            yield chance.randrange(1, 10)
            if chance.random() < 0.5:
                one.take("unit_head", "overturn", {"reason": "The time is right."})
                return False
            one.take("unit_head", "uphold", {"reason": "Still too early."})
        one.take("supervisor", "withdraw", {"reason": "Refused."})
        return True

    def _with_the_prosecutor(self, one: "Request") -> Life:
        chance = self.chance
        yield chance.randrange(4)
        one.take("legal_manager", "allocate", {"prosecutor": self.people["prosecutor"].staff_id})
        yield chance.randrange(1, 9)
        if chance.random() < 0.2:
            asked = {"questions": ["Was the phone examined?"], "response_due_on": self.day(7)}
            one.take("prosecutor", "request-information", asked)
            yield chance.randrange(1, 15)
            one.take("officer", "provide-information", {"answer": "It was."})
        yield chance.randrange(18)
        if chance.random() < 0.08:
            escalation = one.escalate("senior_officer")
            yield chance.randrange(1, 12)
            one.answer("legal_manager", escalation)
        actions = chance.choice((1, 1, 2, 3, 5)) if chance.random() < 0.46 else 0
        due_on = self.day(28)
        setting = [
            {"category": "STATEMENTS", "description": "A statement.", "due_on": due_on, "suspect_ids": ["s1"],
             "gating": "pre_decision"}
            for _ in range(actions)
        ]  # fmt: skip
        advice = [{"topic": "lines_of_enquiry", "text": "The enquiries are proportionate."}]
        one.take("prosecutor", "advise", {"advice": advice, "strategy": "As asked.", "actions": setting})
        if actions:
            yield from self._actions(one)
        else:
            yield chance.randrange(1, 20)
        one.take("prosecutor", "complete")
        yield chance.randrange(5, 60)
        if chance.random() < 0.8:
            one.came_to(chance.choice(("CHARGE", "CHARGE", "NFA_EVIDENTIAL", "OUT_OF_COURT_DISPOSAL")))

    def _actions(self, one: "Request") -> Life:
        chance = self.chance
        for item in self.people["officer"].items(f"{one.path}/actions"):
            action = Request(self, f"{one.path}/actions/{item['id']}")
            yield chance.randrange(3, 22)
            if chance.random() < 0.06:
                action.take("prosecutor", "cancel", {"reason": "No longer needed."})
                continue
            action.take("officer", "return", {"answer": "Done.", "material_ids": ["m1"]})
            while chance.random() < 0.16:
                yield chance.randrange(1, 6)
                action.take("prosecutor", "reject", {"reason": "Unsigned."})
                yield chance.randrange(2, 15)
                action.take("officer", "return", {"answer": "Signed.", "material_ids": ["m1"]})
            yield chance.randrange(1, 6)
            action.take("prosecutor", "satisfy")

    def day(self, days: int) -> str:
        """The working date so many days from today."""
        return (self.today + timedelta(days=days)).isoformat()

    def _wait(self, days: int) -> None:
        self.feed.read()  # what is told is kept for ninety days
        self.operator.post("/v1/sandbox/clock", {"advance": f"P{days}D"})
        self.today += timedelta(days=days)

    def _clock(self) -> str:
        return str(self.operator.get("/v1/sandbox/clock").json()["working_time"])


class Request:
    """A request, or an action of one, and whose step it is."""

    def __init__(self, year: UnitYear, path: str) -> None:
        self.year, self.path = year, path

    def take(self, role: str, step: str, body: Json = None) -> None:
        """Take a step that must succeed."""
        self.year.people[role].step(self.path, step, body or {})
        self.year.steps += 1

    def escalate(self, role: str) -> str:
        """Take a disagreement to the first level."""
        body = {"subject": "delay", "grounds": "Bail ends soon."}
        self.year.steps += 1
        return str(self.year.people[role].post(f"{self.path}/escalations", body, expect=201).json()["id"])

    def answer(self, role: str, escalation: str) -> None:
        """Answer it."""
        path, party = f"{self.path}/escalations", self.year.people[role]
        [tag] = [item["etag"] for item in party.get(path).json()["items"] if item["id"] == escalation]
        body = {"outcome": "maintained", "reason": "It is in hand."}
        party.post(f"{path}/{escalation}/answer", body, expect=200, if_match=tag)
        self.year.steps += 1

    def came_to(self, outcome: str) -> None:
        """The police tell what became of the suspect, on the day."""
        body = {"suspect_id": "s1", "outcome": outcome, "decided_on": self.year.day(0)}
        self.year.people["officer"].post(f"{self.path}/outcomes", body, expect=201)
        self.year.steps += 1

    def submit(self) -> None:
        """Endorse it with the only version that there is."""
        self.take("supervisor", "submit", {"endorsement": "Endorsed.", "version": 1})


class Feed:
    """Everything that an organisation was told, in order, read as time goes on."""

    def __init__(self, system: Party) -> None:
        self.system, self.cursor = system, ""
        self.told: list[Json] = []

    def read(self) -> None:
        """Read on to the end."""
        while True:
            after = {"after": self.cursor} if self.cursor else {}
            page = self.system.get("/v1/events", params={"limit": 200, **after}).json()
            self.told += page["items"]
            self.cursor = page["next_cursor"]
            if not page["items"]:
                return

    def await_steps(self, steps: int) -> None:
        """Read until so many steps of requests and of actions were told."""
        deadline = time.monotonic() + 30
        while (told := sum(self._is_step(event["type"]) for event in self.told)) < steps:
            assert time.monotonic() < deadline, f"{told} of {steps} steps were told"
            self.read()
            time.sleep(0.05)

    @staticmethod
    def _is_step(event: str) -> bool:
        return event.startswith(("early_advice.", "action.")) and event not in ("early_advice.drafted", "action.set")
