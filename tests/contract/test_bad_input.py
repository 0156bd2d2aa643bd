"""Bad input gets the right problem document, naming the place and the mend, and changes nothing."""

import base64
import json
import time
from typing import Any

import pytest

from tests.contract.bad_bodies import BAD_BODIES, BadBody
from tests.contract.scene import Scene
from tests.outside import cases, signing
from tests.outside.client import CLIENT_ASSERTION_TYPE, Party, Sandbox, check_problem

each_body = pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: bad.name)


def names_the_place(problem: Any, pointer: str) -> None:
    assert problem["detail"]
    faults = problem.get("errors", [])
    if pointer:
        assert any(fault["pointer"].startswith(pointer) for fault in faults if "pointer" in fault), faults
    assert all(fault["code"] and fault["detail"] for fault in faults)


@each_body
def test_a_bad_opening_is_refused_at_its_place_and_opens_nothing(bad: BadBody, scene: Scene) -> None:
    officer = scene.person("officer", "police")
    before = [item["id"] for item in officer.get("/v1/case-files").json()["items"]]
    answer = officer.call("POST", "/v1/case-files", content=bad.body, media_type="application/json")
    names_the_place(check_problem(answer, bad.status, bad.code), bad.pointer)
    assert "Quorthwaite" not in answer.text, "a name is echoed in an error"
    assert [item["id"] for item in officer.get("/v1/case-files").json()["items"]] == before


@each_body
def test_a_bad_version_is_refused_and_adds_nothing(bad: BadBody, scene: Scene) -> None:
    if not (bad.pointer.startswith("/content") or bad.status == 413):
        return
    officer, case = scene.person("officer", "police"), f"/v1/case-files/{scene.case['id']}"
    tag = officer.etag(case)
    start, end = bad.body.index(b'"content": '), bad.body.rindex(b"}")
    body = b'{"note": "again", ' + bad.body[start:end] + b"}"
    answer = officer.call("POST", f"{case}/versions", content=body, media_type="application/json", if_match=tag)
    names_the_place(check_problem(answer, bad.status, bad.code), bad.pointer)
    assert officer.etag(case) == tag


@pytest.mark.parametrize(
    ("operations", "status", "code"),
    [
        ([{"op": "test", "path": "/content/summary", "value": "something else"}], 409, "wrong-state"),
        ([{"op": "remove", "path": "/content/nowhere"}], 422, "invalid"),
        ([{"op": "replace", "path": "/content/case_type", "value": "rasso"}], 422, "invalid"),
        ([{"op": "add", "path": "/content/witnesses/7", "value": {}}], 422, "invalid"),
        ([{"op": "fly", "path": "/content"}], 422, "invalid"),
        ([{"op": "remove", "path": "/content"}], 422, "invalid"),
        ({"op": "remove"}, 422, "invalid"),
    ],
)
def test_a_patch_that_cannot_be_is_refused(operations: Any, status: int, code: str, scene: Scene) -> None:
    officer, case = scene.person("officer", "police"), f"/v1/case-files/{scene.case['id']}"
    tag = officer.etag(case)
    answer = officer.call("PATCH", case, json=operations, media_type="application/json-patch+json", if_match=tag)
    check_problem(answer, status, code)
    assert officer.etag(case) == tag


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/case-files?limit=0", "limit"),
        ("/v1/case-files?limit=201", "limit"),
        ("/v1/case-files?limit=many", "limit"),
        ("/v1/case-files?cursor=broken", "cursor"),
        ("/v1/case-files?colour=blue", "colour"),
        ("/v1/case-files/{id}?version=x", "version"),
        ("/v1/case-files/{id}?as_of=yesterday", "as_of"),
        ("/v1/case-files/{id}?as_of=2026-11-24T09:30:00Z&version=1", "as_of"),
        ("/v1/case-files/{id}/versions/2/readiness?standard=unheard_of", "standard"),
    ],
)
def test_a_bad_parameter_is_named(path: str, parameter: str, scene: Scene) -> None:
    problem = scene.person("officer", "police").refused("GET", path.format(id=scene.case["id"]), 422, "invalid")
    [fault] = [fault for fault in problem["errors"] if fault.get("parameter") == parameter]
    assert not fault["detail"].startswith("Value error"), "what is wrong is said in this service's words"


@pytest.mark.parametrize(
    "header", [None, "nosuchcode", "investigation; " + "x" * 2001, "investigation; %ff", "investigation; %00"]
)
def test_a_personal_token_must_say_why_in_the_words_there_are(header: str | None, sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    officer.justification = header
    problem = officer.refused("GET", "/v1/case-files", 422, "invalid")
    assert [fault["header"] for fault in problem["errors"]] == ["Access-Justification"]


@pytest.mark.parametrize(
    "identifier", ["1", "not-an-id", "%00", "..", "01900000-0000-7000-8000-00000000000g", "a" * 300]
)
def test_a_bad_id_is_answered_like_an_unknown_one(identifier: str, scene: Scene) -> None:
    answer = scene.person("officer", "police").call("GET", f"/v1/case-files/{identifier}")
    assert answer.status_code == 404, answer.text


def spoilt_tokens(party: Party) -> dict[str, str]:
    """Tokens that look right and are not."""
    header, claims, signature = party.token.split(".")
    altered = signing.claims_of(party.token) | {"roles": ["senior_officer"]}
    unsigned = signing.b64url(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    hmac = signing.b64url(json.dumps({"alg": "HS256", "typ": "at+jwt"}).encode())
    genuine_header = json.loads(base64.urlsafe_b64decode(header + "=="))
    expired = signing.claims_of(party.token) | {"exp": int(time.time()) - 3600}
    return {
        "altered claims": f"{header}.{signing.b64url(json.dumps(altered).encode())}.{signature}",
        "no algorithm": f"{unsigned}.{claims}.",
        "another algorithm": f"{hmac}.{claims}.{signature}",
        "signed by a client's key": signing.sign(party.key, genuine_header, signing.claims_of(party.token)),
        "expired and signed again": signing.sign(party.key, genuine_header, expired),
        "a client assertion": party.assertion(),
        "half a token": party.token[:-10],
        "nonsense": "nonsense",
        "very long": "a." * 20_000,
    }


def test_no_forged_token_is_believed(sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    for name, token in spoilt_tokens(officer).items():
        answer = sandbox.http.get(f"{sandbox.base_url}/v1/me", headers={"Authorization": f"Bearer {token}"})
        check_problem(answer, 401, "not-authenticated")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], name
        assert "resource_metadata=" in answer.headers["www-authenticate"], name


def test_an_assertion_counts_once_over_both_kinds(sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    form = officer.token_form()
    assert sandbox.token_request(form).status_code == 200
    replayed = sandbox.token_request(form)
    assert (replayed.status_code, replayed.json()["error"]) == (401, "invalid_client")
    jti = str(signing.claims_of(form["assertion"])["jti"])
    crossed = sandbox.token_request(
        form | {"client_assertion": officer.assertion(jti=jti), "assertion": officer.grant()}
    )
    assert (crossed.status_code, crossed.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"aud": "https://elsewhere.example"}, 401, "invalid_client"),
        ({"exp": 1_000_000_000}, 401, "invalid_client"),
        ({"iss": "force-52-rms"}, 401, "invalid_client"),
        ({"sub": "force-52-rms"}, 401, "invalid_client"),
        ({"jti": None}, 401, "invalid_client"),
        ({"aud": ["https://elsewhere.example"]}, 401, "invalid_client"),
    ],
)
def test_a_bad_client_assertion_gets_no_token(changes: Any, status: int, error: str, sandbox: Sandbox) -> None:
    system = sandbox.system("police-53")
    answer = sandbox.token_request(system.token_form() | {"client_assertion": system.assertion(**changes)})
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "nobody"},
        {"roles": ["unit_head"]},
        {"roles": []},
        {"sub": "force-53-rms"},
        {"exp": int(time.time()) + 3600},
    ],
)
def test_a_bad_grant_gets_no_token(changes: Any, sandbox: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    answer = sandbox.token_request(officer.token_form() | {"assertion": officer.grant(**changes)})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_scope_beyond_the_clients_is_refused(sandbox: Sandbox) -> None:
    system = sandbox.system("police-53", scope="early-advice:triage")
    answer = sandbox.token_request(system.token_form())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    form = {
        "grant_type": "password",
        "client_assertion_type": CLIENT_ASSERTION_TYPE,
        "client_assertion": system.assertion(),
    }
    assert sandbox.token_request(form).json()["error"] == "unsupported_grant_type"


def test_the_same_urn_is_opened_once(scene: Scene) -> None:
    officer, body = scene.person("officer", "police"), cases.opening()
    officer.post("/v1/case-files", body, expect=201)
    officer.refused("POST", "/v1/case-files", 409, "already-exists", json=body)
    officer.post("/v1/case-files", body | {"urn_suffix": "1"}, expect=201)
