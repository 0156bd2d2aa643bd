"""What the CPS attaches is its own until it names it to police."""

import pytest

from tests.api.attaching import a_statement
from tests.outside.cases import allocated_case
from tests.outside.client import Json, Party, Sandbox
from tests.outside.uploads import attach, declare, download


@pytest.fixture(scope="module")
def case_and_request(sandbox: Sandbox) -> tuple[Json, Json]:
    return allocated_case(sandbox)


@pytest.fixture
def prosecutor(sandbox: Sandbox) -> Party:
    return sandbox.person("prosecutor", unit="cps-south-west-rasso")


def test_a_message_shows_police_the_attachment_that_it_names(
    officer: Party, prosecutor: Party, case_and_request: tuple[Json, Json]
) -> None:
    case, request = case_and_request
    named, kept = (attach(prosecutor, case["id"], a_statement(number)) for number in (1, 2))
    body = {"text": "See the note attached.", "attachment_ids": [named["id"]]}
    prosecutor.post(f"/v1/early-advice-requests/{request['id']}/messages", body, expect=201)
    assert download(officer, named["id"]) == a_statement(1).data
    assert officer.get(f"/v1/attachments/{named['id']}").json()["visible_to_police"] is True
    officer.refused("GET", f"/v1/attachments/{kept['id']}", 404, "not-found")
    chain = officer.get(f"/v1/attachments/{named['id']}/custody").json()["items"]
    assert [link["kind"] for link in chain][-3:] == ["revealed", "disclosed", "read"]
    path = f"/v1/attachments/{named['id']}"
    prosecutor.refused("DELETE", path, 409, "wrong-state", if_match=prosecutor.etag(path))


def test_a_message_cannot_name_what_is_not_ones_own_or_not_verified(
    officer: Party, prosecutor: Party, case_and_request: tuple[Json, Json]
) -> None:
    case, request = case_and_request
    theirs = attach(officer, case["id"], a_statement(3))
    unverified = declare(prosecutor, case["id"], a_statement(4))
    path = f"/v1/early-advice-requests/{request['id']}/messages"
    for attachment in (theirs, unverified):
        body = {"text": "See this.", "attachment_ids": [attachment["id"]]}
        problem = prosecutor.refused("POST", path, 422, "invalid", json=body)
        assert problem["errors"][0]["pointer"] == "/attachment_ids/0"
    officer.refused("GET", f"/v1/attachments/{unverified['id']}", 404, "not-found")


def test_the_cps_opening_its_own_file_is_consultation_and_no_disclosure(
    sandbox: Sandbox, prosecutor: Party, case_and_request: tuple[Json, Json]
) -> None:
    own = attach(prosecutor, case_and_request[0]["id"], a_statement(5))
    download(prosecutor, own["id"])
    chain = prosecutor.get(f"/v1/attachments/{own['id']}/custody").json()["items"]
    assert (chain[-1]["kind"], chain[-1]["recipients"]) == ("consulted", [])
