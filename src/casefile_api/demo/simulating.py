"""The other side, played: a unit whose people answer every request by a script, over the API as anybody else would.

For who builds one side and has nobody on the other. Only against a sandbox, whose file names its people and their keys.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from casefile_api.demo.answers import NotAsToldError, View
from casefile_api.demo.behaviours import Act, Behaviour, Playing, Seen, next_act, read_script
from casefile_api.demo.case import line_of_enquiry, new_urn, request_for_advice, unfinished_content
from casefile_api.demo.parties import Credentials, Party, Wire

LONDON = ZoneInfo("Europe/London")
_ENDED = ("completed", "withdrawn", "administratively_finalised")
_LOOKS_AS = {Playing.CPS: "legal_manager", Playing.FORCE: "supervisor"}


@dataclass
class PlayedUnit:
    """A unit of the sandbox and the script it acts by; requests take its behaviours in turn, as they are first seen."""

    side: Playing
    unit: str
    script: list[Behaviour]
    sandbox: View
    directory: Path
    wire: Wire
    tell: Callable[[str], None] = print
    parts: dict[str, Behaviour] = field(default_factory=dict)
    _people: dict[str, Party] = field(default_factory=dict)

    @classmethod
    def of(cls, sandbox_file: Path, side: Playing, unit: str, script: str) -> "PlayedUnit":
        """Reads the file that a sandbox writes when it is ready."""
        sandbox = View(json.loads(sandbox_file.read_text(encoding="utf-8")))
        wire = Wire(sandbox.text("base_url").rstrip("/"), sandbox.text("token_endpoint"), sandbox.text("issuer"))
        played = cls(side, unit, [], sandbox, sandbox_file.parent, wire)
        played.script = read_script(script, side, played.reasons())
        return played

    def reasons(self) -> list[str]:
        """The codes with which triage returns a request, as the service lists them."""
        listed = self.person(_LOOKS_AS[self.side]).get("/v1/code-lists/triage_rejection_reason").body
        return [item.text("code") for item in listed.items("items")]

    def person(self, role: str) -> Party:
        """The unit's first member of staff who holds a role; one person for each role."""
        if role not in self._people:
            self._people[role] = self._first(role)
        return self._people[role]

    def _first(self, role: str) -> Party:
        for entry in self.sandbox.items("staff"):
            if entry.text("unit") == self.unit and role in [held.value for held in entry.items("roles")]:
                credentials = self._credentials(entry.text("organisation"))
                name = f"{entry.text('name')} ({role.replace('_', ' ')})"
                return Party(self.wire, credentials, name, "early-advice", entry.text("staff_id"), (role,))
        raise NotAsToldError(f"The sandbox has nobody in {self.unit} who is a {role}.")

    def _credentials(self, organisation: str) -> Credentials:
        for entry in self.sandbox.items("clients"):
            if entry.text("organisation") == organisation:
                key_file = self.directory / entry.text("private_key_file")
                return Credentials(entry.text("client_id"), organisation, entry.text("kid"), key_file)
        raise NotAsToldError(f"The sandbox has no client of {organisation}.")

    def open_cases(self, count: int, cps_unit: str) -> None:
        """The unit opens case files, each with a draft for early advice, that its supervisor submits by the script."""
        content = unfinished_content() | {"lines_of_enquiry": [line_of_enquiry()], "supervisor_comments": "Endorsed."}
        for _ in range(count):
            officer = self.person("officer")  # the CPS, which opens none, has nobody of the kind
            body = {
                "urn": new_urn(officer.organisation),
                "cps_unit": cps_unit,
                "crime_references": [],
                "note": "opened",
                "content": content,
            }
            case = officer.post("/v1/case-files", body).body.text("id")
            officer.post(f"/v1/case-files/{case}/early-advice-requests", request_for_advice())
            self.tell(f"{officer.name} opened case file {case} and drafted a request")

    def look(self) -> int:
        """Looks at every open request of the unit once, and does what the script says; how many acts were done."""
        return sum(self._look_at(request_id) for request_id in [*self.open_requests()])

    def open_requests(self) -> Iterator[str]:
        """Ids of open requests, those known longest first."""
        path = f"/v1/early-advice-requests?unit={self.unit}&limit=200"
        found: list[View] = []
        cursor = ""
        while True:
            page = self.person(_LOOKS_AS[self.side]).get(path + cursor).body
            found += [item for item in page.items("items") if item.text("state") not in _ENDED]
            if page.at("next_cursor") is None:
                break
            cursor = f"&cursor={page.text('next_cursor')}"
        yield from (
            item.text("id") for item in sorted(found, key=lambda item: (item.text("created_at"), item.text("id")))
        )

    def _look_at(self, request_id: str) -> bool:
        behaviour = self.parts.setdefault(request_id, self.script[len(self.parts) % len(self.script)])
        path = f"/v1/early-advice-requests/{request_id}"
        act = next_act(self.side, behaviour, self._seen(path))
        if act is None:
            return False
        try:
            self._do(path, act)
        except NotAsToldError as refusal:  # somebody was quicker, or may do it and we may not: the next look shows it
            self.tell(f"{behaviour}: {request_id}: {refusal}")
            return False
        self.tell(f"{behaviour}: {request_id}: {self.person(act.role).name} took {act.step}")
        return True

    def _seen(self, path: str) -> Seen:
        looking = self.person(_LOOKS_AS[self.side])
        request = looking.get(path).body
        plan_open = request.text("state") == "action_plan_open"
        actions = looking.get(f"{path}/actions?limit=200").body.items("items") if plan_open else []
        prosecutor = str(self.person("prosecutor").staff_id) if self.side is Playing.CPS else ""
        return Seen(request, actions, self._today(looking), prosecutor)

    def _today(self, looking: Party) -> date:
        """The sandbox's working day, which may be ahead of the calendar."""
        moment = datetime.fromisoformat(looking.get("/v1/early-advice-queues").body.text("as_of"))
        return moment.astimezone(LONDON).date()

    def _do(self, path: str, act: Act) -> None:
        body = dict(act.body)
        if act.endorses:
            body["version"] = self._version(path, newer=act.newer_version)
        where = f"{path}/actions/{act.action_id}" if act.action_id else path
        self.person(act.role).step(where, act.step, body)

    def _version(self, path: str, *, newer: bool) -> int:
        """The number of the newest version, after one more where the CPS wants to see a change."""
        officer = self.person("officer")
        case = f"/v1/case-files/{officer.get(path).body.text('case_file_id')}"
        known = officer.get(case)
        if not newer:
            return known.body.number("version.number")
        note = f"Mended after version {known.body.number('version.number')}."
        patch = {"content": {"issues": note}, "note": "mended"}
        return officer.patch(case, patch, "application/merge-patch+json", if_match=known.etag).body.number(
            "version.number"
        )


def keep_playing(played: PlayedUnit, *, every_seconds: float, until_idle: bool) -> int:
    """Looks again and again; ends when nothing is left to do, where that is asked for. How many acts were done."""
    done = 0
    while True:
        now_done = played.look()
        done += now_done
        if now_done == 0 and until_idle:
            return done
        if now_done == 0:
            time.sleep(every_seconds)
