"""What came of early advice: told per suspect by the police, kept for good, and heard by both sides."""

from typing import Any

import pytest

from tests.api.advising import Teams, events_about, path_of
from tests.outside.cases import case_content, draft_request, submit_request

Json = Any


def charged(day: str | None = None, **changes: Any) -> Json:
    return {"suspect_id": "s1", "outcome": "CHARGE", **({"decided_on": day} if day else {})} | changes


def where(request: Json) -> str:
    return f"{path_of(request['id'])}/outcomes"


def test_an_outcome_is_told_to_both_sides_and_the_newest_of_a_suspect_stands(teams: Teams) -> None:
    request, day = teams.advised(), teams.day(0)
    first = charged(day, outcome="NFA_EVIDENTIAL", reason="The forensic result excludes him.")
    officer = teams.person("officer")
    tag = officer.etag(path_of(request["id"]))
    told = officer.post(where(request), first, expect=201).json()
    assert (told["days_after_submission"], told["stands"], told["decided_on"]) == (0, True, day)
    officer.post(where(request), charged(day, reason="A new witness."), expect=201)
    for role in ("supervisor", "prosecutor", "unit_head"):
        items = teams.person(role).get(where(request)).json()["items"]
        assert [(item["outcome"], item["stands"]) for item in items] == [("NFA_EVIDENTIAL", False), ("CHARGE", True)]
        assert [item["reason"] for item in items] == ["The forensic result excludes him.", "A new witness."]
        assert items[1]["by"]["organisation"] == "police-53"
        assert teams.person(role).get(path_of(request["id"])).json()["outcomes"] == items
    assert officer.etag(path_of(request["id"])) != tag, "what came of it is part of the request"
    for organisation in ("police-53", "cps-south-west"):
        events = events_about(teams, organisation, request, "early_advice.outcome_recorded", 2)
        heard = [event["data"] for event in events if event["type"] == "early_advice.outcome_recorded"]
        assert [data["outcome"] for data in heard] == ["NFA_EVIDENTIAL", "CHARGE"]
        assert {data["early_advice_request_id"] for data in heard} == {request["id"]} and "s1" not in str(heard)
    timeline = teams.person("prosecutor").items(f"/v1/case-files/{request['case_file_id']}/timeline")
    assert "told what became of a suspect: CHARGE" in timeline[-1]["sentence"]
    strangers = ("officer", "police-53-cid"), ("prosecutor", "cps-west-midlands-rasso")
    for role, unit in strangers:
        teams.person(role, unit).refused("GET", where(request), 404, "not-found")


def test_the_day_of_a_charge_is_taken_from_the_version_that_shows_it(teams: Teams) -> None:
    request, officer = teams.advised(), teams.person("officer")
    problem = officer.refused("POST", where(request), 422, "invalid", json=charged())
    assert problem["errors"][0]["pointer"] == "/decided_on"
    suspects = case_content()["suspects"]
    day = teams.day(-1)
    suspects[0]["proposed_charges"] = [
        {"id": "h1", "cjs_code": "SX03002", "state": "charged", "charged_on": teams.day(0)},
        {"id": "h2", "cjs_code": "SX03002", "state": "charged", "charged_on": day},
    ]
    teams.add_version(request, suspects=suspects)
    told = officer.post(where(request), charged(), expect=201).json()
    assert (told["decided_on"], told["days_after_submission"]) == (day, -1)


def test_every_request_that_was_submitted_for_the_suspect_is_told(teams: Teams) -> None:
    before = teams.completed()
    officer = teams.person("officer")
    after = draft_request(officer, before["case_file_id"])
    officer.post(where(before), charged(teams.day(0)), expect=201)
    assert officer.get(where(after)).json()["items"] == [], "it was not submitted yet"
    assert after["previous_request_id"] == before["id"]
    submit_request(teams.person("supervisor"), after["id"], 1)
    officer.post(where(after), charged(teams.day(0), outcome="OTHER"), expect=201)
    for request in (before, after):
        assert officer.get(where(request)).json()["items"][-1]["outcome"] == "OTHER"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"suspect_id": "s9"}, "/suspect_id"),
        ({"outcome": "ACQUITTED"}, "/outcome"),
        ({"decided_on": "2099-01-01"}, "/decided_on"),
        ({"outcome": "OTHER", "decided_on": None}, "/decided_on"),
    ],
)
def test_an_outcome_that_is_none_is_refused_by_its_place(
    teams: Teams, submitted_once: Json, changes: Json, pointer: str
) -> None:
    body = {name: value for name, value in (charged(teams.day(0)) | changes).items() if value is not None}
    problem = teams.person("officer").refused("POST", where(submitted_once), 422, "invalid", json=body)
    assert problem["errors"][0]["pointer"] == pointer


@pytest.fixture(scope="module")
def submitted_once(teams: Teams) -> Json:
    return teams.submitted()
