"""What every answer has and lacks, and what is refused before anybody asks who is calling."""

import http.client
import json
import socket
from contextlib import closing
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from casefile_api.settings import Settings
from casefile_api.web.hosts import known_hosts
from tests.outside.client import Party, Sandbox, check_problem

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "strict-transport-security": "max-age=31536000",
}
PATHS = ["/v1/me", "/v1/case-files", "/healthz", "/nowhere", "/oauth/jwks", "/problems/invalid", "/docs"]


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


def raw(sandbox: Sandbox, request: bytes, *, seconds: float = 10.0) -> http.client.HTTPResponse:
    """Send bytes as they are, and read the answer."""
    where = urlsplit(sandbox.base_url)
    with closing(socket.create_connection((where.hostname or "", where.port or 0), timeout=seconds)) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.body = answer.read()  # type: ignore[attr-defined]
        return answer


def hosted(*lines: str) -> bytes:
    return "\r\n".join(["GET /v1/me HTTP/1.1", *lines, "Connection: close", "", ""]).encode("latin-1")


def allowed(answer: httpx.Response) -> set[str]:
    return {word.strip() for word in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_that_protect_its_reader(system: Party, path: str) -> None:
    headers = system.call("GET", path).headers

    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "default-src" in headers["content-security-policy"] and headers["request-id"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_says_what_it_was_made_with(system: Party, path: str) -> None:
    headers = system.call("GET", path).headers

    assert not {"server", "x-powered-by", "via", "set-cookie"} & set(headers)


def test_another_origin_gets_no_leave_to_read(system: Party) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answers = [system.call("GET", "/v1/me", headers=asked), system.call("OPTIONS", "/v1/me", headers=asked)]

    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: elsewhere.example"],
        ["Host: 127.0.0.1.elsewhere.example"],
        ["Host: 127.0.0.1@elsewhere.example"],
        ["Host: 127.0.0.1", "Host: elsewhere.example"],
        ["Host: ["],
        ["Host:"],
    ],
)
def test_a_request_for_another_host_gets_nothing(sandbox: Sandbox, system: Party, lines: list[str]) -> None:
    answer = raw(sandbox, hosted(*lines, f"Authorization: Bearer {system.token}"))

    assert answer.status in {400, 404}
    if answer.status == 404:
        assert json.loads(answer.body)["code"] == "not-found"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://elsewhere.example/v1/me", "127.0.0.1", 404),
        ("https://elsewhere.example:443/v1/me?x=y", "127.0.0.1", 404),
        ("HTTP://127.0.0.1@elsewhere.example/v1/me", "127.0.0.1", 404),
        ("http://[2001:db8::1]/v1/me", "127.0.0.1", 404),
        ("//elsewhere.example/v1/me", "127.0.0.1", 404),
        ("elsewhere.example/v1/me", "127.0.0.1", 400),
        ("http://127.0.0.1/v1/me", "127.0.0.1", 200),
        ("http://127.0.0.1/v1/me", "elsewhere.example", 200),
        ("http://[::1]:8000/v1/me", "127.0.0.1", 200),
    ],
)
def test_a_target_that_names_a_host_is_answered_as_that_host(
    sandbox: Sandbox, system: Party, target: str, host: str, status: int
) -> None:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {system.token}", "Connection: close"]
    answer = raw(sandbox, "\r\n".join([*lines, "", ""]).encode())

    assert answer.status == status
    if status == 200:
        assert json.loads(answer.body)["client_id"] == system.client_id  # type: ignore[attr-defined]


def test_two_hosts_are_none_also_beside_a_target_that_names_one(sandbox: Sandbox) -> None:
    lines = ["GET http://127.0.0.1/v1/me HTTP/1.1", "Host: 127.0.0.1", "Host: elsewhere.example", "Connection: close"]

    assert raw(sandbox, "\r\n".join([*lines, "", ""]).encode()).status == 404


def test_a_forged_forwarded_host_changes_nothing(system: Party) -> None:
    forged = {"X-Forwarded-Host": "elsewhere.example", "Forwarded": "host=elsewhere.example"}
    answer = system.call("GET", "/.well-known/oauth-authorization-server", headers=forged)

    assert answer.json()["issuer"] == system.sandbox.config["issuer"]


def test_health_is_told_whatever_the_host(sandbox: Sandbox) -> None:
    assert raw(sandbox, b"GET /healthz HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n").status == 200


def test_the_hosts_are_those_set_or_that_of_the_public_url() -> None:
    assert known_hosts(Settings(public_url="https://Casefile.example/api")) == {"casefile.example"}
    assert known_hosts(Settings(allowed_hosts="a.example, B.example")) == {"a.example", "b.example"}
    assert known_hosts(Settings(public_url="http://127.0.0.1:8000")) == {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "DELETE"])
def test_a_method_that_a_path_does_not_take_is_told_those_it_takes(system: Party, method: str) -> None:
    answer = system.call(method, "/v1/case-files")

    check_problem(answer, 405, "method-not-allowed")
    assert allowed(answer) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/case-files", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("/v1/webhook-endpoints/x", {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}),
        ("/oauth/token", {"OPTIONS", "POST"}),
        ("/v1/audit-log/tile/0/x001/000", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_tells_what_a_path_takes_and_nothing_else(sandbox: Sandbox, path: str, methods: set[str]) -> None:
    answer = sandbox.http.options(sandbox.base_url + path, headers={"Origin": "https://elsewhere.example"})

    assert (answer.status_code, answer.content, allowed(answer)) == (204, b"", methods)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_options_of_a_path_that_is_not_there_is_not_found(sandbox: Sandbox) -> None:
    check_problem(sandbox.http.options(f"{sandbox.base_url}/v1/nowhere"), 404, "not-found")


def test_a_head_is_the_get_without_its_body_and_the_connection_goes_on(system: Party) -> None:
    got, head = system.get("/v1/case-files"), system.call("HEAD", "/v1/case-files")

    assert head.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    check_problem(system.call("GET", "/v1/case-files/nothing"), 404, "not-found")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jso",
    ],
)
def test_a_body_of_another_media_type_is_refused(system: Party, media_type: str) -> None:
    system.refused("POST", "/v1/case-files", 415, "unsupported-media-type", content=b"{}", media_type=media_type)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, gzip", "zstd"])
def test_a_compressed_body_is_refused_unopened(system: Party, coding: str) -> None:
    how = {"content": b"\x1f\x8b", "media_type": "application/json", "headers": {"Content-Encoding": coding}}
    system.refused("POST", "/v1/case-files", 415, "unsupported-media-type", **how)


def test_a_body_whose_length_is_announced_twice_is_not_read(sandbox: Sandbox) -> None:
    where = urlsplit(sandbox.base_url).netloc
    lines = ["POST /oauth/token HTTP/1.1", f"Host: {where}", "Content-Length: 2", "Transfer-Encoding: chunked"]
    answer = raw(sandbox, "\r\n".join([*lines, "Connection: close", "", "0", "", ""]).encode())

    assert answer.status == 400


def test_a_failure_tells_nothing_of_what_it_was_made_with(system: Party) -> None:
    for path in ("/v1/case-files/%00", "/v1/case-files?limit=%FF", "/v1/case-files?cursor=AAAA", "/v1/../etc/passwd"):
        answer = system.call("GET", path)
        assert answer.status_code in {404, 422}
        assert not [word for word in ("Traceback", "casefile_api", "psycopg", "sqlalchemy") if word in answer.text]
