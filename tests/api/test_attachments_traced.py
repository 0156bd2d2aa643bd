"""Every handling of a file can be shown: where it came from, what was made from it, who had it, under which entry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.attaching import a_statement
from tests.api.test_attachments_seen import naming, share
from tests.outside.client import Party, Sandbox
from tests.outside.files import statement
from tests.outside.uploads import attach, declare

ACQUIRED = {
    "device": "Mobile telephone, exhibit AB/1",
    "tool": "Extraction tool",
    "tool_version": "7.1",
    "examiner": "Digital forensics unit, examiner 12",
    "acquired_at": "2026-11-20T09:00:00Z",
    "original_sha256": "ab" * 32,
    "seal_numbers": ["S123", "S124"],
}
REDACTED = {
    "purpose": "redacted",
    "rendition": "cps_copy",
    "redactions": [{"type": "ADDRESS", "count": 4}, {"type": "PHONE_NUMBER", "count": 1}],
    "under_redacted": False,
    "over_redacted": True,
    "stage": "pre_charge",
    "returned_to_force": False,
}


@pytest.fixture
def prosecutor(sandbox: Sandbox) -> Party:
    return sandbox.person("prosecutor", unit="cps-south-west-rasso")


def test_the_chain_tells_all_that_was_done_with_a_shared_copy_and_never_of_its_source(
    sandbox: Sandbox, officer: Party, prosecutor: Party, case_id: str, tmp_path: Path
) -> None:
    source = attach(officer, case_id, a_statement(1))
    made = {"derived_from": source["id"], "derivation": REDACTED, "acquisition": ACQUIRED}
    copy = attach(officer, case_id, a_statement(2), **made)
    supervisor = sandbox.person("supervisor", unit="police-53-rasso")
    share(officer, supervisor, case_id, naming(officer, case_id, copy["id"]))
    path = f"/v1/attachments/{copy['id']}"
    assert officer.get(path).json()["derivation"] == REDACTED
    assert officer.get(path).json()["acquisition"] == ACQUIRED
    seen = prosecutor.get(path).json()
    assert (seen["derived_from"], seen["derivation"]["purpose"]) == (None, "redacted")
    prosecutor.get(f"{path}/content", expect=307)
    for call in ("", "/content", "/custody"):
        prosecutor.refused("GET", f"/v1/attachments/{source['id']}{call}", 404, "not-found")
    assert source["id"] not in prosecutor.get(f"{path}/custody").text

    chain = officer.get(f"{path}/custody").json()
    assert chain["acquisition"] == ACQUIRED
    links = {link["kind"]: link for link in chain["items"]}
    told = ["declared", "upload_authorised", "received", "verified", "named_in_version", "shared", "read", "disclosed"]
    assert [kind for kind in told if kind not in links] == []
    assert len(links["received"]["facts"]["source"]) >= 16
    assert links["read"]["recipients"] == links["disclosed"]["recipients"] == ["cps-south-west"]
    assert links["read"]["facts"] == {"times": 1}
    assert [kind for kind, link in links.items() if link["audit_entry_id"] is None] == []
    assert (links["shared"]["staff_id"], links["shared"]["recipients"]) == (
        supervisor.staff_id,
        ["cps-south-west-rasso"],
    )
    of_source = officer.get(f"/v1/attachments/{source['id']}/custody").json()["items"]
    derived = next(link for link in of_source if link["kind"] == "derived")
    assert derived["facts"] == {"attachment_id": copy["id"], "purpose": "redacted", "rendition": "cps_copy"}
    assert_case_uco(prosecutor, path, tmp_path)


def assert_case_uco(party: Party, path: str, folder: Path) -> None:
    """The chain as CASE/UCO: each link is in it, and where CASE's own validator is installed it is content."""
    answer = party.get(f"{path}/custody", headers={"Accept": "application/ld+json"})
    assert answer.headers["content-type"].startswith("application/ld+json")
    graph = answer.json()["@graph"]
    actions = [node for node in graph if node["@type"] == "case-investigation:InvestigativeAction"]
    kinds = [link["kind"] for link in party.get(f"{path}/custody").json()["items"]]
    assert [node["uco-core:name"] for node in actions] == [*kinds, "acquired"]
    hashes = [node["uco-core:hasFacet"][0]["uco-observable:hash"] for node in graph if "uco-core:hasFacet" in node]
    assert [each["uco-types:hashValue"]["@value"] for each in hashes[0]] == [party.get(path).json()["sha256"]]
    validator = Path(os.environ.get("CASE_VALIDATE", str(Path(sys.executable).with_name("case_validate"))))
    if validator.exists():
        (folder / "custody.jsonld").write_bytes(answer.content)
        told = subprocess.run(
            [validator, "--built-version", "case-1.4.0", folder / "custody.jsonld"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Conforms: True" in told.stdout


def test_a_better_file_takes_the_place_of_another(officer: Party, case_id: str) -> None:
    first = attach(officer, case_id, a_statement(4))
    second = attach(officer, case_id, a_statement(5), supersedes=first["id"])
    assert second["supersedes"] == first["id"]
    assert officer.get(f"/v1/attachments/{first['id']}").json()["superseded_by"] == second["id"]
    assert officer.get(f"/v1/attachments/{second['id']}").json()["superseded_by"] is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"derivation": {"purpose": "redacted"}}, "/derivation"),
        ({"derivation": {"purpose": "shrunk"}}, "/derivation/purpose"),
        ({"acquisition": {"original_sha256": "AB"}}, "/acquisition/original_sha256"),
        ({"acquisition": {"acquired_at": "yesterday"}}, "/acquisition/acquired_at"),
        ({"supersedes": "01a20c3a-4c57-77f5-8561-00354d399394"}, "/supersedes"),
    ],
)
def test_what_is_said_of_its_origin_must_hold(
    officer: Party, case_id: str, change: dict[str, object], pointer: str
) -> None:
    answer = officer.post(f"/v1/case-files/{case_id}/attachments", statement().declaration(**change), expect=422)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_type_of_redaction_comes_from_the_list(officer: Party, case_id: str) -> None:
    source = declare(officer, case_id, a_statement(6))
    derivation = {"purpose": "redacted", "redactions": [{"type": "SHOE_SIZE", "count": 1}]}
    body = a_statement(7).declaration(derived_from=source["id"], derivation=derivation)
    answer = officer.post(f"/v1/case-files/{case_id}/attachments", body, expect=422)
    assert answer.json()["errors"][0]["pointer"] == "/derivation/redactions/0/type"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("statement.pdf", "attachment; filename=\"statement.pdf\"; filename*=UTF-8''statement.pdf"),
        ("../../etc/passwd", "attachment; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
        ("a\r\nSet-Cookie: x", "attachment; filename=\"a__Set-Cookie_ x\"; filename*=UTF-8''a__Set-Cookie_%20x"),
        ("\u202egnp.fdp", "attachment; filename=\"_gnp.fdp\"; filename*=UTF-8''_gnp.fdp"),
        ("\u0176.pdf", "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C5%B6.pdf"),
        ("...", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_a_download_is_told_its_own_name_safely(officer: Party, case_id: str, name: str, header: str) -> None:
    attachment = attach(officer, case_id, statement(), file_name=name)
    answer = officer.get(f"/v1/attachments/{attachment['id']}/content", expect=307)
    assert answer.headers["content-disposition"] == header
    assert "passwd" not in answer.headers["location"]
