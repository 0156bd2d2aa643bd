"""What a force's system says of a call reaches the log's erasable part, and opens nothing to anybody."""

from typing import Any

import pytest

from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox

SAID = {"X-Reason-Code": "supervisory_review", "X-Justification": "Weekly%20review", "On-Behalf-Of": "DI%20Invented"}
SAID |= {"Activity-Code": "OP-LINDEN", "Session-Id": "s-1", "X-Correlation-Id": "c-77"}


def entry_of(sandbox: Sandbox, request_id: str, case_id: str) -> Any:
    entries = sandbox.person("auditor").items("/v1/audit-log/entries", case_file_id=case_id)
    return next(item for item in entries if item["entry"]["request_id"] == request_id)


def test_they_stand_for_a_justification_and_are_in_the_erasable_part_alone(
    sandbox: Sandbox, officer: Party, case_id: str
) -> None:
    officer.justification = None
    answer = officer.get(f"/v1/case-files/{case_id}", headers=SAID)
    found = entry_of(sandbox, answer.headers["request-id"], case_id)

    assert answer.headers["x-correlation-id"] == "c-77"
    assert found["entry"]["justification_code"] == "supervision"
    assert found["erasable"]["justification_text"] == "Weekly review"
    assert found["erasable"]["details"]["context"] == {
        "reason_code": "supervisory_review",
        "on_behalf_of": "DI Invented",
        "activity_code": "OP-LINDEN",
        "session_id": "s-1",
        "correlation_id": "c-77",
    }
    assert "Invented" not in str(found["entry"]) and "OP-LINDEN" not in str(found["entry"])


def test_our_own_header_holds_where_both_are_there(sandbox: Sandbox, officer: Party, case_id: str) -> None:
    officer.justification = "disclosure-review"
    answer = officer.get(f"/v1/case-files/{case_id}", headers=SAID)
    found = entry_of(sandbox, answer.headers["request-id"], case_id)

    assert found["entry"]["justification_code"] == "disclosure-review"
    assert found["erasable"]["justification_text"] == "Weekly review"


def test_acting_on_behalf_of_somebody_opens_nothing(sandbox: Sandbox) -> None:
    other = sandbox.person("officer", organisation="police-20")
    case_id = open_case(other)["id"]
    officer = sandbox.person("officer", unit="police-53-rasso")

    for name in (other.staff_id, "senior_officer", "police-20", "operator"):
        headers = {"On-Behalf-Of": str(name), "Reason-Code": "inspection"}
        officer.refused("GET", f"/v1/case-files/{case_id}", 404, "not-found", headers=headers)


def test_nor_in_the_own_force_what_the_other_unit_or_role_would(sandbox: Sandbox, officer: Party, case_id: str) -> None:
    elsewhere, senior = sandbox.person("officer", unit="police-53-cid"), sandbox.person("senior_officer")
    path, nothing = f"/v1/case-files/{case_id}", {"admitted": [], "reason": "x"}

    for name in (officer.staff_id, senior.staff_id, "senior_officer"):
        headers = {"On-Behalf-Of": str(name), "Reason-Code": "inspection"}
        elsewhere.refused("GET", path, 404, "not-found", headers=headers)
        officer.refused("POST", f"{path}/restrict", 403, "not-permitted", json=nothing, headers=headers)


def test_words_alone_are_no_justification(officer: Party) -> None:
    officer.justification = None
    problem = officer.refused("GET", "/v1/case-files", 422, "invalid", headers={"Justification": "Because"})

    assert [fault["header"] for fault in problem["errors"]] == ["Access-Justification"]


@pytest.mark.parametrize("name", ["Reason-Code", "Session-Id", "On-Behalf-Of"])
def test_a_malformed_one_is_refused_by_name(officer: Party, name: str) -> None:
    problem = officer.refused("GET", "/v1/case-files", 422, "invalid", headers={f"X-{name}": "%ff %00"})

    assert [fault["header"] for fault in problem["errors"]] == [name]
