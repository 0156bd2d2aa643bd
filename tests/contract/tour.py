"""A tour of every change there is: each done once with an Idempotency-Key, repeated, and tried again with another body.

So each operation is seen to succeed, to recognise its repetition, and to refuse a key that is used for something else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract import leaving
from tests.contract.leaving import Member
from tests.contract.scene import Scene
from tests.outside import cases, files, uploads
from tests.outside.client import Party, Sandbox, check_problem, new_key

Json = Any
REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
LATER = "2027-03-01"


@dataclass
class Tour:
    """Who goes on it, and where it has come."""

    sandbox: Sandbox
    scene: Scene
    ended: list[str] = field(default_factory=list)
    """paths of requests that have ended"""
    told: list[Member] = field(default_factory=list)
    """every member of every answer"""
    ended_actions: list[str] = field(default_factory=list)
    answered_escalation: str = ""

    def __getattr__(self, role: str) -> Party:
        """`tour.officer`, `tour.legal_manager` …: the people of the scene's two units."""
        kinds = {"casework_assistant": "cps", "legal_manager": "cps", "prosecutor": "cps", "unit_head": "cps"}
        return self.scene.person(role, kinds.get(role, "police"))

    def person_of(self, role: str) -> str:
        """Somebody of the force's other unit."""
        return str(self.sandbox.staff(role, unit="police-53-cid")["staff_id"])

    def does(self, party: Party, method: str, path: str, body: Json = None, **rest: Any) -> Json:
        """One change: it succeeds, its repetition is recognised, and its key is good for nothing else."""
        key = new_key()
        raw = None if body is None else json.dumps(body).encode()
        if raw is not None:
            rest.setdefault("media_type", "application/json")
        first = party.call(method, path, content=raw, idempotency_key=key, **rest)
        assert first.is_success, f"{party.name}: {method} {path} answered {first.status_code}: {first.text[:600]}"
        self.told += leaving.members(party.organisation, first)
        again = party.call(method, path, content=raw, idempotency_key=key, **rest)
        assert (again.status_code, again.headers.get("idempotent-replayed")) == (first.status_code, "true"), again.text
        other = rest | ({"if_match": '"another"'} if raw is None else {})
        spoilt = None if raw is None else raw + b" "
        conflict = party.call(method, path, content=spoilt, idempotency_key=key, **other)
        check_problem(conflict, 422, "idempotency-conflict")
        return first.json() if first.content else None

    def step(self, party: Party, path: str, step: str, body: Json = None) -> Json:
        """A step with the tag of now."""
        tag = party.etag(path)
        return self.does(party, "POST", f"{path}/{step}", {} if body is None else body, if_match=tag)

    def submitted(self) -> tuple[Json, str]:
        """A new case and the path of its submitted request."""
        case = cases.open_case(self.officer)
        request = cases.draft_request(self.officer, case["id"])
        path = f"/v1/early-advice-requests/{request['id']}"
        self.step(self.supervisor, path, "submit", {"endorsement": "Endorsed.", "version": 1})
        return case, path

    def add_version(self, case: Json, note: str) -> int:
        """One more version; its number."""
        path = f"/v1/case-files/{case['id']}"
        view = self.officer.change(path, {"content": {"issues": note}, "note": note}).json()
        return int(view["version"]["number"])


def case_files(tour: Tour) -> None:
    """Open, add, patch, restore, correct, bundle."""
    case = tour.does(tour.officer, "POST", "/v1/case-files", cases.opening())
    path = f"/v1/case-files/{case['id']}"
    version = {"content": cases.case_content(issues="Another."), "note": "again"}
    tour.does(tour.officer, "POST", f"{path}/versions", version, if_match=tour.officer.etag(path))
    merge = {"if_match": tour.officer.etag(path), "media_type": "application/merge-patch+json"}
    tour.does(tour.officer, "PATCH", path, {"content": {"issues": "A third."}, "note": "patched"}, **merge)
    restoring = {"if_match": tour.officer.etag(path)}
    tour.does(tour.officer, "POST", f"{path}/versions/1/restore", {"note": "as it was"}, **restoring)
    correction = {"crime_references": ["53/2026/000001"], "reason": "Typed wrongly."}
    tour.does(tour.officer, "POST", f"{path}/corrections", correction, if_match=tour.officer.etag(path))
    tour.does(tour.officer, "POST", f"{path}/versions/1/bundles")


def shared_in_error(tour: Tour) -> None:
    """Share a version, and retract it."""
    case, _ = tour.submitted()
    path = f"/v1/case-files/{case['id']}"
    body = {"code": "wrong_case", "reason": "Of another investigation."}
    tour.does(tour.supervisor, "POST", f"{path}/versions/1/retract", body, if_match=tour.supervisor.etag(path))


def two_suspects() -> Json:
    """A content with a suspect who can be split off."""
    content = cases.case_content()
    content["suspects"].append({**content["suspects"][0], "id": "s2"})
    return content


def belonging_together(tour: Tour) -> None:
    """Link two case files, take the link back, split one, and merge one into the other."""
    one, other = (cases.open_case(tour.officer, content=two_suspects()) for _ in range(2))
    path = f"/v1/case-files/{one['id']}"
    body = {"case_file_id": other["id"], "relation": "linked", "reason": "The same evening."}
    link = tour.does(tour.officer, "POST", f"{path}/links", body)
    [listed] = tour.officer.items(f"{path}/links")
    where = f"{path}/links/{link['id']}/remove"
    tour.does(tour.officer, "POST", where, {"reason": "Another evening."}, if_match=listed["etag"])
    split = {"suspect_ids": ["s2"], "urn_suffix": "1", "note": "split off", "reason": "Tried apart."}
    tour.does(tour.supervisor, "POST", f"{path}/split", split, if_match=tour.supervisor.etag(path))
    merge = {"case_file_id": other["id"], "reason": "One event."}
    tour.does(tour.supervisor, "POST", f"{path}/merge", merge, if_match=tour.supervisor.etag(path))


def restricted_case_files(tour: Tour) -> None:
    """Restrict, change, open in an emergency, end it, lift; shut somebody out, and let them in again."""
    path = f"/v1/case-files/{cases.open_case(tour.officer)['id']}"
    mine = {"organisation": "police-53", "staff_id": tour.gatekeeper.staff_id}
    officers = {"organisation": "police-53", "role": "officer"}

    def guard(step: str, body: Json) -> Json:
        return tour.does(tour.gatekeeper, "POST", f"{path}/{step}", body, if_match=tour.gatekeeper.etag(restriction))

    restriction = f"{path}/restriction"
    guard("restrict", {"admitted": [mine], "reason": "Leaks are feared."})
    guard("change-restriction", {"admitted": [mine, officers], "reason": "The team needs it."})
    opened = tour.does(tour.senior_officer, "POST", f"{path}/break-glass", {"reason": "She is in danger."})
    tour.does(tour.gatekeeper, "POST", f"{path}/break-glass/{opened['id']}/end")
    guard("lift-restriction", {"reason": "The leak was found."})
    body = {"staff_id": tour.person_of("disclosure_officer"), "reason": "A neighbour of the suspect."}
    declared = tour.does(tour.gatekeeper, "POST", f"{path}/conflicts", body)
    [listed] = tour.gatekeeper.items(f"{path}/conflicts")
    withdrawal = {"reason": "Another of the name."}
    where = f"{path}/conflicts/{declared['id']}/withdraw"
    tour.does(tour.gatekeeper, "POST", where, withdrawal, if_match=listed["etag"])


def attachments(tour: Tour) -> None:
    """Declare, ask for addresses, complete, delete."""
    case, file = cases.open_case(tour.officer), files.statement(4)
    declared = tour.does(tour.officer, "POST", f"/v1/case-files/{case['id']}/attachments", file.declaration())
    path = f"/v1/attachments/{declared['id']}"
    asked = {"parts": [{"number": 1, "sha256": file.sha256}]}
    [part] = tour.does(tour.officer, "POST", f"{path}/upload", asked)["parts"]
    uploads.put(tour.officer, part, file.data)
    tour.does(tour.officer, "POST", f"{path}/complete")
    assert uploads.settled(tour.officer, declared["id"])["status"] == "available"
    tour.officer.refused("POST", f"{path}/upload", 409, "wrong-state", json=asked)
    tour.does(tour.officer, "DELETE", path, if_match=tour.officer.etag(path))
    assert tour.officer.get(path).json()["status"] == "deleted"


def advice_with_a_plan(tour: Tour) -> None:
    """From a draft by way of a return and a question to an action plan, and to its end."""
    case = cases.open_case(tour.officer)
    body = cases.request_body()
    unsought = {"suspect_ids": ["s1"], "code": "custody_time", "reason": "Charged within the day."}
    tour.does(tour.supervisor, "POST", f"/v1/case-files/{case['id']}/early-advice-not-sought", unsought)
    request = tour.does(tour.officer, "POST", f"/v1/case-files/{case['id']}/early-advice-requests", body)
    path = f"/v1/early-advice-requests/{request['id']}"
    merge = {"if_match": tour.officer.etag(path), "media_type": "application/merge-patch+json"}
    tour.does(tour.officer, "PATCH", path, {"issues": "Consent, and identity."}, **merge)
    endorsed = {"endorsement": "Endorsed.", "version": 1}
    tour.step(tour.supervisor, path, "submit", endorsed)
    reason = {"code": "NO_MG3", "detail": "Missing."}
    tour.step(tour.casework_assistant, path, "return", REVIEW | {"reasons": [reason], "response_due_on": LATER})
    another_day = {"response_due_on": "2027-03-08", "reason": "The laboratory is late."}
    tour.step(tour.casework_assistant, path, "move-response-date", another_day)
    version = tour.add_version(case, "mended")
    tour.step(tour.supervisor, path, "submit", endorsed | {"version": version})
    tour.step(tour.casework_assistant, path, "accept", REVIEW)
    tour.step(tour.legal_manager, path, "approve")
    tour.step(tour.legal_manager, path, "allocate", {"prosecutor": tour.prosecutor.staff_id})
    asked = {"questions": ["Who was there?"], "response_due_on": LATER}
    tour.step(tour.prosecutor, path, "request-information", asked)
    tour.step(tour.officer, path, "provide-information", {"answer": "Nobody."})
    tour.does(tour.prosecutor, "POST", f"{path}/messages", {"text": "Thank you."})
    tour.does(tour.officer, "POST", f"{path}/messages/read", {"up_to": 1})
    unfinished = {"advice": [{"topic": "lines_of_enquiry", "text": "As"}]}
    tour.does(tour.prosecutor, "POST", f"{path}/advice-drafts", unfinished)
    advice = {"advice": [{"topic": "lines_of_enquiry", "text": "Ask."}], "actions": [action(n) for n in range(4)]}
    tour.step(tour.prosecutor, path, "advise", advice)
    tour.does(tour.prosecutor, "POST", f"{path}/actions", action(5))
    for raises, answers in ((tour.legal_manager, tour.gatekeeper), (tour.gatekeeper, tour.legal_manager)):
        grounds = {"subject": "delay", "grounds": "Bail ends in a week."}
        raised = tour.does(raises, "POST", f"{path}/escalations", grounds)
        open_one = answers.get(f"{path}/escalations").json()["items"][-1]
        answer = {"outcome": "changed", "reason": "It is brought forward."}
        where = f"{path}/escalations/{raised['id']}/answer"
        tour.does(answers, "POST", where, answer, if_match=open_one["etag"])
        tour.answered_escalation = tour.answered_escalation or where
    action_plan(tour, path)
    tour.step(tour.prosecutor, path, "complete")
    tour.ended.append(path)
    charged = {"suspect_id": "s1", "outcome": "CHARGE", "decided_on": "2026-01-05"}
    tour.does(tour.officer, "POST", f"{path}/outcomes", charged)


def action(number: int) -> Json:
    """One action of a plan."""
    return {
        "category": "STATEMENTS",
        "description": f"Statement {number}",
        "due_on": LATER,
        "suspect_ids": ["s1"],
        "gating": "pre_decision",
    }


def action_plan(tour: Tour, path: str) -> None:
    """Every way an action can go."""
    paths = [f"{path}/actions/{item['id']}" for item in tour.officer.items(f"{path}/actions")]
    answered, cancelled, disputed, withdrawn, extended = paths
    tour.step(tour.officer, answered, "start")
    tour.step(tour.officer, answered, "return", {"answer": "Some.", "material_ids": []})
    tour.step(tour.prosecutor, answered, "reject", {"reason": "Not all."})
    tour.step(tour.officer, answered, "return", {"answer": "All.", "material_ids": []})
    tour.step(tour.prosecutor, answered, "satisfy")
    tour.step(tour.prosecutor, cancelled, "cancel", {"reason": "No longer needed."})
    for disputed_path, outcome in ((disputed, "confirmed"), (withdrawn, "withdrawn")):
        tour.step(tour.supervisor, disputed_path, "dispute", {"reason": "Disproportionate."})
        tour.step(tour.prosecutor, disputed_path, "answer-dispute", {"outcome": outcome, "reason": "Considered."})
    tour.step(tour.officer, extended, "request-extension", {"due_on": "2027-04-01", "reason": "Abroad."})
    tour.step(tour.prosecutor, extended, "decide-extension", {"granted": True, "reason": "Reasonable."})
    for left in (disputed, extended):
        tour.step(tour.prosecutor, left, "cancel", {"reason": "No longer needed."})
    tour.ended_actions += paths


def refusal_and_appeal(tour: Tour) -> None:
    """Refused, appealed, overturned, transferred; and refused, appealed, upheld, withdrawn."""
    for outcome in ("overturn", "uphold"):
        _, path = tour.submitted()
        tour.step(tour.casework_assistant, path, "accept", REVIEW)
        tour.step(tour.legal_manager, path, "refuse", {"reasons": ["Too early."]})
        tour.step(tour.senior_officer, path, "appeal", {"grounds": "It is not."})
        tour.step(tour.unit_head, path, outcome, {"reason": "Considered."})
        if outcome == "overturn":
            there_and_back(tour, path)
        else:
            tour.step(tour.supervisor, path, "withdraw", {"reason": "No longer needed."})
            tour.ended.append(path)


def there_and_back(tour: Tour, path: str) -> None:
    """A transfer ends the first unit's say, its repetitions too, until the request is transferred back."""
    manager, key, unit = tour.legal_manager, new_key(), "cps-west-midlands-rasso"
    raw = json.dumps({"unit": unit, "reason": "Nearer."}).encode()
    how: dict[str, Any] = {"media_type": "application/json"}
    tag = manager.etag(path)
    manager.post(f"{path}/transfer", content=raw, idempotency_key=key, if_match=tag, **how)
    manager.refused(
        "POST", f"{path}/transfer", 403, "not-permitted", content=raw, idempotency_key=key, if_match=tag, **how
    )
    tour.sandbox.person("casework_assistant", unit=unit).step(path, "accept", REVIEW)
    back = {"unit": "cps-south-west-rasso", "reason": "Not nearer after all."}
    tour.sandbox.person("legal_manager", unit=unit).step(path, "transfer", back)
    again = manager.post(f"{path}/transfer", content=raw, idempotency_key=key, if_match=tag, **how)
    assert again.headers["idempotent-replayed"] == "true"
    conflict = manager.call("POST", f"{path}/transfer", content=raw + b" ", idempotency_key=key, if_match=tag, **how)
    check_problem(conflict, 422, "idempotency-conflict")


def no_answer_comes(tour: Tour) -> None:
    """Returned, not answered in time, finalised, and reopened with a newer version."""
    case, path = tour.submitted()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    reason = {"code": "NO_MG3", "detail": "Missing."}
    tour.step(tour.casework_assistant, path, "return", REVIEW | {"reasons": [reason], "response_due_on": tomorrow})
    tag = tour.legal_manager.etag(path)
    too_early = {"reason": "No answer came."}
    tour.legal_manager.refused("POST", f"{path}/finalise", 409, "wrong-state", json=too_early, if_match=tag)
    tour.does(tour.scene.person("operator", "operator"), "POST", "/v1/sandbox/clock", {"advance": "P3D"})
    tour.step(tour.legal_manager, path, "finalise", too_early)
    version = tour.add_version(case, "at last")
    answer, supervisor = {"reason": "Here it is.", "version": version}, tour.supervisor
    another = f"/v1/early-advice-requests/{cases.draft_request(tour.officer, case['id'])['id']}"
    tag = supervisor.etag(path)
    supervisor.refused("POST", f"{path}/reopen", 409, "already-exists", json=answer, if_match=tag)
    supervisor.step(another, "withdraw", {"reason": "The first is reopened."})
    tour.step(supervisor, path, "reopen", answer)


def webhooks(tour: Tour) -> None:
    """Create, change, rotate, test, redeliver, delete."""
    system = tour.sandbox.system("police-20")
    body = {"url": "http://127.0.0.1:9/hooks", "event_types": ["audit.*"], "description": "tour"}
    path = f"/v1/webhook-endpoints/{tour.does(system, 'POST', '/v1/webhook-endpoints', body)['id']}"
    merge = {"if_match": system.etag(path), "media_type": "application/merge-patch+json"}
    tour.does(system, "PATCH", path, {"description": "on tour"}, **merge)
    tour.does(system, "POST", f"{path}/rotate-secret", if_match=system.etag(path))
    tour.does(system, "POST", f"{path}/test")
    tour.does(system, "POST", f"{path}/redeliver", {"since": "2026-01-01T00:00:00Z"})
    tour.does(system, "DELETE", path, if_match=system.etag(path))


def staff(tour: Tour) -> None:
    """Register somebody."""
    body = {
        "name": "Invented Person",
        "rank": "Constable",
        "roles": ["officer"],
        "unit": "police-20-rasso",
        "active": True,
    }
    tour.does(tour.sandbox.system("police-20"), "PUT", "/v1/staff/tour-1", body)


CHAPTERS: tuple[Callable[[Tour], None], ...] = (
    case_files,
    shared_in_error,
    belonging_together,
    restricted_case_files,
    attachments,
    advice_with_a_plan,
    refusal_and_appeal,
    webhooks,
    staff,
    no_answer_comes,
)
