"""Status is per suspect, and the case's is derived from theirs."""

from typing import Any

import pytest

from casefile_api.case_files.standing import beyond_investigation, standings_of, status_of_case, statuses

Json = Any


def suspect(identifier: str, *states: str, custody: str = "on_bail", **of_charge: str) -> Json:
    charges = [{"id": f"p{n}", "cjs_code": "SX03002", "state": state} for n, state in enumerate(states)]
    if of_charge:
        charges.append({"id": "p9", "cjs_code": "SX03002", **of_charge})
    return {"id": identifier, "custody": {"status": custody}, "proposed_charges": charges}


@pytest.mark.parametrize(
    ("one", "stage"),
    [
        ({"id": "s1"}, "open"),
        (suspect("s1", "proposed"), "open"),
        (suspect("s1", "proposed", "authorised"), "decided"),
        (suspect("s1", "withdrawn", "withdrawn"), "decided"),
        (suspect("s1", "withdrawn", "proposed"), "open"),
        (suspect("s1", custody="no_further_action"), "decided"),
        (suspect("s1", "authorised", "charged"), "post_charge"),
        (suspect("s1", charged_on="2026-10-01"), "post_charge"),
        (suspect("s1", custody="charged"), "post_charge"),
        (suspect("s1", custody="remanded"), "post_charge"),
    ],
)
def test_what_a_content_says_of_charges_is_where_its_suspect_stands(one: Json, stage: str) -> None:
    assert standings_of({"suspects": [one]}) == [{"id": "s1", "stage": stage}]


def test_who_a_request_with_the_cps_names_is_referred_and_so_is_the_case() -> None:
    standing = standings_of({"suspects": [suspect("s2"), suspect("s1", "charged"), suspect("s3", "authorised")]})
    found = statuses(standing, {"s2"}, begun=True)
    assert {one["id"]: one["status"] for one in found} == {"s1": "post_charge", "s2": "referred", "s3": "decided"}
    assert status_of_case(found, referred=True, begun=True) == "referred"
    assert beyond_investigation(standing) == {"s1": "post_charge", "s3": "decided"}


@pytest.mark.parametrize(
    ("stages", "begun", "status"),
    [
        (["open"], False, "registered"),
        (["open"], True, "in_investigation"),
        ([], False, "registered"),
        (["decided", "open"], True, "in_investigation"),
        (["decided", "decided"], False, "decided"),
        (["post_charge", "open"], False, "post_charge"),
        (["post_charge", "decided"], True, "post_charge"),
    ],
)
def test_the_case_is_decided_where_all_are_and_charged_where_one_is(
    stages: list[str], begun: bool, status: str
) -> None:
    found = statuses([{"id": str(n), "stage": stage} for n, stage in enumerate(stages)], set(), begun=begun)
    assert status_of_case(found, referred=False, begun=begun) == status
