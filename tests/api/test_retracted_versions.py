"""A version shared in error is marked, its recipients are told and see its content no more; nothing is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.attaching import a_statement
from tests.api.test_attachments_seen import naming
from tests.api.test_bundles import built, unpacked
from tests.outside.cases import case_content, draft_request, open_case, submit_request
from tests.outside.client import Sandbox
from tests.outside.digest import check_chain
from tests.outside.uploads import attach

Json = Any
WRONG = {"code": "excessive_personal_data", "reason": "It names the friend of another complainant."}
UNIT = "cps-south-west-rasso"


class Case:
    """A case file whose version 1 was shared, and then the wrong one, which names an attachment."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.officer = sandbox.person("officer", unit="police-53-rasso")
        self.supervisor = sandbox.person("supervisor", unit="police-53-rasso")
        self.prosecutor, self.head = (sandbox.person(role, unit=UNIT) for role in ("prosecutor", "unit_head"))
        self.id = str(open_case(self.officer)["id"])
        self.path = f"/v1/case-files/{self.id}"
        self.request = draft_request(self.officer, self.id)["id"]
        submit_request(self.supervisor, self.request, 1)

    def send_the_wrong_one(self, sandbox: Sandbox) -> None:
        """Version 2 goes along with an answer that was asked for."""
        request = f"/v1/early-advice-requests/{self.request}"
        review = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
        sandbox.person("casework_assistant", unit=UNIT).step(request, "accept", review, expect=200)
        manager = sandbox.person("legal_manager", unit=UNIT)
        manager.step(request, "approve", {}, expect=200)
        manager.step(request, "allocate", {"prosecutor": self.prosecutor.staff_id}, expect=200)
        asked = {"questions": ["Who was there?"], "response_due_on": "2027-03-01"}
        self.prosecutor.step(request, "request-information", asked, expect=200)
        self.attachment = attach(self.officer, self.id, a_statement(3))["id"]
        naming(self.officer, self.id, self.attachment)
        self.supervisor.step(request, "provide-information", {"answer": "A friend.", "version": 2}, expect=200)

    def retract(self, number: int) -> Json:
        """The supervisor retracts a version."""
        tag = self.supervisor.etag(self.path)
        return self.supervisor.post(f"{self.path}/versions/{number}/retract", WRONG, expect=200, if_match=tag).json()


@pytest.fixture(scope="module")
def case(sandbox: Sandbox) -> Case:
    """With both versions shared, the bag of the second built by the CPS, and it retracted."""
    case = Case(sandbox)
    case.send_the_wrong_one(sandbox)
    case.prosecutor.get(f"/v1/attachments/{case.attachment}", expect=200)
    case.bundle = built(case.prosecutor, case.id, 2)
    case.before = case.prosecutor.get(case.path).json()
    case.tag = case.prosecutor.etag(case.path)
    case.answer = case.retract(2)
    return case


def test_the_force_keeps_all_of_it_with_who_retracted_it_and_why(case: Case) -> None:
    view = case.officer.get(f"{case.path}/versions/2").json()
    assert view == case.answer and view["content"]["material"][0]["attachment_ids"] == [case.attachment]
    retraction = view["version"]["retraction"]
    assert (retraction["code"], retraction["reason"]) == (WRONG["code"], WRONG["reason"])
    assert retraction["retracted_by"]["staff"]["staff_id"] == case.supervisor.staff_id
    check_chain([case.officer.get(f"{case.path}/versions/{number}").json() for number in (1, 2)])
    assert case.officer.get(f"{case.path}/versions/2/readiness?standard=trial").json()["retracted"] is True
    assert case.officer.get(f"{case.path}/versions/2/changes?since=1").json()["retracted"] == [2]
    shared = {item["early_advice_request_id"] for item in view["version"]["shared_with"]}
    assert shared == {case.request}


def test_those_it_was_shared_with_see_that_it_was_there_and_nothing_that_it_said(case: Case) -> None:
    for party in (case.prosecutor, case.head):
        view = party.get(case.path).json()
        assert (view["version"]["number"], view["version"]["retraction"]) == (1, None)
        assert party.etag(case.path) != case.tag, "the change shows in the tag"
        first, second = party.items(f"{case.path}/versions")
        assert first["retraction"] is None
        told = case.before["version"]
        for name in ("number", "digest", "parent_digest", "salt", "created_at", "shared_with"):
            assert second[name] == told[name]
        assert (second["note"], second["attachments"], second["warnings"]) == ("", [], [])
        retraction = second["retraction"]
        assert (retraction["code"], retraction["reason"], retraction["retracted_by"]) == (WRONG["code"], None, None)
        party.refused("GET", f"{case.path}/versions/2", 410, "gone")
        party.refused("GET", f"{case.path}/versions/2/changes?since=1", 410, "gone")
        party.refused("GET", f"{case.path}/versions/2/readiness?standard=trial", 410, "gone")
        party.refused("GET", f"/v1/attachments/{case.attachment}", 404, "not-found")
        party.refused("GET", f"/v1/attachments/{case.attachment}/content", 404, "not-found")
    case.prosecutor.refused("GET", f"/v1/bundles/{case.bundle['id']}/content", 410, "gone")


def test_their_new_bag_says_that_it_was_retracted_and_no_more(sandbox: Sandbox, case: Case, tmp_path: Path) -> None:
    path = f"/v1/early-advice-requests/{case.request}"
    asked = {"questions": ["And then?"], "response_due_on": "2027-03-01"}
    case.prosecutor.step(path, "request-information", asked, expect=200)
    body = {"content": case_content(issues="Put right."), "note": "without the friend"}
    case.officer.post(f"{case.path}/versions", body, if_match=case.officer.etag(case.path), expect=201)
    case.supervisor.step(path, "provide-information", {"answer": "Nobody.", "version": 3}, expect=200)
    folder = unpacked(case.prosecutor, built(case.prosecutor, case.id, 3), tmp_path)
    kept = json.loads((folder / "data/versions/2.json").read_text())
    assert "content" not in kept and kept["version"]["retraction"]["code"] == WRONG["code"]
    assert "another complainant" not in (folder / "data/versions/2.json").read_text()
    assert [item["id"] for item in case.prosecutor.items(f"{case.path}/attachments")] == []
    since = case.prosecutor.get(f"{case.path}/versions/3/changes", params={"since": "last-submitted"}).json()
    assert since["from"] == 1, "what was retracted was never submitted"
    case.prosecutor.get(f"{case.path}/versions/1", expect=200)
    since = case.prosecutor.get(f"{case.path}/versions/3/changes", params={"since": "last-seen"}).json()
    assert since["from"] == 1, "what may be seen no longer is nothing to compare with"


def test_it_is_told_in_the_timeline_and_by_an_event(sandbox: Sandbox, case: Case) -> None:
    for party in (case.officer, case.prosecutor):
        told = [item for item in party.items(f"{case.path}/timeline") if item["type"] == "case_file.version_retracted"]
        assert [item["data"]["version"] for item in told] == [2]
        assert told[0]["sentence"] == "Gloucestershire Constabulary retracted version 2, shared in error"
    other = sandbox.person("prosecutor", unit="cps-south-west-crown-court")
    other.refused("GET", f"{case.path}/timeline", 404, "not-found")


def test_a_case_file_all_of_which_was_retracted_is_there_without_content(sandbox: Sandbox) -> None:
    case = Case(sandbox)
    case.retract(1)
    case.prosecutor.refused("GET", case.path, 410, "gone")
    [item] = case.prosecutor.items("/v1/case-files", urn=case.officer.get(case.path).json()["urn"])
    assert item["version"]["retraction"]["code"] == WRONG["code"] and item["version"]["note"] == ""
    urn = {"urn": item["urn"], "case_type": "rasso"}
    assert case.prosecutor.items("/v1/case-files", **urn) == []
    assert [found["id"] for found in case.officer.items("/v1/case-files", **urn)] == [case.id]
    # What was retracted goes to nobody else, and nobody endorses it again.
    request = f"/v1/early-advice-requests/{case.request}"
    transfer = {"unit": "cps-west-midlands-rasso", "reason": "Nearer."}
    review = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
    sandbox.person("casework_assistant", unit=UNIT).step(request, "accept", review, expect=200)
    manager = sandbox.person("legal_manager", unit=UNIT)
    tag = manager.etag(request)
    manager.refused("POST", f"{request}/transfer", 409, "wrong-state", json=transfer, if_match=tag)
    case.supervisor.step(request, "withdraw", {"reason": "Sent in error."}, expect=200)
    again = draft_request(case.officer, case.id)["id"]
    endorsing = {"endorsement": "Endorsed.", "version": 1}
    path = f"/v1/early-advice-requests/{again}"
    tag = case.supervisor.etag(path)
    case.supervisor.refused("POST", f"{path}/submit", 409, "wrong-state", json=endorsing, if_match=tag)


def test_who_did_not_endorse_does_not_retract(case: Case) -> None:
    where = f"{case.path}/versions/1/retract"
    case.officer.refused("POST", where, 403, "not-permitted", json=WRONG, if_match='"x"')
    case.prosecutor.refused("POST", where, 403, "not-permitted", json=WRONG, if_match='"x"')
    case.supervisor.refused("POST", where, 428, "precondition-required", json=WRONG)
    tag = case.supervisor.etag(case.path)
    case.supervisor.refused("POST", f"{case.path}/versions/9/retract", 404, "not-found", json=WRONG, if_match=tag)
    bad = WRONG | {"code": "mistake"}
    case.supervisor.refused("POST", where, 422, "invalid", json=bad, if_match='"x"')
