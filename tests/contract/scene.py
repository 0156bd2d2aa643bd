"""One case in which every operation has something to act on, brought about through the API by outside parties.

A request whose action plan is open, shared attachments and uploads under way for either side, a webhook endpoint for
every kind of organisation, a bundle, an entry of the log.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.outside import cases, files, uploads
from tests.outside.client import Party, Sandbox
from tests.outside.log import tile_path

Json = Any
POLICE_UNIT, CPS_UNIT = "police-53-rasso", "cps-south-west-rasso"
ORGANISATIONS = {
    "police": "police-53",
    "cps": "cps-south-west",
    "oversight": "oversight-hmcpsi",
    "operator": "operator",
}
PEOPLE = {
    "police": ("officer", "supervisor", "gatekeeper", "disclosure_officer", "senior_officer"),
    "cps": ("casework_assistant", "legal_manager", "prosecutor", "unit_head"),
}
UNITS = {"police": POLICE_UNIT, "cps": CPS_UNIT, "oversight": None, "operator": None}


@dataclass
class Scene:
    """What there is to act on; `values` fills the places in a path for callers of a kind."""

    sandbox: Sandbox
    case: Json = None
    request: Json = None
    values: dict[str, str] = field(default_factory=dict)
    by_kind: dict[str, dict[str, str]] = field(default_factory=dict)
    uploading: dict[str, str] = field(default_factory=dict)
    interested: dict[str, str] = field(default_factory=dict)
    """staff ids of those who are shut out by a conflict of interest, by kind"""
    linked: str = ""
    """the case file that the scene's is linked with"""
    leaf_hash: str = ""
    parties: dict[tuple[str, str, str | None, str | None], Party] = field(default_factory=dict)

    def person(self, role: str, kind: str) -> Party:
        """Somebody of the organisations the case belongs to."""
        return self.caller(kind, role, ORGANISATIONS[kind], UNITS[kind])

    def caller(self, kind: str, role: str, organisation: str, unit: str | None, scope: str | None = None) -> Party:
        """A caller in one role, a system or a member of staff, who keeps their token."""
        who = (role, organisation, unit, scope)
        if who not in self.parties:
            if role == "system":
                self.parties[who] = self.sandbox.system(organisation, scope=scope)
            else:
                self.parties[who] = self.sandbox.person(role, organisation=organisation, unit=unit, scope=scope)
        return self.parties[who]

    def path(self, template: str, kind: str, uploading: bool = False) -> str:
        """The address a caller of a kind would use."""
        values: Mapping[str, str] = self.values | self.by_kind.get(kind, {})
        if uploading:
            values = {**values, "attachment_id": self.uploading[kind]}
        if "{tile}" in template:
            values = {**values, "tile": self.tile()}
        return template.format(**values)

    def tile(self) -> str:
        """The first tile of the log as it stands."""
        note = self.sandbox.system("police-53").get("/v1/audit-log/checkpoint").text
        return tile_path(0, 0, min(256, int(note.split("\n")[1])))


def build_scene(sandbox: Sandbox) -> Scene:
    """Plays the case up to an open action plan."""
    scene = Scene(sandbox)
    _case_with_evidence(scene)
    _request_with_plan(scene)
    _linked(scene)
    _uploads_under_way(scene)
    _endpoints(scene)
    _escalated_both_ways(scene)
    _bundle(scene)
    _restricted_once(scene)
    scene.values |= {
        "case_file_id": scene.case["id"],
        "number": str(scene.case["version"]["number"]),
        "request_id": scene.request["id"],
        "leaf_index": "0",
        "name": "media_type",
        "schema_name": "case-file-content",
        "schema_version": "1",
        "problem_code": "unknown_code",
        "event_type": "case_file.opened",
        "code": "not-found",
        "staff_id": "matrix-1",
    }
    scene.by_kind = {kind: scene.by_kind[kind] | {"unit": UNITS[kind] or POLICE_UNIT} for kind in ORGANISATIONS}
    return scene


def _case_with_evidence(scene: Scene) -> None:
    officer = scene.person("officer", "police")
    case = cases.open_case(officer)
    attachment = uploads.attach(officer, case["id"], files.statement(1))
    content = cases.case_content()
    content["material"][0]["attachment_ids"] = [attachment["id"]]
    path = f"/v1/case-files/{case['id']}"
    body = {"content": content, "note": "with a statement"}
    scene.case = officer.post(f"{path}/versions", body, expect=201, if_match=officer.etag(path)).json()
    scene.values["attachment_id"] = attachment["id"]


def _request_with_plan(scene: Scene) -> None:
    request = cases.draft_request(scene.person("officer", "police"), scene.case["id"])
    submitted = cases.submit_request(scene.person("supervisor", "police"), request["id"], 2)
    scene.leaf_hash = submitted["receipt"]["leaf_hash"]
    path = f"/v1/early-advice-requests/{request['id']}"
    prosecutor, manager = scene.person("prosecutor", "cps"), scene.person("legal_manager", "cps")
    accept = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
    scene.person("casework_assistant", "cps").step(path, "accept", accept, expect=200)
    manager.step(path, "approve", {}, expect=200)
    manager.step(path, "allocate", {"prosecutor": prosecutor.staff_id}, expect=200)
    action = {
        "category": "STATEMENTS",
        "description": "Take the friend's statement.",
        "due_on": "2027-03-01",
        "suspect_ids": ["s1"],
        "gating": "pre_decision",
    }
    advice = {"advice": [{"topic": "lines_of_enquiry", "text": "Look at the till records."}], "actions": [action]}
    scene.request = prosecutor.step(path, "advise", advice, expect=200).json()
    [listed] = prosecutor.items(f"{path}/actions")
    scene.values["action_id"] = listed["id"]


def _escalated_both_ways(scene: Scene) -> None:
    """One that the CPS raised and the police answered, and one that the police raised and nobody answered yet."""
    path = f"/v1/early-advice-requests/{scene.request['id']}/escalations"
    manager, gatekeeper = scene.person("legal_manager", "cps"), scene.person("gatekeeper", "police")
    delay = {"subject": "delay", "grounds": "No answer comes."}
    theirs = manager.post(path, delay, expect=201).json()
    [listed] = gatekeeper.get(path).json()["items"]
    answer = {"outcome": "changed", "reason": "It is brought forward."}
    gatekeeper.post(f"{path}/{theirs['id']}/answer", answer, expect=200, if_match=listed["etag"])
    scene.by_kind["police"]["escalation_id"] = theirs["id"]
    action = {"subject": "action", "action_id": scene.values["action_id"], "grounds": "It is out of proportion."}
    scene.values["escalation_id"] = gatekeeper.post(path, action, expect=201).json()["id"]
    told = {"suspect_id": "s1", "outcome": "OTHER", "decided_on": "2026-01-05"}
    gatekeeper.post(f"/v1/early-advice-requests/{scene.request['id']}/outcomes", told, expect=201)


def _linked(scene: Scene) -> None:
    officer = scene.person("officer", "police")
    scene.linked = cases.open_case(officer)["id"]
    body = {"case_file_id": scene.linked, "relation": "same_suspect", "reason": "The same man."}
    link = officer.post(f"/v1/case-files/{scene.case['id']}/links", body, expect=201).json()
    scene.values["link_id"] = link["id"]


def _uploads_under_way(scene: Scene) -> None:
    for kind, role in (("police", "officer"), ("cps", "prosecutor")):
        party = scene.person(role, kind)
        scene.uploading[kind] = uploads.declare(party, scene.case["id"], files.statement(2))["id"]
    scene.uploading |= dict.fromkeys(("oversight", "operator"), scene.uploading["police"])


def everybody_of(scene: Scene) -> Json:
    """Whom a restriction admits that leaves out nobody of the scene: its people by name, its systems by their role."""
    named = [
        {"organisation": ORGANISATIONS[kind], "staff_id": scene.person(role, kind).staff_id}
        for kind, roles in PEOPLE.items()
        for role in roles
    ]
    systems = [{"organisation": ORGANISATIONS[kind], "role": "system"} for kind in PEOPLE]
    return [*named, *systems, {"organisation": ORGANISATIONS["police"], "staff_id": guardian(scene).staff_id}]


def guarded(scene: Scene, step: str, admitted: Json | None = None) -> None:
    """A senior officer restricts the case file, changes whom it admits, or lifts the restriction."""
    path, senior = f"/v1/case-files/{scene.case['id']}", guardian(scene)
    body = {"reason": "Leaks are feared."} | ({"admitted": admitted} if admitted is not None else {})
    senior.post(f"{path}/{step}", body, expect=200, if_match=senior.etag(f"{path}/restriction"))


def guardian(scene: Scene) -> Party:
    """A senior officer of the force's other unit, for whom no other test of the matrix speaks."""
    return scene.caller("police", "senior_officer", ORGANISATIONS["police"], "police-53-cid")


def few_of(scene: Scene) -> Json:
    """The guardian, and a prosecutor and a supervisor whom no test of the matrix speaks for."""
    other = {"police": ("supervisor", POLICE_UNIT), "cps": ("prosecutor", CPS_UNIT)}
    return [{"organisation": ORGANISATIONS["police"], "staff_id": guardian(scene).staff_id}] + [
        {"organisation": ORGANISATIONS[kind], "staff_id": scene.sandbox.staff(role, unit=unit, number=1)["staff_id"]}
        for kind, (role, unit) in other.items()
    ]


def _restricted_once(scene: Scene) -> None:
    """A history of restriction, emergencies that have ended, and somebody of either side who is shut out."""
    path = f"/v1/case-files/{scene.case['id']}"
    guarded(scene, "restrict", few_of(scene))
    for kind, role in (("police", "senior_officer"), ("cps", "unit_head")):
        party = scene.person(role, kind)
        opened = party.post(f"{path}/break-glass", {"reason": "She is in danger."}, expect=201).json()["id"]
        party.post(f"{path}/break-glass/{opened}/end", expect=200)
        scene.by_kind[kind]["break_glass_id"] = opened
    guarded(scene, "lift-restriction")
    for kind, role, interested in (
        ("police", "gatekeeper", "disclosure_officer"),
        ("cps", "unit_head", "casework_assistant"),
    ):
        unit = {"police": "police-53-cid", "cps": "cps-south-west-crown-court"}[kind]
        scene.interested[kind] = scene.sandbox.staff(interested, unit=unit)["staff_id"]
        body = {"staff_id": scene.interested[kind], "reason": "A neighbour of the suspect."}
        declared = scene.person(role, kind).post(f"{path}/conflicts", body, expect=201).json()
        scene.by_kind[kind]["conflict_id"] = declared["id"]
    for kind in ("oversight", "operator"):
        scene.by_kind[kind] |= {name: scene.by_kind["police"][name] for name in ("break_glass_id", "conflict_id")}


def _endpoints(scene: Scene) -> None:
    for kind, organisation in ORGANISATIONS.items():
        body = {"url": "http://127.0.0.1:9/hooks", "event_types": ["audit.*"], "description": "nobody listens here"}
        endpoint = scene.sandbox.system(organisation).post("/v1/webhook-endpoints", body, expect=201).json()
        scene.by_kind[kind] = {"endpoint_id": endpoint["id"]}


def _bundle(scene: Scene) -> None:
    officer, deadline = scene.person("officer", "police"), time.monotonic() + 60
    path = f"/v1/case-files/{scene.case['id']}/versions/2/bundles"
    bundles = {"police": officer.post(path, expect=202).json()["id"]}
    bundles["cps"] = scene.person("prosecutor", "cps").post(path, expect=202).json()["id"]
    while officer.call("GET", f"/v1/bundles/{bundles['police']}/content").status_code != 307:
        assert time.monotonic() < deadline, officer.get(f"/v1/bundles/{bundles['police']}").text
        time.sleep(0.2)
    for kind in ORGANISATIONS:
        scene.by_kind[kind]["bundle_id"] = bundles.get(kind, bundles["police"])
