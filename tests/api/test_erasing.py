"""Erasing under dual control: from the log, and a case file; what is gone, what stays provable, and who may not."""

import json
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from casefile_api.cli import audit, case_files
from casefile_api.cli.failing import CommandFailed
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.errors import NotFound, NotPermitted, WrongState
from tests.commands import enter, run, token_file
from tests.outside.cases import case_content, open_case
from tests.outside.client import Sandbox

LOG = "/v1/audit-log"


class Desk:
    """The operator's desk: two people with a token each, an inspector's auditor, and an officer."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.first, self.second = (
            token_file(folder, sandbox.party("operator-console", staff=staff, roles=["operator"]))
            for staff in ("OP-01", "OP-02")
        )
        self.inspector = sandbox.party("hmcpsi-audit", staff="HM-01", roles=["auditor"])
        self.auditor = token_file(folder, self.inspector)
        self.officer = sandbox.person("officer", unit="police-53-rasso")

    def entries(self, query: str) -> list[Any]:
        """Entries that have their place; waits for those that have not."""
        while True:
            items: list[Any] = self.inspector.get(f"{LOG}/entries?{query}").json()["items"]
            if items and all(item["leaf_index"] is not None for item in items):
                return items
            time.sleep(0.05)

    def newest(self, action: str) -> Any:
        """The newest entry of an action."""
        return self.entries(f"action={action}&limit=200")[-1]

    def proof_leads_to_root(self, leaf: int) -> bool:
        """Whether the leaf is proved and its hash is the one in the tree."""
        shown = self.inspector.get(f"{LOG}/entries/{leaf}").json()
        proof = self.inspector.get(f"{LOG}/entries/{leaf}/inclusion-proof").json()
        return bool(proof["leaf_hash"] == shown["leaf_hash"])

    def as_owner(self, statement: str, *values: object) -> list[Any]:
        owner = PostgreSQL(DataDirectory(self.sandbox.directory)).addresses().owner
        with psycopg.connect(owner) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def desk(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    enter(sandbox, monkeypatch)
    return Desk(sandbox, tmp_path)


def a_read_with_words(desk: Desk) -> Any:
    """An entry with free text."""
    case = open_case(desk.officer)["id"]
    header = {"Access-Justification": "investigation; Mrs%20Invented%20rang"}
    desk.officer.get(f"/v1/case-files/{case}", headers=header)
    return desk.entries(f"case_file_id={case}&action=get_case_file")[-1]


def erase(desk: Desk, *what: object, asked: Path | None = None, confirmed: Path | None = None) -> str:
    said = run(audit.app, "erase", "ask", "--token", asked or desk.first, "--reason", "data-subject", *what)
    return run(audit.app, "erase", "confirm", said.split(":")[0], "--token", confirmed or desk.second)


def test_free_text_is_erased_by_two_people_and_every_proof_stays_good(desk: Desk) -> None:
    before = a_read_with_words(desk)
    leaf = before["leaf_index"]
    assert before["erasable"]["justification_text"] == "Mrs Invented rang"

    erase(desk, "--leaf", leaf, asked=desk.first, confirmed=desk.auditor)

    after = desk.inspector.get(f"{LOG}/entries/{leaf}").json()
    assert after == before | {"erasable": None, "salt": None}
    assert desk.proof_leads_to_root(leaf)
    act = desk.newest("confirm_erasure")["entry"]
    assert (act["operation"], act["organisation"], act["staff_id"]) == ("erasure", "oversight-hmcpsi", "HM-01")
    asked = desk.newest("ask_for_erasure")["entry"]
    assert (asked["operation"], asked["staff_id"], asked["outcome"]) == (None, "OP-01", "allowed")


def test_the_text_of_every_entry_on_a_case_file_is_erased(desk: Desk) -> None:
    case = a_read_with_words(desk)["entry"]["case_file_id"]
    desk.officer.get(f"/v1/case-files/{case}", headers={"Access-Justification": "other; again"})
    desk.entries(f"case_file_id={case}")

    erase(desk, "--case-file", case)

    assert {str(item["erasable"]) for item in desk.entries(f"case_file_id={case}")} == {"None"}


def test_one_person_cannot_erase_alone_and_the_attempt_is_in_the_log(desk: Desk) -> None:
    leaf = a_read_with_words(desk)["leaf_index"]

    with pytest.raises(NotPermitted, match="two people"):
        erase(desk, "--leaf", leaf, asked=desk.first, confirmed=desk.first)

    assert desk.inspector.get(f"{LOG}/entries/{leaf}").json()["erasable"]
    refused = desk.newest("confirm_erasure")["entry"]
    assert (refused["outcome"], refused["staff_id"]) == ("refused", "OP-01")


def test_an_erasure_is_confirmed_once_and_within_seven_days(desk: Desk) -> None:
    leaf = a_read_with_words(desk)["leaf_index"]
    said = run(audit.app, "erase", "ask", "--token", desk.first, "--reason", "error", "--leaf", leaf)
    erasure = said.split(":")[0]
    desk.as_owner("update audit_erasure set asked_at = asked_at - interval '8 days' where id = %s", erasure)
    with pytest.raises(WrongState, match="seven days"):
        run(audit.app, "erase", "confirm", erasure, "--token", desk.second)
    desk.as_owner("update audit_erasure set asked_at = asked_at + interval '8 days' where id = %s", erasure)
    run(audit.app, "erase", "confirm", erasure, "--token", desk.second)

    with pytest.raises(WrongState, match="before"):
        run(audit.app, "erase", "confirm", erasure, "--token", desk.second)
    assert erasure in run(audit.app, "erase", "list")


def test_systems_officers_and_those_who_watch_over_one_force_erase_nothing(desk: Desk, tmp_path: Path) -> None:
    sandbox = desk.sandbox
    psd = sandbox.party("police-53-psd-audit", staff="PSD-01", roles=["auditor"])
    for party in (sandbox.system("operator"), psd, desk.officer):
        with pytest.raises(CommandFailed, match="It takes a person"):
            erase(desk, "--leaf", 0, asked=token_file(tmp_path, party))
    (tmp_path / "bad").write_text(desk.first.read_text()[:-2])
    with pytest.raises(CommandFailed, match="no valid access token"):
        erase(desk, "--leaf", 0, asked=tmp_path / "bad")
    with pytest.raises(CommandFailed, match="Say what"):
        erase(desk)


def test_the_service_itself_can_take_nothing_out(desk: Desk) -> None:
    service = PostgreSQL(DataDirectory(desk.sandbox.directory)).addresses().service
    for statement in (
        "update audit_entry set erasable = null, salt = null",
        "delete from audit_entry",
        "update audit_erasure set confirmed_at = now()",
        "select confirm_erasure(gen_random_uuid(), 'operator', 'OP-02', '', now())",
        "select thin_checkpoints(now()) from audit_erasure where false; delete from audit_checkpoint",
    ):
        with psycopg.connect(service) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_entries_kept_too_long_leave_their_leaf_hash_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sandbox.http.get(f"{desk.sandbox.base_url}/v1/me")
    refused = desk.officer.call("GET", "/v1/statistics/early-advice")
    assert refused.status_code == 403
    old = desk.entries("outcome=refused&action=get_early_advice_statistics")
    monkeypatch.setenv("CASEFILE_LOG_RETENTION", '{"refusal": [0, 0], "case": [100, 100], "other": [100, 100]}')

    erase(desk, "--aged", "entries")

    leaf = old[0]["leaf_index"]
    shown = desk.inspector.get(f"{LOG}/entries/{leaf}").json()
    gone = {"leaf_index": leaf, "leaf_hash": old[0]["leaf_hash"], "entry": None, "erasable": None, "salt": None}
    assert shown == gone | {"state": "erased"}
    assert desk.proof_leads_to_root(leaf)
    assert desk.as_owner("select leaf_index from audit_search where leaf_index = %s", leaf) == []
    psd = desk.sandbox.party("police-53-psd-audit", staff="PSD-01", roles=["auditor"])
    psd.get(f"{LOG}/entries/{leaf}", expect=404)
    export = desk.inspector.get(f"{LOG}/entries", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    lines = [json.loads(line) for line in export]
    assert [line["leaf_index"] for line in lines] == list(range(len(lines)))
    assert lines[leaf]["state"] == "erased"


def test_an_export_with_gone_entries_verifies_as_the_whole_log(desk: Desk, tmp_path: Path) -> None:
    export = desk.inspector.get(f"{LOG}/entries", headers={"Accept": "application/x-ndjson"}).content
    size = json.loads(export.splitlines()[0])["inclusion"]["tree_size"]
    for name, content in (
        ("export", export),
        ("checkpoint", desk.inspector.get(f"{LOG}/checkpoint?tree_size={size}").content),
        ("key", desk.inspector.get(f"{LOG}/public-key").content),
    ):
        (tmp_path / name).write_bytes(content)

    said = run(
        audit.app, "verify-export", tmp_path / "export", "--checkpoint", tmp_path / "checkpoint", "--public-key",
        tmp_path / "key",
    )  # fmt: skip

    assert "every entry of the log up to the checkpoint" in said and "leaves whose entries are gone" in said


def test_reasons_sealed_in_a_case_file_are_gone_with_it_at_once(desk: Desk) -> None:
    case, gatekeeper = open_case(desk.officer)["id"], desk.sandbox.person("gatekeeper", unit="police-53-rasso")
    path, admitted = f"/v1/case-files/{case}", [{"organisation": "police-53", "role": "gatekeeper"}]
    desk.officer.post(f"{path}/corrections", {"crime_references": ["53/2026/000077"], "reason": "Typed wrongly."},
                      if_match=desk.officer.etag(path))  # fmt: skip
    gatekeeper.post(f"{path}/restrict", {"admitted": admitted, "reason": "Leaks are feared."},
                    if_match=gatekeeper.etag(f"{path}/restriction"))  # fmt: skip
    interest = {"staff_id": desk.officer.staff_id, "reason": "A neighbour."}
    gatekeeper.post(f"{path}/conflicts", interest, expect=201)
    lists = ("corrections", "restrictions", "conflicts")
    assert all(gatekeeper.items(f"{path}/{name}") for name in lists)

    said = run(case_files.app, "erase", "ask", case, "--token", desk.first, "--reason", "court-order")
    run(case_files.app, "erase", "confirm", said.split(":")[0], "--token", desk.second)

    for name in lists:
        gatekeeper.refused("GET", f"{path}/{name}", 410, "gone")


def test_a_case_file_is_erased_with_its_key_and_its_holders_are_told(desk: Desk) -> None:
    opened = open_case(desk.officer)
    case, digest = opened["id"], opened["version"]["digest"]

    said = run(case_files.app, "erase", "ask", case, "--token", desk.first, "--reason", "court-order")
    run(case_files.app, "erase", "confirm", said.split(":")[0], "--token", desk.second)
    assert desk.as_owner("select number from case_file_finding where case_file_id = %s", case) == []
    assert desk.as_owner("select number from case_file_standing where case_file_id = %s", case) == []

    for path in ("", "/versions/1", "/versions/1/readiness?standard=early_advice"):
        answer = desk.officer.get(f"/v1/case-files/{case}{path}", expect=410)
        assert answer.json()["code"] == "gone"
    item = desk.officer.get(f"/v1/case-files/{case}/versions").json()["items"][0]
    assert (item["digest"], item["note"]) == (digest, "")
    listed = desk.officer.get("/v1/case-files?limit=200").json()["items"]
    assert [each["erased"] for each in listed if each["id"] == case] == [True]
    told = desk.as_owner("select organisation from event where type = 'case_file.erased' and case_file_id = %s", case)
    assert told == [("police-53",)]
    act = desk.newest("confirm_case_erasure")["entry"]
    assert (act["operation"], act["case_file_id"], act["staff_id"]) == ("erasure", case, "OP-02")
    change = {"content": case_content(), "note": ""}
    desk.officer.post(f"/v1/case-files/{case}/versions", change, if_match='"x"', expect=410)
    with pytest.raises(NotFound):
        run(case_files.app, "erase", "ask", case, "--token", desk.first, "--reason", "court-order")
