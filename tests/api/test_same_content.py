"""The same bytes are sent to a case once; and a hash opens nobody else's file, nor tells that it is known."""

from dataclasses import replace

from tests.api.attaching import a_statement
from tests.api.behind import newest, storage_of
from tests.api.test_attachments_seen import naming, share
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.files import EvidenceFile
from tests.outside.uploads import attach, declare, download, settled


def nothing_is_known(party: Party, case_id: str, file: EvidenceFile) -> None:
    """Declared and completed without its bytes it is answered as a file that nobody has."""
    declared = declare(party, case_id, file)
    assert declared["same_as"] is None and declared["upload"]["parts"]
    path = f"/v1/attachments/{declared['id']}"
    assert party.refused("POST", f"{path}/complete", 409, "wrong-state")["missing_parts"] == [1]


def test_what_is_in_the_case_already_is_copied_by_the_store_and_stands_by_itself(
    sandbox: Sandbox, officer: Party, case_id: str
) -> None:
    file = a_statement(40)
    nothing_is_known(officer, case_id, file)
    first = attach(officer, case_id, file)
    declared = declare(officer, case_id, replace(file, name="again.pdf", kind="OTHER_MATERIAL"))
    assert (declared["status"], declared["same_as"]) == ("uploading", first["id"])
    path = f"/v1/attachments/{declared['id']}"
    assert officer.post(f"{path}/complete", expect=202).json()["status"] == "verifying"
    second = settled(officer, declared["id"])
    assert (second["status"], second["same_as"], second["sha256"]) == ("available", None, file.sha256)
    chain = officer.get(f"{path}/custody").json()["items"]
    assert [link["kind"] for link in chain] == ["declared", "copied", "verified"]
    assert (chain[2]["sha256"], first["id"] in str(chain)) == (file.sha256, False)
    with storage_of(sandbox.directory) as storage:
        assert newest(storage, first["id"])["Key"] != newest(storage, second["id"])["Key"]
    one = f"/v1/attachments/{first['id']}"
    officer.delete(one, if_match=officer.etag(one))
    assert download(officer, second["id"]) == file.data


def test_a_hash_is_no_key_to_another_case_or_to_another_organisations_file(
    sandbox: Sandbox, officer: Party, case_id: str
) -> None:
    file = a_statement(41)
    attachment = attach(officer, case_id, file)
    nothing_is_known(officer, open_case(officer)["id"], file)
    supervisor = sandbox.person("supervisor", unit="police-53-rasso")
    share(officer, supervisor, case_id, naming(officer, case_id, attachment["id"]))
    prosecutor = sandbox.person("prosecutor", unit="cps-south-west-rasso")
    assert prosecutor.get(f"/v1/attachments/{attachment['id']}").json()["status"] == "available"
    nothing_is_known(prosecutor, case_id, file)


def test_what_was_only_declared_is_not_known(officer: Party, case_id: str) -> None:
    file = a_statement(42)
    declare(officer, case_id, file)
    nothing_is_known(officer, case_id, file)
