"""How systems get tokens, for themselves and for their staff, and how tokens end (RFC 6749, RFC 7009, RFC 7662)."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.api.asking import ask, ask_about, granted, refused
from tests.outside import signing
from tests.outside.client import JWT_BEARER, Json, Party, Sandbox


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


def test_a_system_gets_a_token_that_says_what_rfc_9068_wants(system: Party) -> None:
    answer = granted(ask(system))

    keys = system.sandbox.http.get(f"{system.sandbox.base_url}/oauth/jwks").json()
    token = jwt.decode(answer["access_token"], KeySet.import_key_set(keys), algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["sub"] == token.claims["client_id"] == "force-53-rms"
    assert (token.claims["org"], token.claims["roles"]) == ("police-53", ["system"])
    assert token.claims["aud"] == token.claims["iss"] == system.sandbox.config["issuer"]
    assert token.claims["exp"] - token.claims["iat"] <= 900
    assert token.claims["scope"] == answer["scope"] == " ".join(sorted(system.entry["scopes"]))
    assert not {"name", "unit"} & token.claims.keys()


def test_a_system_gets_a_token_for_a_member_of_staff_in_the_roles_it_names(officer: Party) -> None:
    claims = signing.claims_of(granted(ask(officer))["access_token"])

    assert (claims["sub"], claims["client_id"]) == (officer.staff_id, "force-53-rms")
    assert claims["roles"] == ["officer"]
    assert claims["unit"] == "police-53-rasso"
    assert claims["name"]


def test_a_token_has_the_scopes_asked_for_and_no_more(system: Party) -> None:
    answer = granted(ask(system, scope="events:read case-files:read"))

    assert answer["scope"] == "case-files:read events:read"


@pytest.mark.parametrize("scope", ["audit:read", "case-files:read audit:read", "nonsense", "case-files:read  x", 'a"b'])
def test_a_scope_beyond_the_clients_is_refused(system: Party, scope: str) -> None:
    refused(ask(system, scope=scope), 400, "invalid_scope")


def test_a_system_may_take_back_its_own_token(sandbox: Sandbox) -> None:
    system = sandbox.party("force-52-rms")
    token = system.token
    system.get("/v1/me", expect=200)

    given_back = ask_about(system, "revoke", token)

    assert given_back.status_code == 200
    assert soon(lambda: system.call("GET", "/v1/me").status_code == 401)
    assert ask_about(system, "introspect", token).json() == {"active": False}


def test_revoking_what_is_no_token_is_answered_alike(system: Party) -> None:
    assert ask_about(system, "revoke", "nonsense").status_code == 200


def test_nobody_may_take_back_another_clients_token(sandbox: Sandbox, system: Party) -> None:
    answer = ask_about(sandbox.party("force-20-rms"), "revoke", system.token)

    refused(answer, 400, "invalid_grant")
    system.get("/v1/me", expect=200)


def test_a_system_may_ask_what_its_own_token_says_and_no_other(sandbox: Sandbox, officer: Party) -> None:
    own = ask_about(sandbox.party("force-53-rms"), "introspect", officer.token).json()
    others = ask_about(sandbox.party("force-20-rms"), "introspect", officer.token).json()

    assert (own["active"], own["sub"], own["roles"]) == (True, officer.staff_id, ["officer"])
    assert others == {"active": False}


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_nobody_is_answered_about_tokens_who_does_not_authenticate(sandbox: Sandbox, endpoint: str) -> None:
    answer = sandbox.http.post(f"{sandbox.base_url}/oauth/{endpoint}", data={"token": "x"})

    refused(answer, 401, "invalid_client")


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_asking_about_no_token_is_refused(system: Party, endpoint: str) -> None:
    refused(ask_about(system, endpoint, ""), 400, "invalid_request")


def test_the_metadata_leads_to_endpoints_that_are_there(sandbox: Sandbox) -> None:
    published = sandbox.http.get(f"{sandbox.base_url}/.well-known/oauth-authorization-server").json()

    assert published["issuer"] == sandbox.config["issuer"]
    assert published["token_endpoint"] == sandbox.config["token_endpoint"]
    assert published["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert published["grant_types_supported"] == ["client_credentials", JWT_BEARER]
    assert sandbox.http.get(published["jwks_uri"]).json()["keys"]
    for name in ("token", "revocation", "introspection"):
        assert sandbox.http.post(published[f"{name}_endpoint"]).status_code == 400


def test_the_resource_says_which_server_it_takes_tokens_from(sandbox: Sandbox) -> None:
    published = sandbox.http.get(f"{sandbox.base_url}/.well-known/oauth-protected-resource").json()

    assert published["resource"] == sandbox.config["issuer"]
    assert published["authorization_servers"] == [sandbox.config["issuer"]]
    assert published["bearer_methods_supported"] == ["header"]


def soon(condition: Json) -> bool:
    deadline = time.monotonic() + 30  # five are promised (tests/rules/test_tokens.py), where there is a processor free
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
