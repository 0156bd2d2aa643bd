"""Assertions: good once, in one form, of the client itself, for a person it may name (RFC 7521, RFC 7523)."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest
from joserfc.jwk import ECKey

from tests.api.asking import ask, forged, grant_for, granted, own_claims, refused
from tests.outside.client import Json, Party, Sandbox, check_problem


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


def test_a_client_assertion_is_good_once(system: Party) -> None:
    assertion = system.assertion()

    granted(ask(system, client_assertion=assertion))
    refused(ask(system, client_assertion=assertion), 401, "invalid_client")


def test_a_client_assertion_is_used_up_by_a_refused_request_too(system: Party) -> None:
    assertion = system.assertion()

    refused(ask(system, client_assertion=assertion, scope="audit:read"), 400, "invalid_scope")
    refused(ask(system, client_assertion=assertion), 401, "invalid_client")


def test_a_grant_assertion_is_good_once(officer: Party) -> None:
    grant = officer.grant()

    granted(ask(officer, assertion=grant))
    refused(ask(officer, assertion=grant), 400, "invalid_grant")


def test_one_jti_serves_one_assertion_over_both_kinds(officer: Party) -> None:
    jti = str(uuid.uuid4())

    both = ask(officer, client_assertion=officer.assertion(jti=jti), assertion=officer.grant(jti=jti))
    refused(both, 400, "invalid_grant")


def test_of_many_uses_of_one_assertion_at_once_one_succeeds(system: Party) -> None:
    form = system.token_form()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: system.sandbox.token_request(form).status_code, range(8)))

    assert sorted(answers) == [200] + [401] * 7


def now() -> int:
    return int(time.time())


SPOILT_CLAIMS: dict[str, Callable[[str], Json]] = {
    "another audience": lambda issuer: {"aud": "https://elsewhere.example"},
    "the token endpoint as audience": lambda issuer: {"aud": f"{issuer}/oauth/token"},
    "a list of audiences": lambda issuer: {"aud": [issuer]},
    "no audience": lambda issuer: {"aud": None},
    "no jti": lambda issuer: {"jti": None},
    "an empty jti": lambda issuer: {"jti": ""},
    "a jti of another type": lambda issuer: {"jti": 7},
    "a jti with NUL": lambda issuer: {"jti": "a\0b"},
    "a jti without end": lambda issuer: {"jti": "x" * 300},
    "no iat": lambda issuer: {"iat": None},
    "no exp": lambda issuer: {"exp": None},
    "exp as text": lambda issuer: {"exp": str(now() + 60)},
    "exp as a fraction": lambda issuer: {"exp": now() + 60.5},
    "exp too far on": lambda issuer: {"exp": now() + 400},
    "expired": lambda issuer: {"iat": now() - 300, "exp": now() - 60},
    "issued in the future": lambda issuer: {"iat": now() + 120, "exp": now() + 180},
    "not before the future": lambda issuer: {"nbf": now() + 120},
    "not before as text": lambda issuer: {"nbf": "soon"},
}


def spoilt(party: Party, name: str) -> Json:
    return SPOILT_CLAIMS[name](party.sandbox.config["issuer"])


@pytest.mark.parametrize("name", SPOILT_CLAIMS)
def test_a_client_assertion_with_a_spoilt_claim_is_refused(system: Party, name: str) -> None:
    refused(ask(system, client_assertion=system.assertion(**spoilt(system, name))), 401, "invalid_client")


@pytest.mark.parametrize("name", SPOILT_CLAIMS)
def test_a_grant_assertion_with_a_spoilt_claim_is_refused(officer: Party, name: str) -> None:
    refused(ask(officer, assertion=officer.grant(**spoilt(officer, name))), 400, "invalid_grant")


def test_a_clock_that_is_a_little_ahead_is_forgiven(system: Party) -> None:
    ahead = int(time.time()) + 20

    granted(ask(system, client_assertion=system.assertion(iat=ahead, exp=ahead + 60)))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "force-53-rms"},
        {"sub": "nobody"},
        {"sub": "20-2401"},
        {"iss": "force-20-rms"},
        {"roles": ["supervisor"]},
        {"roles": ["officer", "supervisor"]},
        {"roles": ["system"]},
        {"roles": ["prosecutor"]},
        {"roles": []},
        {"roles": "officer"},
        {"roles": [1]},
        {"roles": None},
        {"sub": None},
    ],
    ids=str,
)
def test_a_grant_for_whom_it_may_not_name_is_refused(officer: Party, changes: Json) -> None:
    refused(ask(officer, assertion=grant_for(officer, **changes)), 400, "invalid_grant")


@pytest.mark.parametrize("roles", [["auditor"], ["officer", "auditor"]])
def test_another_kinds_role_is_refused(officer: Party, roles: list[str]) -> None:
    refused(ask(officer, assertion=grant_for(officer, roles=roles)), 400, "invalid_grant")


def test_a_grant_signed_by_another_client_is_refused(sandbox: Sandbox, officer: Party) -> None:
    other = sandbox.party("force-20-rms")
    claims = own_claims(officer, sub=officer.staff_id, roles=["officer"])

    refused(ask(officer, assertion=forged(other, {"alg": "ES256"}, claims)), 400, "invalid_grant")


def headers_that_deceive(party: Party) -> Json:
    own, kid = ECKey.generate_key("P-256"), party.entry["kid"]
    return {
        "alg none": {"alg": "none", "kid": kid},
        "HS256": {"alg": "HS256", "kid": kid},
        "another algorithm than the key's": {"alg": "PS256", "kid": kid},
        "an unknown kid": {"alg": "ES256", "kid": "unknown"},
        "a kid of another type": {"alg": "ES256", "kid": 7},
        "an embedded jwk": {"alg": "ES256", "jwk": own.as_dict(private=False)},
        "a jku": {"alg": "ES256", "kid": kid, "jku": "http://127.0.0.1/jwks"},
        "a critical extension": {"alg": "ES256", "kid": kid, "crit": ["exp"], "exp": 1},
        "the typ of an access token": {"alg": "ES256", "kid": kid, "typ": "at+jwt"},
        "no alg": {"kid": kid},
    }


@pytest.mark.parametrize("number", range(10))
def test_an_assertion_with_a_deceiving_header_is_refused(system: Party, number: int) -> None:
    header = list(headers_that_deceive(system).values())[number]

    refused(ask(system, client_assertion=forged(system, header, own_claims(system))), 401, "invalid_client")


def test_a_key_that_is_not_the_clients_is_refused(sandbox: Sandbox, system: Party) -> None:
    other = sandbox.party("force-20-rms")

    for kid in (other.entry["kid"], system.entry["kid"], None):
        header = {"alg": "ES256"} | ({"kid": kid} if kid else {})
        refused(ask(system, client_assertion=forged(other, header, own_claims(system))), 401, "invalid_client")


@pytest.mark.parametrize("spoil", [lambda a: a[:-2], lambda a: a + "==", lambda a: a.replace(".", ".."), lambda a: "x"])
def test_an_assertion_spelt_otherwise_is_refused(system: Party, spoil: Json) -> None:
    refused(ask(system, client_assertion=spoil(system.assertion())), 401, "invalid_client")


def test_an_access_token_is_no_assertion(system: Party) -> None:
    refused(ask(system, client_assertion=system.token), 401, "invalid_client")


def test_an_assertion_is_no_access_token(system: Party) -> None:
    answer = httpx.get(f"{system.sandbox.base_url}/v1/me", headers={"Authorization": f"Bearer {system.assertion()}"})

    check_problem(answer, 401, "not-authenticated")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "resource_metadata=" in answer.headers["www-authenticate"]
