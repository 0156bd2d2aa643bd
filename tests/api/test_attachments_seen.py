"""Who sees an attachment: the force that sent it, the CPS once it is shared, and nobody else; and who may delete it."""

import pytest

from tests.api.attaching import a_statement
from tests.outside.cases import case_content, draft_request, submit_request
from tests.outside.client import Party, Sandbox
from tests.outside.files import statement
from tests.outside.uploads import attach, declare, download

READS = ("", "/upload", "/content", "/custody")


@pytest.fixture
def supervisor(sandbox: Sandbox) -> Party:
    return sandbox.person("supervisor", unit="police-53-rasso")


@pytest.fixture
def prosecutor(sandbox: Sandbox) -> Party:
    return sandbox.person("prosecutor", unit="cps-south-west-rasso")


def naming(officer: Party, case_id: str, *attachment_ids: str) -> int:
    """Adds a version that names attachments; its number."""
    material = [
        {
            "id": "m1",
            "reference": "ABC/1",
            "kind": "MG11",
            "title": "First account",
            "attachment_ids": list(attachment_ids),
            "status": "available",
            "disclosable_to_defence": "undetermined",
            "sensitivity": "non_sensitive",
        }
    ]
    body = {"content": case_content(material=material), "note": "material"}
    path = f"/v1/case-files/{case_id}"
    return int(officer.post(f"{path}/versions", body, if_match=officer.etag(path)).json()["version"]["number"])


def share(officer: Party, supervisor: Party, case_id: str, number: int) -> None:
    """Submits a request with this version."""
    submit_request(supervisor, draft_request(officer, case_id)["id"], number)


def refused_everywhere(party: Party, attachment_id: str, case_id: str) -> None:
    for call in READS:
        party.refused("GET", f"/v1/attachments/{attachment_id}{call}", 404, "not-found")
    party.refused("GET", f"/v1/case-files/{case_id}/attachments", 404, "not-found")


def test_another_force_another_unit_and_another_area_see_nothing(
    sandbox: Sandbox, officer: Party, case_id: str
) -> None:
    attachment = attach(officer, case_id, statement())
    strangers = [
        sandbox.system("police-52"),
        sandbox.person("officer", unit="police-53-cid"),
        sandbox.system("cps-west-midlands"),
        sandbox.system("cps-south-west"),
    ]
    for stranger in strangers:
        refused_everywhere(stranger, attachment["id"], case_id)
        body = {"parts": [{"number": 1, "sha256": "0" * 64}]}
        stranger.refused("POST", f"/v1/attachments/{attachment['id']}/upload", 404, "not-found", json=body)
        stranger.refused("POST", f"/v1/attachments/{attachment['id']}/complete", 404, "not-found")
        stranger.refused("DELETE", f"/v1/attachments/{attachment['id']}", 404, "not-found")


def test_the_cps_sees_what_a_shared_version_names_and_nothing_before_or_beside(
    sandbox: Sandbox, officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    named, beside = (attach(officer, case_id, a_statement(number)) for number in (1, 2))
    number = naming(officer, case_id, named["id"])
    refused_everywhere(prosecutor, named["id"], case_id)
    share(officer, supervisor, case_id, number)
    assert download(prosecutor, named["id"]) == a_statement(1).data
    assert [item["id"] for item in prosecutor.items(f"/v1/case-files/{case_id}/attachments")] == [named["id"]]
    prosecutor.refused("GET", f"/v1/attachments/{beside['id']}", 404, "not-found")
    refused_everywhere(sandbox.person("prosecutor", unit="cps-south-west-crown-court"), named["id"], case_id)


def test_the_chain_of_custody_tells_of_versions_sharing_and_every_opening(
    officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    attachment = attach(officer, case_id, statement())
    share(officer, supervisor, case_id, naming(officer, case_id, attachment["id"]))
    download(officer, attachment["id"])
    download(prosecutor, attachment["id"])
    chain = prosecutor.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"]
    kinds = [link["kind"] for link in chain]
    assert kinds == [
        "declared", "upload_authorised", "received", "verified", "named_in_version", "shared", "consulted", "disclosed"
    ]  # fmt: skip
    assert chain[-1]["recipients"] == ["cps-south-west"]
    assert chain[-1]["staff_id"] == prosecutor.staff_id
    assert all(link["audit_entry_id"] for link in chain if link["kind"] not in ("named_in_version", "shared"))
    assert chain[3]["sha256"] == attachment["sha256"]


def test_the_other_side_may_look_and_not_touch(
    officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    attachment = attach(officer, case_id, statement())
    share(officer, supervisor, case_id, naming(officer, case_id, attachment["id"]))
    path = f"/v1/attachments/{attachment['id']}"
    prosecutor.refused("POST", f"{path}/complete", 403, "not-permitted")
    prosecutor.refused("DELETE", path, 403, "not-permitted", if_match=prosecutor.etag(path))


def test_the_cps_attaches_too_and_keeps_it_to_itself(
    officer: Party, supervisor: Party, prosecutor: Party, case_id: str
) -> None:
    share(officer, supervisor, case_id, 1)
    draft = attach(prosecutor, case_id, a_statement(9))
    assert draft["organisation"] == "cps-south-west"
    assert draft["visible_to_police"] is False
    for call in READS:
        officer.refused("GET", f"/v1/attachments/{draft['id']}{call}", 404, "not-found")
    assert officer.items(f"/v1/case-files/{case_id}/attachments") == []
    path = f"/v1/case-files/{case_id}"
    content = case_content()
    content["material"][0]["attachment_ids"] = [draft["id"]]
    body = {"content": content, "note": "naming what is not mine"}
    officer.post(f"{path}/versions", body, if_match=officer.etag(path), expect=422)


def test_an_attachment_is_deleted_with_the_tag_that_was_seen_and_says_so_after(officer: Party, case_id: str) -> None:
    attachment = attach(officer, case_id, statement())
    path = f"/v1/attachments/{attachment['id']}"
    officer.refused("DELETE", path, 428, "precondition-required")
    officer.refused("DELETE", path, 412, "stale", if_match='"another"')
    deleted = officer.delete(path, if_match=officer.etag(path), expect=200)
    assert deleted.json()["status"] == "deleted"
    assert officer.get(path).json()["status"] == "deleted"
    assert officer.etag(path) == deleted.headers["etag"]
    officer.refused("GET", f"{path}/content", 409, "wrong-state")
    officer.refused("DELETE", path, 409, "wrong-state", if_match=officer.etag(path))


def test_what_is_in_a_draft_version_can_be_deleted_and_what_was_submitted_cannot(
    officer: Party, supervisor: Party, case_id: str
) -> None:
    kept, dropped = (attach(officer, case_id, a_statement(number)) for number in (1, 2))
    naming(officer, case_id, dropped["id"])
    officer.delete(f"/v1/attachments/{dropped['id']}", if_match=officer.etag(f"/v1/attachments/{dropped['id']}"))
    share(officer, supervisor, case_id, naming(officer, case_id, kept["id"]))
    path = f"/v1/attachments/{kept['id']}"
    officer.refused("DELETE", path, 409, "wrong-state", if_match=officer.etag(path))
    assert download(officer, kept["id"]) == a_statement(1).data


def test_deleting_an_upload_on_its_way_takes_its_bytes_out_of_storage(officer: Party, case_id: str) -> None:
    file = a_statement(3)
    declared = declare(officer, case_id, file)
    part = declared["upload"]["parts"][0]
    http = officer.sandbox.http
    assert http.put(part["url"], content=file.data, headers=part["headers"]).status_code == 200
    path = f"/v1/attachments/{declared['id']}"
    officer.delete(path, if_match=officer.etag(path))
    for _ in range(200):
        kinds = [link["kind"] for link in officer.get(f"{path}/custody").json()["items"]]
        if kinds[-1] == "removed_from_storage":
            break
    assert kinds == ["declared", "deleted", "removed_from_storage"]
    assert officer.get(f"{path}/upload").json()["received"] == []


def test_events_of_attachments_reach_the_force_alone(
    sandbox: Sandbox, officer: Party, supervisor: Party, case_id: str
) -> None:
    attachment = attach(officer, case_id, statement())
    share(officer, supervisor, case_id, naming(officer, case_id, attachment["id"]))
    told = {party: told_of(sandbox.system(party), case_id) for party in ("police-53", "cps-south-west")}
    assert [event["type"] for event in told["police-53"]][:3] == [
        "case_file.opened",
        "attachment.declared",
        "attachment.available",
    ]
    assert told["police-53"][1]["data"]["attachment_id"] == attachment["id"]
    assert not [event for event in told["cps-south-west"] if event["type"].startswith("attachment.")]


def told_of(system: Party, case_id: str) -> list[dict[str, dict[str, str]]]:
    """All that a system was told of a case file."""
    told, cursor = [], None
    while True:
        page = system.get("/v1/events", params={"limit": 200} | ({"after": cursor} if cursor else {})).json()
        told += [event for event in page["items"] if event["data"].get("case_file_id") == case_id]
        if page["next_cursor"] == cursor:
            return told
        cursor = page["next_cursor"]


def test_the_chain_is_in_order_also_where_working_time_was_moved(
    sandbox: Sandbox, officer: Party, case_id: str
) -> None:
    sandbox.person("operator").post("/v1/sandbox/clock", json={"advance": "PT1H"})
    attachment = attach(officer, case_id, statement())
    download(officer, attachment["id"])
    chain = officer.get(f"/v1/attachments/{attachment['id']}/custody").json()["items"]
    assert [link["kind"] for link in chain] == ["declared", "upload_authorised", "received", "verified", "consulted"]
