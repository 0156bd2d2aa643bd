"""How systems get tokens, for themselves and for their staff, and what gets them none (RFC 6749, RFC 7523)."""

import secrets
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tests.outside import signing
from tests.outside.client import CLIENT_ASSERTION_TYPE, JWT_BEARER, Json, Party, Sandbox, check_problem

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


def refused(answer: httpx.Response, status: int, error: str) -> None:
    """Check a refusal of the authorisation server (RFC 6749 5.2)."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert ("www-authenticate" in answer.headers) == (status == 401)


def granted(answer: httpx.Response) -> Json:
    """Check a token answer (RFC 6749 5.1)."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["token_type"] == "Bearer"
    assert 0 < answer.json()["expires_in"] <= 900
    return answer.json()


def forged(party: Party, header: Json, claims: Json) -> str:
    return signing.sign(party.key, header, claims)


def own_claims(party: Party, **changes: object) -> Json:
    return signing.client_claims(party.client_id, party.sandbox.config["issuer"], **changes)


def grant_for(party: Party, **changes: object) -> str:
    claims = own_claims(party, **{"sub": party.staff_id, "roles": list(party.roles), **changes})
    return forged(party, {"alg": "ES256", "kid": party.entry["kid"]}, claims)


def ask(party: Party, **changes: str | None) -> httpx.Response:
    form = {**party.token_form(), **changes}
    return party.sandbox.token_request({name: value for name, value in form.items() if value is not None})


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


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": JWT_BEARER}, 400, "invalid_request"),
        ({"client_assertion": None}, 401, "invalid_client"),
        ({"client_assertion_type": None}, 401, "invalid_client"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, 401, "invalid_client"),
        ({"client_id": "force-20-rms"}, 401, "invalid_client"),
        ({"client_secret": "x"}, 400, "invalid_request"),
        ({"client_secret": "x", "client_assertion": None}, 401, "invalid_client"),
        ({"resource": "https://elsewhere.example"}, 400, "invalid_target"),
    ],
    ids=str,
)
def test_a_token_request_that_is_not_right_is_refused_as_rfc_6749_has_it(
    system: Party, changes: dict[str, str | None], status: int, error: str
) -> None:
    refused(ask(system, **changes), status, error)


def test_a_password_authenticates_no_client(system: Party) -> None:
    form = {"grant_type": "client_credentials"}
    answer = system.sandbox.http.post(system.sandbox.config["token_endpoint"], data=form, auth=("force-53-rms", "x"))

    refused(answer, 401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("private_key_jwt ")


def test_what_goes_without_saying_may_be_said(system: Party) -> None:
    granted(ask(system, client_id="force-53-rms", resource=system.sandbox.config["issuer"], unknown="ignored"))


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type=%FF", FORM),
        (b"grant_type", FORM),
        (b"grant_type=a%00b", FORM),
        (b"&".join(b"p%d=1" % n for n in range(50)), FORM),
        (b"scope=" + b"x" * 70_000, FORM),
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}),
        (b"grant_type=client_credentials", {}),
        (b"", FORM),
    ],
    ids=["twice", "not UTF-8", "no value", "NUL", "many", "large", "JSON", "no type", "nothing"],
)
def test_a_form_without_one_meaning_is_refused(sandbox: Sandbox, content: bytes, headers: dict[str, str]) -> None:
    answer = sandbox.http.post(sandbox.config["token_endpoint"], content=content, headers=headers)

    refused(answer, 400, "invalid_request")


def test_parameters_in_the_address_are_refused(system: Party) -> None:
    answer = system.sandbox.http.post(f"{system.sandbox.config['token_endpoint']}?x=1", data=system.token_form())

    refused(answer, 400, "invalid_request")


def test_a_refusal_repeats_nothing_that_was_sent(officer: Party) -> None:
    secret = secrets.token_hex(8)

    answers = [
        ask(officer, grant_type=secret),
        ask(officer, scope=secret),
        ask(officer, assertion=officer.grant(sub=secret)),
        ask(officer, client_assertion=officer.assertion(iss=secret)),
    ]

    assert all(answer.is_error and secret not in answer.text for answer in answers)


def test_a_system_may_take_back_its_own_token(sandbox: Sandbox) -> None:
    system = sandbox.party("force-52-rms")
    token = system.token
    system.get("/v1/me", expect=200)

    given_back = ask_about(system, "revoke", token)

    assert given_back.status_code == 200
    assert within_five_seconds(lambda: system.call("GET", "/v1/me").status_code == 401)
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


def ask_about(party: Party, endpoint: str, token: str) -> httpx.Response:
    form = {
        "token": token,
        "client_assertion_type": CLIENT_ASSERTION_TYPE,
        "client_assertion": party.assertion(),
    }
    return party.sandbox.http.post(f"{party.sandbox.base_url}/oauth/{endpoint}", data=form)


def within_five_seconds(condition: Json) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
