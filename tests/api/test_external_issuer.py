"""Tokens of a force's own issuer, met from outside: bound to a key, for registered staff, and never more than ours."""

import pytest

from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox, check_problem
from tests.outside.dpop import Holder, thumbprint
from tests.outside.issuer import Issuer

READ = "/v1/case-files"


@pytest.fixture
def holder(strict: Sandbox) -> Holder:
    """A record system whose officer signed in at the force."""
    holder = Holder(strict.person("officer", unit="police-53-rasso"))
    holder.token()  # for a nonce
    return holder


def bound(issuer: Issuer, holder: Holder, **changes: object) -> str:
    claims = {"employee": holder.party.staff_id, "cnf": {"jkt": thumbprint(holder.key)}}
    return issuer.token(**(claims | changes))


def test_it_says_who_calls_as_the_force_has_them_registered(issuer: Issuer, holder: Holder) -> None:
    told = holder.call(bound(issuer, holder)).json()

    assert (told["organisation"], told["unit"], told["roles"]) == ("police-53", "police-53-rasso", ["officer"])
    assert told["staff"]["staff_id"] == holder.party.staff_id
    assert told["scopes"] == ["case-files:read", "case-files:write"]


def test_it_reads_what_its_holder_may_read_and_another_forces_case_is_not_there(
    issuer: Issuer, holder: Holder, officer: Party, sandbox: Sandbox
) -> None:
    own = open_case(officer)["id"]
    other = open_case(sandbox.person("officer", organisation="police-20"))["id"]
    token = bound(issuer, holder)

    assert holder.call(token, f"{READ}/{own}").status_code == 200
    check_problem(holder.call(token, f"{READ}/{other}"), 404, "not-found")
    check_problem(holder.call(token, "/v1/attachments/x"), 403, "not-permitted")


@pytest.mark.parametrize(
    "changes",
    [
        {"cnf": None},
        {"cnf": {"jkt": "k" * 43}},
        {"azp": "force-20-rms"},
        {"employee": "20-2401"},
        {"groups": ["Inspectors"]},
        {"groups": ["Records"]},
        {"aud": "https://elsewhere.example"},
        {"iss": "https://elsewhere.example"},
    ],
    ids=str,
)
def test_it_is_refused_like_any_other_token_where_it_is_not_for_this(
    issuer: Issuer, holder: Holder, changes: dict[str, object]
) -> None:
    answer = holder.call(bound(issuer, holder, **changes))

    check_problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


def test_a_process_that_does_not_trust_the_issuer_does_not_take_its_tokens(
    issuer: Issuer, holder: Holder, sandbox: Sandbox
) -> None:
    holder.party.sandbox = sandbox

    check_problem(holder.call(bound(issuer, holder)), 401, "not-authenticated")


def test_the_resource_names_the_issuer_beside_its_own_server(issuer: Issuer, strict: Sandbox) -> None:
    told = strict.http.get(f"{strict.base_url}/.well-known/oauth-protected-resource").json()

    assert told["authorization_servers"] == [strict.config["issuer"], issuer.url]
