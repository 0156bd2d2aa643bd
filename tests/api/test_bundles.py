"""A version can be taken along as a bag that anyone can check, with what one's own side may see and no more."""

import io
import json
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from casefile_api.attachments.bundle_verification import verify_bundle
from casefile_api.cli.audit_verification import log_keys
from tests.api.attaching import a_statement
from tests.api.test_attachments_seen import naming, share
from tests.outside.client import Party, Sandbox
from tests.outside.digest import check_chain
from tests.outside.signing import sha256_hex
from tests.outside.uploads import attach, declare

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import bagit

Json = Any


@pytest.fixture
def supervisor(sandbox: Sandbox) -> Party:
    return sandbox.person("supervisor", unit="police-53-rasso")


@pytest.fixture
def prosecutor(sandbox: Sandbox) -> Party:
    return sandbox.person("prosecutor", unit="cps-south-west-rasso")


def built(party: Party, case_id: str, number: int) -> Json:
    """A bundle that is ready."""
    asked = party.post(f"/v1/case-files/{case_id}/versions/{number}/bundles", expect=202)
    path, deadline = asked.headers["location"], time.monotonic() + 60
    while (bundle := party.get(path).json())["state"] == "building":
        assert time.monotonic() < deadline, "the bundle was not built in time"
        time.sleep(0.1)
    assert bundle["state"] == "ready", bundle
    return bundle


def unpacked(party: Party, bundle: Json, folder: Path) -> Path:
    """The bag's folder, fetched and unpacked; its size and hash are those that were told."""
    answer = party.get(f"/v1/bundles/{bundle['id']}/content", expect=307)
    data = party.sandbox.http.get(answer.headers["location"]).content
    assert len(data) == bundle["size"]
    assert sha256_hex(data) == bundle["sha256"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder / f"bundle-{bundle['id']}"


def test_a_bundle_is_a_bag_that_another_program_finds_valid(officer: Party, case_id: str, tmp_path: Path) -> None:
    attachment = attach(officer, case_id, a_statement(1))
    number = naming(officer, case_id, attachment["id"])
    folder = unpacked(officer, built(officer, case_id, number), tmp_path)
    bag = bagit.Bag(str(folder))
    bag.validate(processes=1)
    assert bag.algorithms == ["sha256"]
    payload = sorted(path.removeprefix("data/") for path in bag.payload_entries())
    assert payload == sorted(
        [
            "README.txt",
            "case-file.json",
            "versions/1.json",
            "versions/2.json",
            "timeline.json",
            "readiness.json",
            "links.json",
            "proofs/receipts.json",
            "proofs/checkpoint.txt",
            "proofs/public-keys.txt",
            *(
                f"attachments/{attachment['id']}/{name}"
                for name in ("content", "metadata.json", "custody.json", "custody.jsonld")
            ),
        ]
    )
    assert (folder / "data/attachments" / attachment["id"] / "content").read_bytes() == a_statement(1).data


def test_the_digests_of_a_bundle_can_be_worked_out_again(officer: Party, case_id: str, tmp_path: Path) -> None:
    number = naming(officer, case_id)
    folder = unpacked(officer, built(officer, case_id, number), tmp_path)
    versions = [json.loads((folder / f"data/versions/{n}.json").read_text()) for n in (1, 2)]
    check_chain(versions)
    assert json.loads((folder / "data/case-file.json").read_text()) == versions[1]


def test_a_bundle_of_the_cps_holds_what_was_shared_and_nothing_else(
    sandbox: Sandbox, officer: Party, supervisor: Party, prosecutor: Party, case_id: str, tmp_path: Path
) -> None:
    named, beside = (attach(officer, case_id, a_statement(number)) for number in (1, 2))
    number = naming(officer, case_id, named["id"])
    share(officer, supervisor, case_id, number)
    officer.change(f"/v1/case-files/{case_id}", {"content": {"issues": "not for the CPS yet"}, "note": "later"})
    folder = unpacked(prosecutor, built(prosecutor, case_id, number), tmp_path)
    assert [path.name for path in (folder / "data/versions").iterdir()] == [f"{number}.json"]
    assert [path.name for path in (folder / "data/attachments").iterdir()] == [named["id"]]
    told = {item["type"] for item in json.loads((folder / "data/timeline.json").read_text())["items"]}
    assert "case_file.version_shared" in told
    assert not {"case_file.version_added", "attachment.declared"} & told
    assert beside["id"] not in "".join(path.read_text() for path in folder.rglob("*.json"))
    prosecutor.refused("POST", f"/v1/case-files/{case_id}/versions/1/bundles", 404, "not-found")


def test_a_bundle_proves_the_acts_of_ones_own_side(officer: Party, case_id: str, tmp_path: Path) -> None:
    naming(officer, case_id)
    time.sleep(1.5)
    folder = unpacked(officer, built(officer, case_id, 1), tmp_path)
    receipts = json.loads((folder / "data/proofs/receipts.json").read_text())["items"]
    assert [receipt["action"] for receipt in receipts][:2] == ["open_case_file", "add_version"]
    checkpoint = (folder / "data/proofs/checkpoint.txt").read_text()
    proof = receipts[0]["inclusion_proof"]
    assert proof["leaf_hash"] == receipts[0]["leaf_hash"]
    assert checkpoint.splitlines()[1] == str(proof["tree_size"])
    key = officer.get("/v1/audit-log/public-key").text.splitlines()[0]
    assert key in (folder / "data/proofs/public-keys.txt").read_text()


def test_a_bundle_is_nobody_elses(
    sandbox: Sandbox, officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    share(officer, supervisor, case_id, 1)
    bundle = built(officer, case_id, 1)
    others = [prosecutor, sandbox.system("police-52"), sandbox.person("officer", unit="police-53-cid")]
    for other in others:
        other.refused("GET", f"/v1/bundles/{bundle['id']}", 404, "not-found")
        other.refused("GET", f"/v1/bundles/{bundle['id']}/content", 404, "not-found")
    assert supervisor.get(f"/v1/bundles/{bundle['id']}").json()["id"] == bundle["id"]


def test_what_was_seen_with_the_eyes_of_the_whole_area_is_not_for_one_units_staff(
    sandbox: Sandbox, officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    share(officer, supervisor, case_id, 1)
    head = sandbox.person("unit_head", unit="cps-south-west-rasso")

    bundle = built(head, case_id, 1)

    prosecutor.refused("GET", f"/v1/bundles/{bundle['id']}", 404, "not-found")
    head.get(f"/v1/bundles/{bundle['id']}", expect=200)


def test_an_attachment_that_is_not_verified_has_no_bytes_in_a_bundle(
    officer: Party, case_id: str, tmp_path: Path
) -> None:
    declared = declare(officer, case_id, a_statement(5))
    number = naming(officer, case_id, declared["id"])
    folder = unpacked(officer, built(officer, case_id, number), tmp_path)
    held = sorted(path.name for path in (folder / "data/attachments" / declared["id"]).iterdir())
    assert held == ["custody.json", "custody.jsonld", "metadata.json"]


def test_taking_an_attachment_along_is_a_link_in_its_custody(officer: Party, case_id: str) -> None:
    attachment = attach(officer, case_id, a_statement(6))
    bundle = built(officer, case_id, naming(officer, case_id, attachment["id"]))
    chain = officer.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"]
    assert chain[-1]["kind"] == "bundled"
    assert chain[-1]["facts"] == {"bundle": bundle["id"], "for": "police-53"}


def test_a_version_that_is_not_there_has_no_bundle(officer: Party, case_id: str) -> None:
    officer.refused("POST", f"/v1/case-files/{case_id}/versions/2/bundles", 404, "not-found")


def test_a_bundle_is_verified_with_the_file_and_the_key_alone(
    officer: Party, supervisor: Party, prosecutor: Party, case_id: str, tmp_path: Path
) -> None:
    number = naming(officer, case_id, attach(officer, case_id, a_statement(7))["id"])
    share(officer, supervisor, case_id, number)
    key = tmp_path / "log.key"
    key.write_text(officer.get("/v1/audit-log/public-key").text)
    for party in (officer, prosecutor):
        bundle = built(party, case_id, number)
        answer = party.get(f"/v1/bundles/{bundle['id']}/content", expect=307)
        file = tmp_path / "bundle.zip"
        file.write_bytes(party.sandbox.http.get(answer.headers["location"]).content)
        found, counts = verify_bundle(file, log_keys(str(key)))
        assert found == [] and counts["versions"] == (2 if party is officer else 1)
        with zipfile.ZipFile(file) as archive:
            data = f"bundle-{bundle['id']}/data"
            readiness = json.loads(archive.read(f"{data}/readiness.json"))["items"]
            assert "seal.txt" in archive.read(f"{data}/README.txt").decode()
        told = [(one["version"], one["standard"], one["ready"]) for one in readiness]
        assert told == [(number, "early_advice", True)]
