"""The story as it goes on while the service is killed, and what must hold afterwards."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from tests.faults.steady import Remembered, Steady, steady
from tests.journeys import log_story
from tests.outside import cases, files, log, uploads
from tests.outside.client import Sandbox
from tests.outside.digest import check_chain
from tests.outside.signing import sha256_hex

Json = Any
POLICE, CPS = "police-53-rasso", "cps-south-west-rasso"
REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}
ADVICE = {"advice": [{"topic": "lines_of_enquiry", "text": "Ask the neighbours."}], "actions": []}
LONGEST_WAIT_SECONDS = 90


@dataclass
class HardTimes:
    """Players who go on whatever happens to the service."""

    sandbox: Sandbox
    remembered: Remembered = field(default_factory=Remembered)
    case_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.officer = self.player("officer", POLICE)
        self.supervisor = self.player("supervisor", POLICE)
        self.assistant = self.player("casework_assistant", CPS)
        self.manager = self.player("legal_manager", CPS)
        self.prosecutor = self.player("prosecutor", CPS)

    def player(self, role: str, unit: str) -> Steady:
        return steady(self.sandbox, self.remembered, role, unit)

    def play_one_case(self) -> None:
        """Opened, evidenced, versioned, submitted, accepted, advised, completed."""
        opened = self.officer.create("/v1/case-files", cases.opening())
        self.case_ids.append(opened["id"])
        self.remembered.versions[(opened["id"], 1)] = opened["version"]["digest"]
        case = f"/v1/case-files/{opened['id']}"
        content = opened["content"]
        content["material"][0]["attachment_ids"] = [self.attach(case, files.statement(len(self.case_ids)))]
        version = self.officer.add_version(case, content, "with a statement")["version"]["number"]
        assert version == 2, "a version number was skipped or doubled"
        request = self.officer.create(f"{case}/early-advice-requests", cases.request_body())
        path = f"/v1/early-advice-requests/{request['id']}"
        self.supervisor.step(path, "submit", {"endorsement": "Endorsed.", "version": 2})
        self.assistant.step(path, "accept", REVIEW)
        self.manager.step(path, "approve", {})
        self.manager.step(path, "allocate", {"prosecutor": self.prosecutor.party.staff_id})
        self.prosecutor.read(case)
        self.prosecutor.create(f"{path}/messages", {"text": "Reading it now."})
        self.prosecutor.step(path, "advise", ADVICE)
        self.prosecutor.step(path, "complete", {})

    def attach(self, case: str, file: files.EvidenceFile) -> str:
        """An attachment whose upload is repeated until it has arrived."""
        declared = self.officer.create(f"{case}/attachments", file.declaration())
        path, deadline = f"/v1/attachments/{declared['id']}", time.monotonic() + LONGEST_WAIT_SECONDS
        while self.officer.read(path)["status"] == "uploading":
            asked = {"parts": [{"number": 1, "sha256": sha256_hex(file.data)}]}
            [part] = self.officer.create(f"{path}/upload", asked)["parts"]
            try:
                self.sandbox.http.put(part["url"], content=file.data, headers=part["headers"])
                self.officer.party.call("POST", f"{path}/complete", idempotency_key=declared["id"])
            except httpx.TransportError:
                time.sleep(0.2)
            assert time.monotonic() < deadline, "the upload never arrived"
        while (now := self.officer.read(path))["status"] == "verifying":
            assert time.monotonic() < deadline, "the upload was never verified"
            time.sleep(0.1)
        assert now["status"] == "available", now
        self.remembered.attachments[declared["id"]] = file.sha256
        return str(declared["id"])

    def nothing_is_lost(self) -> None:
        """Everything answered with success is there: versions, states, bytes, and an entry for every call."""
        for case_id in self.case_ids:
            case = f"/v1/case-files/{case_id}"
            items = self.officer.party.items(f"{case}/versions")
            views = [self.officer.read(f"{case}/versions/{item['number']}") for item in items]
            check_chain(views)
            digests = {(case_id, view["version"]["number"]): view["version"]["digest"] for view in views}
            told = {key: digest for key, digest in self.remembered.versions.items() if key[0] == case_id}
            assert told == digests
        for path, state in self.remembered.states.items():
            assert self.prosecutor.read(path)["state"] == state
        for attachment_id, sha256 in self.remembered.attachments.items():
            assert sha256_hex(uploads.download(self.officer.party, attachment_id)) == sha256

    def every_answer_has_its_entry(self) -> None:
        """No answer left before its entry was durable, and the log is one tree."""
        auditor = self.sandbox.person("auditor", organisation="oversight-hmcpsi")
        entries = [item for case_id in self.case_ids for item in log_story.entries_of(auditor, case_id)]
        log_story.check_entries(auditor, entries)
        logged = {item["entry"]["request_id"] for item in entries}
        answered = self.remembered.request_ids
        assert {call for request_id, call in answered.items() if request_id not in logged} == set()

    def keep_checkpoint(self) -> None:
        """Keeps the newest checkpoint, where the service is there to give it."""
        try:
            answer = self.officer.party.call("GET", "/v1/audit-log/checkpoint")
            if answer.status_code == 200:
                self.remembered.checkpoints.append(answer.text)
        except httpx.TransportError:
            return

    def the_log_only_grew(self) -> None:
        """Every checkpoint ever seen is a beginning of the log as it is now."""
        party = self.officer.party
        key = log.VerifierKey.parse(party.get("/v1/audit-log/public-key").text.strip().splitlines()[0])
        now = log_story.checkpoint(party)
        for note in self.remembered.checkpoints:
            log_story.check_growth(party, log.Checkpoint.open(note, [key]), now)

    def feed(self, organisation: str) -> list[Json]:
        """All that an organisation was told, to the end of its feed."""
        system, cursor, told = self.sandbox.system(organisation), "", []
        while True:
            page = system.get("/v1/events", params={"limit": 200} | ({"after": cursor} if cursor else {})).json()
            told += page["items"]
            if not page["items"]:
                return told
            cursor = page["next_cursor"]

    def events_have_no_gap(self) -> None:
        """Each organisation's sequence of each case counts from 1 without gaps."""
        for organisation in ("police-53", "cps-south-west"):
            told = self.feed(organisation)
            for case_id in self.case_ids:
                sequence = [event["data"]["sequence"] for event in told if event["data"].get("case_file_id") == case_id]
                assert sequence == list(range(1, len(sequence) + 1)) and sequence, f"{organisation} misses an event"
