"""The main story as an integrator would play it; every method is a part of it and checks what it was told.

Methods read as sentences; the test that plays them is the table of contents.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.journeys.cast import Cast
from tests.journeys.conftest import Listener
from tests.outside import cases, files, uploads
from tests.outside.client import Party, Sandbox
from tests.outside.digest import check_chain, check_version

Json = Any
ADVICE = {"advice": [{"topic": "lines_of_enquiry", "text": "Limit the extraction to the evening in question."}]}
REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
LATER = "2027-03-01"


@dataclass
class MainStory:
    """One case, from the report to the end of its early advice."""

    sandbox: Sandbox
    cast: Cast
    police: Listener
    cps: Listener
    case_id: str = ""
    request_id: str = ""
    version: int = 0
    attached: dict[str, files.EvidenceFile] = field(default_factory=dict)
    receipts: list[Json] = field(default_factory=list)

    @property
    def case(self) -> str:
        return f"/v1/case-files/{self.case_id}"

    @property
    def request(self) -> str:
        return f"/v1/early-advice-requests/{self.request_id}"

    def add_version(self, by: Party, content: Json, note: str) -> Json:
        """A whole new content on top of what the party sees."""
        body = {"content": content, "note": note}
        view = by.post(f"{self.case}/versions", body, expect=201, if_match=by.etag(self.case)).json()
        check_version(view)
        assert view["version"]["number"] == self.version + 1 and view["content"] == content
        self.version += 1
        return view

    def opens_a_case_file(self) -> None:
        content = cases.case_content(lines_of_enquiry=[])
        del content["supervisor_comments"]
        view = cases.open_case(self.cast.officer, content=content)
        check_version(view)
        assert (view["status"], view["organisation"], view["police_unit"]) == (
            "registered",
            "police-53",
            "police-53-rasso",
        )
        self.case_id, self.version = view["id"], 1
        self.police.hears("case_file.opened", case_file_id=self.case_id, sequence=1)
        self.cast.prosecutor.refused("GET", self.case, 404, "not-found")

    def attaches_real_files(self) -> None:
        evidence = [files.statement(1), files.statement(2), files.photograph(), files.video()]
        content = self.cast.officer.get(self.case).json()["content"]
        content["material"] = []
        for number, file in enumerate(evidence, start=1):
            attachment = uploads.attach(self.cast.officer, self.case_id, file)
            self.attached[attachment["id"]] = file
            self.police.hears("attachment.available", attachment_id=attachment["id"])
            item = cases.case_content()["material"][0] | {"id": f"m{number}", "kind": file.kind}
            content["material"].append(item | {"reference": f"MF/{number}", "attachment_ids": [attachment["id"]]})
        view = self.add_version(self.cast.officer, content, "Evidence so far")
        named = {item["id"]: (item["sha256"], item["size"]) for item in view["version"]["attachments"]}
        assert named == {identifier: (file.sha256, file.size) for identifier, file in self.attached.items()}

    def finds_and_mends_what_is_missing(self) -> None:
        self.request_id = cases.draft_request(self.cast.officer, self.case_id)["id"]
        results = self.cast.officer.get(f"{self.request}/readiness").json()["results"]
        missing = [item for item in results if (item["level"], item["outcome"]) == ("required", "missing")]
        assert len(missing) == 2 and all(item["message"] and item["mend"] for item in missing), missing
        body = {"endorsement": "Endorsed.", "version": self.version}
        supervisor = self.cast.supervisor
        supervisor.refused(
            "POST", f"{self.request}/submit", 422, "not-ready", json=body, if_match=supervisor.etag(self.request)
        )
        patch = {"content": {"supervisor_comments": "Reviewed and ready."}, "note": "Comments"}
        check_version(supervisor.change(self.case, patch, expect=200).json())
        [line] = cases.case_content()["lines_of_enquiry"]
        operations = [
            {"op": "add", "path": "/content/lines_of_enquiry/-", "value": line},
            {"op": "replace", "path": "/note", "value": "A line of enquiry"},
        ]
        view = self.cast.officer.change(
            self.case, operations, media_type="application/json-patch+json", expect=200
        ).json()
        check_version(view)
        self.version = view["version"]["number"]
        assert self.version == 4 and view["version"]["note"] == "A line of enquiry"
        assert self.cast.officer.get(f"{self.request}/readiness").json()["ready"] is True

    def endorses_and_submits(self) -> None:
        body = {"endorsement": "Endorsed.", "version": self.version}
        self.cast.officer.refused("POST", f"{self.request}/submit", 403, "not-permitted", json=body)
        read = self.cast.supervisor.get(self.case).json()
        receipt = cases.submit_request(self.cast.supervisor, self.request_id, self.version)["receipt"]
        assert receipt["digest"] == read["version"]["digest"] and receipt["version"] == self.version
        sent = [{"id": item["id"], "sha256": item["sha256"]} for item in read["version"]["attachments"]]
        assert receipt["attachments"] == sent
        self.receipts.append(receipt)
        self.cps.hears("early_advice.submitted", case_file_id=self.case_id, early_advice_request_id=self.request_id)
        self.cps.hears("case_file.version_shared", case_file_id=self.case_id, version=self.version)
        view = self.sandbox.system("cps-south-west").get(self.case).json()
        check_version(view)
        assert view["content"] == read["content"]
        self.cast.assistant.refused("GET", f"{self.case}/versions/1", 404, "not-found")

    def is_returned_and_resubmitted(self) -> None:
        queue = self.cast.assistant.items("/v1/early-advice-requests", unit="cps-south-west-rasso", state="submitted")
        assert self.request_id in {item["id"] for item in queue}
        reason = {"code": "NO_SUMMARY_OF_INTERVIEW", "detail": "One sentence is not a summary."}
        body = REVIEW | {"reasons": [reason], "response_due_on": LATER}
        returned = self.cast.assistant.step(self.request, "return", body, expect=200).json()
        assert (returned["state"], returned["with"]) == ("returned", "police")
        self.police.hears("early_advice.returned", early_advice_request_id=self.request_id, state="returned")
        content = self.cast.officer.get(self.case).json()["content"]
        content["suspects"][0]["interviews"][0]["account"] = "Says that she asked him in; could not say when."
        self.add_version(self.cast.officer, content, "Summary of interview")
        receipt = cases.submit_request(self.cast.supervisor, self.request_id, self.version)["receipt"]
        self.receipts.append(receipt)
        changes = self.cast.assistant.get(f"{self.case}/versions/5/changes", params={"since": 4}).json()
        assert [section["section"] for section in changes["sections"]] == ["suspects"]

    def passes_both_gates(self) -> None:
        accepted = self.cast.assistant.step(self.request, "accept", REVIEW, expect=200).json()
        assert accepted["state"] == "manager_review"
        self.cast.manager.step(self.request, "approve", {"note": "Suitable."}, expect=200)
        chosen = {"prosecutor": self.cast.prosecutor.staff_id}
        allocated = self.cast.manager.step(self.request, "allocate", chosen, expect=200).json()
        assert (allocated["state"], allocated["with"]) == ("allocated", "cps")
        for event in ("accepted", "approved", "allocated"):
            self.police.hears(f"early_advice.{event}", early_advice_request_id=self.request_id)

    def is_read_and_advised_on(self) -> None:
        for identifier, file in self.attached.items():
            assert uploads.download(self.cast.prosecutor, identifier) == file.data
        asked = {"questions": ["Who else was there?"], "response_due_on": LATER}
        self.cast.prosecutor.step(self.request, "request-information", asked, expect=200)
        self.cast.officer.step(self.request, "provide-information", {"answer": "Two of the bar's staff."}, expect=200)
        self.cast.prosecutor.post(f"{self.request}/messages", {"text": "Thank you."}, expect=201)
        self.police.hears("message.sent", early_advice_request_id=self.request_id)
        actions = [
            {
                "category": category,
                "description": what,
                "due_on": LATER,
                "suspect_ids": ["s1"],
                "gating": "pre_decision",
            }
            for category, what in (("FORENSIC_EVIDENCE", "Send the report."), ("STATEMENTS", "Take two statements."))
        ]
        advised = self.cast.prosecutor.step(self.request, "advise", ADVICE | {"actions": actions}, expect=200).json()
        assert (advised["state"], advised["with"]) == ("action_plan_open", "both")
        self.police.hears("early_advice.advised", early_advice_request_id=self.request_id)

    def answers_the_actions(self) -> None:
        first, second = (
            f"{self.request}/actions/{item['id']}" for item in self.cast.officer.items(f"{self.request}/actions")
        )
        report = files.statement(3)
        attachment = uploads.attach(self.cast.officer, self.case_id, report)
        self.attached[attachment["id"]] = report
        content = self.cast.officer.get(self.case).json()["content"]
        item = content["material"][0] | {"id": "m9", "reference": "SFR/1", "attachment_ids": [attachment["id"]]}
        content["material"].append(item)
        self.add_version(self.cast.officer, content, "The report")
        self.cast.officer.step(first, "start", expect=200)
        answer = {"answer": "The report.", "material_ids": ["m9"], "version": self.version}
        self.cast.supervisor.step(first, "return", answer, expect=200)
        self.cps.hears("case_file.version_shared", case_file_id=self.case_id, version=self.version)
        self.cast.officer.step(second, "return", {"answer": "One taken.", "material_ids": []}, expect=200)
        self.cast.prosecutor.step(second, "reject", {"reason": "Two were asked for."}, expect=200)
        self.cast.officer.step(second, "return", {"answer": "Both taken.", "material_ids": []}, expect=200)
        for action in (first, second):
            assert self.cast.prosecutor.step(action, "satisfy", expect=200).json()["state"] == "satisfied"

    def is_completed(self) -> None:
        completed = self.cast.prosecutor.step(self.request, "complete", expect=200).json()
        assert (completed["state"], completed["with"]) == ("completed", "none")
        self.police.hears("early_advice.completed", early_advice_request_id=self.request_id, state="completed")
        history = self.cast.officer.items(f"{self.case}/versions")
        check_chain(self.cast.officer.get(f"{self.case}/versions/{item['number']}").json() for item in history)
        assert [item["number"] for item in history] == list(range(1, self.version + 1))
        shared = [item["number"] for item in self.cast.prosecutor.items(f"{self.case}/versions")]
        assert shared == [4, 5, 6], "the CPS sees what was shared, and nothing else"
        assert self.cast.officer.items(f"{self.case}/timeline")

    def is_closed_to_others(self) -> None:
        strangers = [
            self.sandbox.person("senior_officer", unit="police-52-rasso"),
            self.sandbox.person("unit_head", unit="cps-west-midlands-rasso"),
            self.sandbox.person("officer", unit="police-53-cid"),
            self.sandbox.person("prosecutor", unit="cps-south-west-crown-court"),
        ]
        attachment = f"/v1/attachments/{next(iter(self.attached))}"
        for stranger in strangers:
            for path in (self.case, f"{self.case}/timeline", self.request, attachment):
                stranger.refused("GET", path, 404, "not-found")
            assert self.case_id not in {item["id"] for item in stranger.items("/v1/case-files")}
        self.cast.auditor.refused("GET", self.case, 403, "not-permitted")
