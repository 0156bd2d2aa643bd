"""An earlier content made the newest again: a version like any other, and nothing between is lost."""

from tests.outside.cases import case_content
from tests.outside.client import Party
from tests.outside.digest import check_chain


def test_an_earlier_content_becomes_a_new_version_and_the_history_stays_whole(officer: Party, case_id: str) -> None:
    path = f"/v1/case-files/{case_id}"
    first = officer.get(path).json()["content"]
    wrong = {"content": case_content(summary="Of another case."), "note": "wrong file"}
    officer.post(f"{path}/versions", wrong, if_match=officer.etag(path), expect=201)
    restored = f"{path}/versions/1/restore"
    officer.refused("POST", restored, 428, "precondition-required", json={"note": "back"})
    answer = officer.post(restored, {"note": "the wrong file was sent"}, if_match=officer.etag(path), expect=201)
    view = answer.json()
    assert view["content"] == first and view["version"]["number"] == 3
    assert view["version"]["note"] == "the wrong file was sent"
    assert answer.headers["location"] == f"{path}/versions/3"
    views = [officer.get(f"{path}/versions/{number}").json() for number in (1, 2, 3)]
    check_chain(views)
    assert views[1]["content"]["summary"] == "Of another case."


def test_what_changes_nothing_or_is_not_there_is_refused(officer: Party, case_id: str) -> None:
    path = f"/v1/case-files/{case_id}"
    tag = officer.etag(path)
    problem = officer.refused("POST", f"{path}/versions/1/restore", 422, "invalid", json={"note": ""}, if_match=tag)
    assert problem["errors"][0]["code"] == "no_change"
    officer.refused("POST", f"{path}/versions/7/restore", 404, "not-found", json={"note": ""}, if_match=tag)
