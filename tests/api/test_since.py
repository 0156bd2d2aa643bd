"""What changed since the version that this person saw last, or that their unit was given last."""

import jsonpatch
import pytest

from tests.api.advising import Teams, path_of
from tests.outside.cases import draft_request, open_case, submit_request
from tests.outside.client import Party

MERGE = "application/merge-patch+json"


def change(party: Party, path: str, issues: str) -> None:
    body = {"content": {"issues": issues}, "note": issues}
    party.call("PATCH", path, json=body, if_match=party.etag(path), media_type=MERGE).raise_for_status()


def since(party: Party, path: str, number: int, word: str) -> int:
    return int(party.get(f"{path}/versions/{number}/changes", params={"since": word}).json()["from"])


@pytest.fixture
def path(officer: Party) -> str:
    """A case file with four versions."""
    path = f"/v1/case-files/{open_case(officer)['id']}"
    for issues in ("two", "three", "four"):
        change(officer, path, issues)
    return path


def test_last_seen_goes_by_the_person_and_is_before_the_version_asked_about(teams: Teams, path: str) -> None:
    reader, other = teams.person("officer", number=1), teams.person("supervisor")
    told = reader.get(f"{path}/versions/4/changes", params={"since": "last-seen"}).json()
    assert told["from"] == 0 and {section["section"] for section in told["sections"]} >= {"suspects", "issues"}
    reader.get(f"{path}/versions/2")
    other.get(f"{path}/versions/3")
    assert since(reader, path, 4, "last-seen") == 2
    reader.get(path)
    assert since(reader, path, 4, "last-seen") == 2, "what is being looked at is not what it is compared with"
    assert since(other, path, 4, "last-seen") == 3
    told = other.get(f"{path}/versions/4/changes", params={"since": "last-seen"}).json()
    assert [section["counts"] for section in told["sections"]] == [{"added": 0, "removed": 0, "changed": 1}]


def test_a_refused_look_and_a_list_are_not_seen(teams: Teams, path: str) -> None:
    reader = teams.person("gatekeeper")
    reader.items(f"{path}/versions")
    reader.refused("GET", f"{path}/versions/9", 404, "not-found")
    assert since(reader, path, 4, "last-seen") == 0


def test_last_submitted_goes_by_the_unit(teams: Teams, officer: Party) -> None:
    case = open_case(officer)["id"]
    path = f"/v1/case-files/{case}"
    change(officer, path, "two")
    request = draft_request(officer, case)["id"]
    submit_request(teams.person("supervisor"), request, 2)
    for issues in ("three", "four"):
        change(officer, path, issues)
    assert since(officer, path, 4, "last-submitted") == 2
    assert since(officer, path, 2, "last-submitted") == 0
    prosecutor = teams.person("prosecutor")
    assert since(prosecutor, path, 2, "last-submitted") == 0
    prosecutor.refused("GET", f"{path}/versions/4/changes?since=last-submitted", 404, "not-found")


def test_what_went_to_another_unit_was_not_submitted_to_this_one(teams: Teams) -> None:
    case, crown_court = teams.submitted()["case_file_id"], "cps-south-west-crown-court"
    path, supervisor, officer = f"/v1/case-files/{case}", teams.person("supervisor"), teams.person("officer")
    [first] = supervisor.items("/v1/early-advice-requests", case_file_id=case)
    supervisor.step(path_of(first["id"]), "withdraw", {"reason": "It belongs elsewhere."}, expect=200)
    moved = {"cps_unit": crown_court, "reason": "It belongs there."}
    officer.post(f"{path}/corrections", moved, if_match=officer.etag(path), expect=200)
    change(officer, path, "two")
    submit_request(supervisor, draft_request(officer, case)["id"], 2)
    assert since(officer, path, 2, "last-submitted") == 1, "the force sent both"
    assert since(teams.person("prosecutor", crown_court), path, 2, "last-submitted") == 0


def test_who_restored_a_version_saw_what_came_of_it(teams: Teams, officer: Party, path: str) -> None:
    reader = teams.person("supervisor", number=1)
    tag = officer.etag(path)  # who reads it themselves has seen the version before as well
    reader.post(f"{path}/versions/1/restore", {"note": "back"}, if_match=tag, expect=201)
    change(officer, path, "six")
    assert since(reader, path, 6, "last-seen") == 5


def test_what_is_new_since_nothing_makes_the_whole_content(officer: Party, path: str) -> None:
    stranger_to_it = {"Accept": "application/json-patch+json"}
    answer = officer.get(f"{path}/versions/1/changes", params={"since": "last-seen"}, headers=stranger_to_it)
    whole = jsonpatch.apply_patch({"content": {}}, answer.json())
    assert whole["content"] == officer.get(f"{path}/versions/1").json()["content"]


@pytest.mark.parametrize("word", ["0", "-1", "last", "2147483648", "LAST-SEEN"])
def test_another_word_is_refused(officer: Party, path: str, word: str) -> None:
    problem = officer.refused("GET", f"{path}/versions/2/changes?since={word}", 422, "invalid")
    [fault] = problem["errors"]
    assert fault["parameter"] == "since" and "'last-seen' or 'last-submitted'" in fault["detail"]
