"""What a force's system is told of its content over HTTP: its faults, its doubts, its readiness, its changes."""

import json

import jsonpatch
import jsonschema_rs
import psycopg
import pytest

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.outside.cases import case_content, draft_request, open_case, opening, request_body
from tests.outside.client import Party, Sandbox

JSON_PATCH = "application/json-patch+json"


def faults(answer) -> set[tuple[str, str]]:
    return {(fault["code"], fault["pointer"]) for fault in answer["errors"]}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"classification": "secret"}, ("too_sensitive", "/content/classification")),
        ({"colour": "red"}, ("unknown_field", "/content/colour")),
        ({"issues": None}, ("null", "/content/issues")),
        ({"extensions": {"score": 1.5}}, ("fraction", "/content/extensions/score")),
        ({"extensions": {"big": 2**53}}, ("integer_too_large", "/content/extensions/big")),
        ({"summary": "a\0"}, ("nul", "/content/summary")),
        ({"summary": "\ud800"}, ("lone_surrogate", "/content/summary")),
        ({"reported_on": "2026-02-30"}, ("impossible_date", "/content/reported_on")),
        ({"reported_on": "2126-01-01"}, ("future_date", "/content/reported_on")),
        (
            {"offences": [{"id": "o1", "cjs_code": "XX99999"}]},
            ("unknown_code", "/content/offences/0/cjs_code"),
        ),
        (
            {"material": [{"id": "m1", "kind": "MG11", "attachment_ids": ["none"]}]},
            ("unknown_attachment", "/content/material/0/attachment_ids/0"),
        ),
    ],
)
def test_a_content_that_cannot_be_is_refused_at_its_place(officer: Party, changes, fault) -> None:
    problem = officer.refused("POST", "/v1/case-files", 422, "invalid", json=opening(content=case_content(**changes)))
    assert fault in faults(problem)


def test_a_name_that_stands_twice_is_refused(officer: Party) -> None:
    raw = json.dumps(opening())[:-1].encode() + b', "note": "again"}'
    problem = officer.refused("POST", "/v1/case-files", 422, "invalid", content=raw, media_type="application/json")
    assert faults(problem) == {("duplicate_name", "/note")}


def test_null_is_kept_inside_extensions(officer: Party) -> None:
    content = case_content(extensions={"niche": {"beat": None, "list": [None, {"a": 1}]}})
    assert open_case(officer, content=content)["content"] == content


def test_what_is_doubtful_is_recorded_with_the_version_and_stops_nothing(officer: Party) -> None:
    content = case_content()
    content["suspects"][0]["identifiers"] = {"pnc_id": "2000/1234567A"}
    (warning,) = open_case(officer, content=content)["version"]["warnings"]
    assert (warning["code"], warning["pointer"]) == ("pnc_id_doubtful", "/content/suspects/0/identifiers/pnc_id")
    assert "1234567" not in warning["detail"]


def test_a_sound_version_is_ready_for_early_advice_and_warns_of_nothing(officer: Party) -> None:
    case = open_case(officer)
    assert case["version"]["warnings"] == []
    verdict = officer.get(f"/v1/case-files/{case['id']}/versions/1/readiness?standard=early_advice").json()
    assert verdict["ready"] is True and verdict["standard"] == "early_advice"
    assert {r["outcome"] for r in verdict["results"] if r["code"] in ("facts", "question")} == {"not_applicable"}


def test_what_a_version_misses_is_told_with_its_mend_and_what_it_prevents(officer: Party) -> None:
    case = open_case(officer, content=case_content(supervisor_comments=" ", lines_of_enquiry=[]))
    verdict = officer.get(f"/v1/case-files/{case['id']}/versions/1/readiness?standard=early_advice").json()
    missing = {r["code"]: r for r in verdict["results"] if r["outcome"] == "missing" and r["level"] == "required"}
    assert verdict["ready"] is False and set(missing) == {"supervisor_comments", "line_of_enquiry"}
    assert missing["supervisor_comments"] == {
        "code": "supervisor_comments",
        "level": "required",
        "outcome": "missing",
        "pointer": "/content/supervisor_comments",
        "message": "The supervisor's comments are missing.",
        "mend": "Have the supervisor review the file and write their comments.",
        "prevents": ["NO_OR_INCOMPLETE_SUPERVISOR_COMMENTS"],
    }


def test_a_request_is_judged_with_the_newest_version(officer: Party) -> None:
    case = open_case(officer)
    request = draft_request(officer, case["id"], **{**request_body(), "facts": " "})
    verdict = officer.get(f"/v1/early-advice-requests/{request['id']}/readiness").json()
    missing = [r["pointer"] for r in verdict["results"] if r["outcome"] == "missing" and r["level"] == "required"]
    assert verdict["ready"] is False and missing == ["/request/facts"]


@pytest.mark.parametrize("standard", ["full_code_test", "threshold_test", "first_hearing", "trial"])
def test_other_standards_ask_for_more(officer: Party, standard: str) -> None:
    case = open_case(officer)
    verdict = officer.get(f"/v1/case-files/{case['id']}/versions/1/readiness?standard={standard}").json()
    assert verdict["ready"] is False and verdict["rule_set"].startswith(f"{standard}@")


def test_an_unknown_standard_or_version_and_another_force_are_refused(officer: Party, sandbox: Sandbox) -> None:
    path = f"/v1/case-files/{open_case(officer)['id']}/versions"
    problem = officer.refused("GET", f"{path}/1/readiness?standard=perfection", 422, "invalid")
    assert problem["errors"][0]["parameter"] == "standard"
    officer.refused("GET", f"{path}/2/readiness?standard=trial", 404, "not-found")
    stranger = sandbox.person("officer", unit="police-52-rasso")
    stranger.refused("GET", f"{path}/1/readiness?standard=trial", 404, "not-found")


def test_the_changes_as_a_patch_turn_the_older_version_into_the_newer(officer: Party, case_id: str) -> None:
    path = f"/v1/case-files/{case_id}"
    newer = case_content(issues="New.", witnesses=[{"id": "w1", "kind": "expert"}], suspects=[{"id": "s1"}])
    del newer["defence_case"]
    officer.post(f"{path}/versions", json={"content": newer, "note": ""}, if_match=officer.etag(path))
    answer = officer.get(f"{path}/versions/2/changes?since=1", headers={"Accept": JSON_PATCH})
    older = officer.get(f"{path}/versions/1").json()["content"]
    assert answer.headers["content-type"] == JSON_PATCH
    assert jsonpatch.apply_patch({"content": older}, answer.json()) == {"content": newer}


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"content": {"suspects": []}}, ("unresolved_reference", "/content/offences/0/suspect_ids/0")),
        ({"content": {"suspects": [{"id": None}]}}, ("null", "/content/suspects/0/id")),
        ({"content": {"suspects": None}}, ("required", "/content/suspects")),
        ({"content": {"classification": "top_secret"}}, ("too_sensitive", "/content/classification")),
        ({"status": "decided"}, ("unknown_field", "/status")),
    ],
)
def test_a_merge_patch_is_held_to_the_same_rules(officer: Party, case_id: str, document, fault) -> None:
    path = f"/v1/case-files/{case_id}"
    sent = {"json": document, "media_type": "application/merge-patch+json", "if_match": officer.etag(path)}
    problem = officer.refused("PATCH", path, 422, "invalid", **sent)
    assert fault in faults(problem)
    assert officer.get(path).json()["version"]["number"] == 1


def test_a_merge_patch_removes_with_null_and_leaves_the_rest(officer: Party, case_id: str) -> None:
    view = officer.change(f"/v1/case-files/{case_id}", {"content": {"issues": None}, "note": "settled"}).json()
    expected = case_content()
    del expected["issues"]
    assert view["content"] == expected


def test_a_patch_of_copies_within_copies_is_refused_quickly(officer: Party, case_id: str) -> None:
    path = f"/v1/case-files/{case_id}"
    copies = [
        {"op": "copy", "from": "/content/extensions", "path": "/content/extensions/" + "a/" * n + "a"}
        for n in range(900)
    ]
    sent = {"json": copies, "media_type": JSON_PATCH, "if_match": officer.etag(path)}
    assert officer.call("PATCH", path, **sent).status_code in {413, 422}
    assert officer.get(path).json()["version"]["number"] == 1


@pytest.mark.parametrize("depth", [40, 100_000])
def test_no_nesting_brings_the_service_down(officer: Party, depth: int) -> None:
    raw = b'{"content":' + b"[" * depth + b"]" * depth + b"}"
    problem = officer.refused("POST", "/v1/case-files", 422, "invalid", content=raw, media_type="application/json")
    assert {code for code, _ in faults(problem)} == {"too_deep"}


def test_the_largest_body_is_taken_and_given_back_as_sent(officer: Party) -> None:
    content = case_content(extensions={f"k{n}": "x" * 10_000 for n in range(100)})
    assert open_case(officer, content=content)["content"] == content


def test_a_version_says_by_which_schema_it_was_written_and_the_schema_is_there_with_examples(officer: Party) -> None:
    (first, *_) = officer.get("/v1/schemas/case-file-content/1").json()["examples"]
    case = open_case(officer, content=first)
    items = officer.items("/v1/schemas")
    newest = next(item for item in items if item["newest"])
    assert (newest["version"], newest["href"].rsplit("/", 1)[-1]) == (case["version"]["content_schema"],) * 2
    for item in items:
        schema = officer.get(item["href"])
        assert jsonschema_rs.Draft202012Validator(schema.json()).is_valid(case["content"])
        assert officer.get(item["href"], headers={"If-None-Match": schema.headers["ETag"]}, expect=304)
    officer.refused("GET", "/v1/schemas/case-file-content/99", 404, "not-found")


def test_what_is_said_to_be_wrong_is_explained_under_its_code(officer: Party) -> None:
    rows = {row["code"]: row for row in officer.items("/v1/problem-codes", limit=60)}
    assert len(rows) >= 100 and len(officer.items("/v1/problem-codes", level="error")) < len(rows)
    content = case_content()
    content["suspects"][0]["custody"] = {"status": "on_bail"}
    (warning,) = open_case(officer, content=content)["version"]["warnings"]
    row = officer.get(f"/v1/problem-codes/{warning['code']}").json()
    assert row == rows[warning["code"]] and warning["detail"] == f"{row['meaning']} {row['mend']}"
    officer.refused("GET", "/v1/problem-codes/perfection", 404, "not-found")


def test_a_version_of_the_first_schema_is_read_compared_judged_and_gone_on_from(
    sandbox: Sandbox, officer: Party
) -> None:
    (first, *_) = officer.get("/v1/schemas/case-file-content/1").json()["examples"]
    case = open_case(officer, content=first)
    owner = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner.replace("+psycopg", "")
    with psycopg.connect(owner) as database:
        database.execute("update case_file_version set content_schema = 1 where case_file_id = %s", (case["id"],))
    path = f"/v1/case-files/{case['id']}"
    view = officer.get(f"{path}/versions/1").json()
    assert (view["version"]["content_schema"], view["content"]) == ("1", first)
    patch = {"content": {"devices": [{"id": "d1", "kind": "tablet", "suspect_id": "s1"}]}, "note": "a device"}
    newer = officer.change(path, patch).json()
    assert newer["version"]["content_schema"] == officer.items("/v1/schemas")[-1]["version"]
    told = officer.get(f"{path}/versions/2/changes?since=1").json()
    assert [section["section"] for section in told["sections"]] == ["devices"]
    assert officer.get(f"{path}/versions/1/readiness?standard=early_advice").json()["ready"]
