"""What a curious or hostile caller tries at the door: each gets an answer that gives nothing away, and never a 500."""

import base64
import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.outside.cases import submitted_case
from tests.outside.client import Party, Sandbox, check_problem

Json = Any


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


def bare(sandbox: Sandbox, path: str, *headers: tuple[str, str]) -> httpx.Response:
    return httpx.get(sandbox.base_url + path, headers=list(headers), trust_env=False)


@pytest.mark.parametrize(
    "query",
    [
        "/v1/case-files?cps_unit=a%00b",
        "/v1/case-files?offence=%00",
        "/v1/case-files?case_type=%00",
        "/v1/case-files?urn=%00",
        "/v1/early-advice-requests?assigned_to=%00",
        "/v1/early-advice-requests?unit=%00",
        "/v1/units?organisation=%00",
        "/v1/case-files?limit=1&limit=200",
        "/v1/case-files?access_token=x",
    ],
)
def test_a_filter_without_one_sound_meaning_is_refused(officer: Party, query: str) -> None:
    officer.refused("GET", query, 422, "invalid")


@pytest.mark.parametrize("path", ["/v1/case-files/%00", "/v1/case-files/%ed%a0%80", "/v1/attachments/%27", "/v1/me/"])
def test_a_path_that_names_nothing_is_not_found(officer: Party, path: str) -> None:
    officer.refused("GET", path, 404, "not-found")


KEYS = [[], [1], ["\ud800"], ["\0"], [None], {"a": 1}, [["x"]], [True], [10**30], ["x", "y", "z"], "x", [1.5]]
KEYS += [["2026-11-24T11:00:00Z", key] for key in (5, [], None)]
LISTS = ["/v1/case-files", "/v1/early-advice-requests", "/v1/organisations", "/v1/code-lists"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_a_cursor_made_by_hand_is_refused(officer: Party, path: str, keys: Json) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")

    officer.refused("GET", f"{path}?cursor={cursor}", 422, "invalid")


def test_a_cursor_may_name_any_number(sandbox: Sandbox, officer: Party) -> None:
    case, request = submitted_case(sandbox)
    advice, file = f"/v1/early-advice-requests/{request['id']}", f"/v1/case-files/{case['id']}"
    for number in (-(2**63) + 1, 2**31, 2**63 - 1):
        cursor = base64.urlsafe_b64encode(json.dumps([number]).encode()).decode().rstrip("=")
        for path in (f"{advice}/actions", f"{advice}/messages", f"{file}/versions", f"{file}/timeline"):
            officer.get(f"{path}?cursor={cursor}", expect=200)


def test_two_tokens_are_no_token(sandbox: Sandbox, officer: Party) -> None:
    good, other = f"Bearer {officer.token}", f"Bearer {sandbox.party('force-20-rms').token}"

    for headers in ([good, other], [good, good], ["Bearer x", good]):
        answer = bare(sandbox, "/v1/me", *(("Authorization", value) for value in headers))
        check_problem(answer, 401, "not-authenticated")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic {}", "bearer\t{}", "{}", "Bearer {} x"])
def test_a_token_is_taken_in_one_form_alone(sandbox: Sandbox, officer: Party, header: str) -> None:
    answer = bare(sandbox, "/v1/me", ("Authorization", header.format(officer.token)))

    check_problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", resource_metadata="')


def test_every_bad_token_is_answered_in_the_same_words(sandbox: Sandbox, officer: Party) -> None:
    head, payload, signature = officer.token.split(".")
    unsigned = f"{head}.{payload}"
    spoilt = ["x", unsigned, f"{unsigned}.{'A' * 86}", f"{unsigned}.{signature[:-4]}", "A" * 9000]

    said = set()
    for token in spoilt:
        problem = bare(sandbox, "/v1/me", ("Authorization", f"Bearer {token}")).json()
        said.add((problem["status"], problem["title"], problem["detail"], problem["code"]))

    assert len(said) == 1


def test_no_other_site_may_read_with_a_browser(sandbox: Sandbox, officer: Party) -> None:
    answer = officer.get("/v1/me", headers={"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_links_lead_to_the_service_whatever_host_was_named(sandbox: Sandbox, officer: Party) -> None:
    answer = officer.get("/v1/organisations?limit=1", headers={"X-Forwarded-Host": "elsewhere.example"})

    assert answer.headers["link"].startswith(f"<{sandbox.base_url}/")


def test_a_coded_body_is_refused_unread(officer: Party) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    officer.refused("POST", "/v1/case-files", 415, "unsupported-media-type", content=b"\x1f\x8b", headers=headers)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_method_that_is_not_there_is_named_beside_those_that_are(officer: Party, method: str) -> None:
    answer = officer.call(method, "/v1/me", headers={"X-HTTP-Method-Override": "GET"})

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("reason", ["", "curiosity", "investigation; %ff", "investigation; %00", "audit; " + "x" * 201])
def test_a_reason_for_looking_that_is_none_is_refused(officer: Party, reason: str) -> None:
    problem = officer.refused("GET", "/v1/case-files", 422, "invalid", headers={"Access-Justification": reason})

    assert problem["errors"][0]["header"] == "Access-Justification"


@pytest.mark.parametrize(
    ("name", "values"),
    [("Access-Justification", ["investigation", "audit"]), ("Idempotency-Key", ["first", "second"])],
)
def test_a_header_that_has_one_meaning_is_taken_once(
    sandbox: Sandbox, officer: Party, name: str, values: list[str]
) -> None:
    said = [("Authorization", f"Bearer {officer.token}"), ("Access-Justification", "investigation")]
    said = [*(header for header in said if header[0] != name), *((name, value) for value in values)]
    problem = check_problem(bare(sandbox, "/v1/case-files", *said), 422, "invalid")

    assert [(fault["code"], fault["header"]) for fault in problem["errors"]] == [("repeated", name)]


def test_two_media_types_are_none(sandbox: Sandbox, officer: Party) -> None:
    types = [("Content-Type", "application/json; charset=utf-8"), ("Content-Type", "text/plain")]
    headers = [("Authorization", f"Bearer {officer.token}"), ("Access-Justification", "investigation"), *types]
    url = sandbox.base_url + "/v1/case-files"

    answer = httpx.post(url, content=b"{}", headers=headers, trust_env=False)
    check_problem(answer, 415, "unsupported-media-type")


def test_tags_on_two_lines_are_one_list(sandbox: Sandbox, officer: Party) -> None:
    case, _ = submitted_case(sandbox)
    path = f"/v1/case-files/{case['id']}"
    tags = [("If-Match", '"another"'), ("If-Match", officer.etag(path))]
    headers = [("Authorization", f"Bearer {officer.token}"), ("Access-Justification", "investigation"), *tags]
    body = {"crime_references": ["53/2026/000002"], "reason": "Typed wrongly."}

    answer = httpx.post(f"{sandbox.base_url}{path}/corrections", json=body, headers=headers, trust_env=False)
    assert answer.is_success, answer.text
