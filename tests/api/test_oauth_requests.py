"""Token requests that are not right, and what their refusals say and do not say (RFC 6749 5.2)."""

import secrets

import pytest

from tests.api.asking import ask, granted, refused
from tests.outside.client import JWT_BEARER, Party, Sandbox

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    return sandbox.person("officer", unit="police-53-rasso")


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
