"""A refusal goes to appeal; a transfer leaves both units what they were given; a withdrawal takes nothing back."""

import pytest

from tests.journeys.cast import Cast
from tests.outside import cases
from tests.outside.client import Sandbox

REVIEW = {"review_type": "EARLY_ADVICE", "case_type": "RASSO"}


@pytest.fixture
def cast(sandbox: Sandbox) -> Cast:
    return Cast.of(sandbox)


def refused_request(sandbox: Sandbox, cast: Cast) -> str:
    """Path of a request that a legal manager has refused."""
    _, request = cases.submitted_case(sandbox)
    path = f"/v1/early-advice-requests/{request['id']}"
    cast.assistant.step(path, "accept", REVIEW, expect=200)
    refused = cast.manager.step(
        path, "refuse", {"reasons": ["Too early: the suspect was not interviewed."]}, expect=200
    )
    assert (refused.json()["state"], refused.json()["with"]) == ("refused", "police")
    return path


def test_an_upheld_refusal_cannot_be_appealed_again(sandbox: Sandbox, cast: Cast) -> None:
    path = refused_request(sandbox, cast)
    cast.senior_officer.step(path, "appeal", {"grounds": "He was interviewed."}, expect=200)
    upheld = cast.unit_head.step(path, "uphold", {"reason": "Not about the main point."}, expect=200).json()
    assert upheld["state"] == "refused"
    again = {"grounds": "He was."}
    tag = cast.senior_officer.etag(path)
    cast.senior_officer.refused("POST", f"{path}/appeal", 409, "wrong-state", json=again, if_match=tag)


def test_an_overturned_refusal_goes_on_with_a_new_advice_clock(sandbox: Sandbox, cast: Cast) -> None:
    path = refused_request(sandbox, cast)
    cast.senior_officer.step(path, "appeal", {"grounds": "He was interviewed."}, expect=200)
    overturned = cast.unit_head.step(path, "overturn", {"reason": "He was."}, expect=200).json()
    advice = [clock for clock in overturned["clocks"] if clock["kind"] == "advice"]
    assert overturned["state"] == "accepted"
    assert len(advice) == 2 and advice[0]["stopped_at"] and not advice[1]["stopped_at"]


def test_a_transfer_gives_the_other_unit_what_was_shared_and_takes_nothing_away(sandbox: Sandbox, cast: Cast) -> None:
    case, request = cases.submitted_case(sandbox)
    path = f"/v1/early-advice-requests/{request['id']}"
    cast.assistant.step(path, "accept", REVIEW, expect=200)
    to = {"unit": "cps-west-midlands-rasso", "reason": "The suspect lives there."}
    cast.manager.step(path, "transfer", to, expect=200)
    receiving = sandbox.person("casework_assistant", unit="cps-west-midlands-rasso")
    assert receiving.get(path).json()["state"] == "submitted"
    for party in (receiving, cast.prosecutor):
        assert party.get(f"/v1/case-files/{case['id']}").json()["version"]["digest"] == case["version"]["digest"]


def test_a_withdrawal_takes_nothing_back_and_gives_nothing_newer(sandbox: Sandbox, cast: Cast) -> None:
    case, request = cases.submitted_case(sandbox)
    path, case_path = f"/v1/early-advice-requests/{request['id']}", f"/v1/case-files/{case['id']}"
    cast.supervisor.step(path, "withdraw", {"reason": "The complainant asked for time."}, expect=200)
    cast.officer.change(case_path, {"content": {"issues": "Another."}, "note": "after the withdrawal"}, expect=200)
    seen = cast.prosecutor.get(case_path).json()
    assert seen["version"]["number"] == 1 and seen["content"] == case["content"]


def test_who_created_a_request_does_not_endorse_it(sandbox: Sandbox, cast: Cast) -> None:
    case = cases.open_case(cast.officer)
    request = cases.draft_request(cast.supervisor, case["id"])
    path = f"/v1/early-advice-requests/{request['id']}"
    body = {"endorsement": "My own work.", "version": 1}
    tag = cast.supervisor.etag(path)
    cast.supervisor.refused("POST", f"{path}/submit", 403, "not-permitted", json=body, if_match=tag)
