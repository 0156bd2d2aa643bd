"""The two teams that play early advice in tests, and the ways in which a request comes to each of its states."""

import time
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.outside.cases import case_content, draft_request, open_case, submit_request
from tests.outside.client import Party, Sandbox

Json = Any
POLICE_UNIT, CPS_UNIT = "police-53-rasso", "cps-south-west-rasso"
LONDON = ZoneInfo("Europe/London")
ACCEPT = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}


class Teams:
    """People of both sides, each with a token that is kept, and the calls that bring a request to a state."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._people: dict[tuple[str, str, int], Party] = {}
        self._today: date | None = None

    def person(self, role: str, unit: str | None = None, number: int = 0) -> Party:
        """A member of staff of one of the two RASSO units, or of another unit."""
        police = role in {"officer", "supervisor", "gatekeeper", "disclosure_officer", "senior_officer"}
        unit = unit or (POLICE_UNIT if police else CPS_UNIT)
        key = (role, unit, number)
        if key not in self._people:
            self._people[key] = self.sandbox.person(role, unit=unit, number=number)
        return self._people[key]

    def day(self, days: int) -> str:
        """The working date so many days from today."""
        if self._today is None:
            now = datetime.fromisoformat(self._operator.get("/v1/sandbox/clock").json()["working_time"])
            self._today = now.astimezone(LONDON).date()
        return (self._today + timedelta(days=days)).isoformat()

    def wait(self, period: str) -> None:
        """Let working time go on: P20D."""
        self._operator.post("/v1/sandbox/clock", {"advance": period})
        self._today = None

    @cached_property
    def _operator(self) -> Party:
        return self.sandbox.person("operator")

    def returning(self, **changes: Any) -> Json:
        """The body with which triage returns a request."""
        reasons = [{"code": "NO_MG3", "detail": "The MG3 is missing."}, {"code": "NO_SUMMARY_OF_INTERVIEW"}]
        return {"reasons": reasons, "response_due_on": self.day(7), **ACCEPT} | changes

    def asking(self, **changes: Any) -> Json:
        """The body with which the prosecutor asks for information."""
        return {"questions": ["Was the phone examined?"], "response_due_on": self.day(5)} | changes

    def action(self, **changes: Any) -> Json:
        """The body that sets an action."""
        body = {
            "category": "STATEMENTS",
            "description": "A statement of the taxi driver.",
            "due_on": self.day(14),
            "suspect_ids": ["s1"],
            "gating": "pre_decision",
        }
        return body | changes

    def advice(self, *actions: Json, **changes: Any) -> Json:
        """The body with which the prosecutor advises."""
        body = {
            "advice": [{"topic": "lines_of_enquiry", "text": "The digital enquiries are proportionate."}],
            "strategy": "Focus on the suspect's conduct before and after.",
            "actions": list(actions),
        }
        return body | changes

    @cached_property
    def prosecutor_id(self) -> str:
        """The staff id of the prosecutor who gets the requests."""
        return str(self.person("prosecutor").staff_id)

    def take(self, role: str, request_id: str, step: str, body: Json = None) -> Json:
        """Take a step that must succeed."""
        return self.person(role).step(path_of(request_id), step, body or {}).json()

    def draft(self) -> Json:
        """A draft on a case file of its own."""
        officer = self.person("officer")
        return draft_request(officer, open_case(officer)["id"])

    def submitted(self) -> Json:
        """A request that the unit has."""
        return submit_request(self.person("supervisor"), self.draft()["id"], 1)

    def returned(self) -> Json:
        """A request that triage returned."""
        return self.take("casework_assistant", self.submitted()["id"], "return", self.returning())

    def manager_review(self) -> Json:
        """A request at the second gate."""
        return self.take("casework_assistant", self.submitted()["id"], "accept", ACCEPT)

    def accepted(self) -> Json:
        """A request that waits for its allocation."""
        return self.take("legal_manager", self.manager_review()["id"], "approve")

    def refused(self) -> Json:
        """A request that was refused at the second gate."""
        return self.take("legal_manager", self.manager_review()["id"], "refuse", {"reasons": ["Too early."]})

    def appealed(self) -> Json:
        """A refusal that was appealed."""
        return self.take("senior_officer", self.refused()["id"], "appeal", {"grounds": "Bail ends in a week."})

    def allocated(self) -> Json:
        """A request that a prosecutor has."""
        return self.take("legal_manager", self.accepted()["id"], "allocate", {"prosecutor": self.prosecutor_id})

    def information_requested(self) -> Json:
        """A request that waits for the police's answer."""
        return self.take("prosecutor", self.allocated()["id"], "request-information", self.asking())

    def advised(self) -> Json:
        """A request with advice and no actions."""
        return self.take("prosecutor", self.allocated()["id"], "advise", self.advice())

    def action_plan_open(self) -> Json:
        """A request with advice and one open action."""
        return self.take("prosecutor", self.allocated()["id"], "advise", self.advice(self.action()))

    def completed(self) -> Json:
        """A request that is done."""
        return self.take("prosecutor", self.advised()["id"], "complete")

    def withdrawn(self) -> Json:
        """A request that the police withdrew."""
        return self.take("supervisor", self.submitted()["id"], "withdraw", {"reason": "Charged by other means."})

    def administratively_finalised(self) -> Json:
        """A request that the police left unanswered; a fortnight goes by."""
        request = self.returned()
        self.wait("P14D")
        return self.take("legal_manager", request["id"], "finalise", {"reason": "No answer."})

    def in_state(self, state: str) -> Json:
        """A request of its own in this state."""
        made: Json = getattr(self, state)()
        assert made["state"] == state
        return made

    def add_version(self, request: Json, **changes: Any) -> int:
        """Add a version to the request's case file; return its number."""
        officer, path = self.person("officer"), f"/v1/case-files/{request['case_file_id']}"
        content = case_content(**(changes or {"issues": f"Issues as of {datetime.now(UTC).isoformat()}."}))
        body = {"content": content, "note": "newer"}
        return int(officer.post(f"{path}/versions", body, if_match=officer.etag(path)).json()["version"]["number"])

    def actions(self, request: Json) -> list[Json]:
        """The actions of a request, as the police see them."""
        return self.person("officer").items(f"{path_of(request['id'])}/actions")


def path_of(request_id: str) -> str:
    """Where a request is."""
    return f"/v1/early-advice-requests/{request_id}"


def action_path(request: Json, item: Json) -> str:
    """Where an action is."""
    return f"{path_of(request['id'])}/actions/{item['id']}"


def events_about(teams: Teams, organisation: str, request: Json, kind: str, count: int) -> list[Json]:
    """What an organisation was told of the request's case, once so many events of a kind have come."""
    deadline = time.monotonic() + 60
    while True:
        events = _events_now(teams, organisation, request)
        enough = sum(event["type"].startswith(kind) for event in events) >= count
        if enough or time.monotonic() > deadline:
            return events
        time.sleep(0.1)


def _events_now(teams: Teams, organisation: str, request: Json) -> list[Json]:
    system, cursor, found = teams.sandbox.system(organisation), None, []
    while True:
        page = system.get("/v1/events", params={"limit": 200, **({"after": cursor} if cursor else {})}).json()
        found += [event for event in page["items"] if event["data"].get("case_file_id") == request["case_file_id"]]
        if not page["items"]:
            return found
        cursor = page["next_cursor"]


def clock(view: Json, kind: str) -> Json:
    """The newest clock of a kind."""
    return [item for item in view["clocks"] if item["kind"] == kind][-1]
