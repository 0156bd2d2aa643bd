"""A token bound to a client's TLS certificate is useless over any other connection (mutual TLS, RFC 8705)."""

import httpx2 as httpx
import pytest

from casefile_api.oauth.metadata import authorization_server, protected_resource
from casefile_api.settings import Settings
from tests.outside import signing
from tests.outside.certificates import ClientCertificate
from tests.outside.client import Party, Sandbox, check_problem
from tests.outside.dpop import Holder

OWN, OTHER = ClientCertificate.new(), ClientCertificate.new()


@pytest.fixture
def system(strict: Sandbox) -> Party:
    return strict.party("force-53-rms")


def ask(system: Party, *headers: tuple[str, str]) -> httpx.Response:
    url = str(system.sandbox.config["token_endpoint"])
    return system.sandbox.http.post(url, data=system.token_form(), headers=list(headers))


def call(sandbox: Sandbox, token: str, *headers: tuple[str, str]) -> httpx.Response:
    sent = [("Authorization", f"Bearer {token}"), *headers]
    return sandbox.http.get(f"{sandbox.base_url}/v1/me", headers=sent)


@pytest.fixture
def token(system: Party) -> str:
    return str(ask(system, ("Client-Cert", OWN.header)).json()["access_token"])


@pytest.mark.parametrize("header", [OWN.header, OWN.escaped])
def test_a_token_asked_for_over_a_clients_certificate_is_bound_to_it(system: Party, header: str) -> None:
    answer = ask(system, ("Client-Cert", header))

    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    assert signing.claims_of(answer.json()["access_token"])["cnf"] == {"x5t#S256": OWN.thumbprint}


@pytest.mark.parametrize("header", [OWN.header, OWN.escaped])
def test_it_opens_over_the_same_certificate(strict: Sandbox, token: str, header: str) -> None:
    assert call(strict, token, ("Client-Cert", header)).status_code == 200


@pytest.mark.parametrize(
    "headers", [[], [OTHER.header], ["nonsense"], [OWN.header, OTHER.header], [OWN.header, OWN.header]], ids=len
)
def test_it_is_useless_over_another_certificate_or_none(strict: Sandbox, token: str, headers: list[str]) -> None:
    answer = call(strict, token, *(("Client-Cert", header) for header in headers))

    check_problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


def test_the_header_is_not_believed_from_anybody_but_the_named_proxies(strict: Sandbox, token: str) -> None:
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    sent = {"Authorization": f"Bearer {token}", "Client-Cert": OWN.header}
    with httpx.Client(transport=transport, trust_env=False) as elsewhere:
        check_problem(elsewhere.get(f"{strict.base_url}/v1/me", headers=sent), 401, "not-authenticated")
        form = strict.party("force-53-rms").token_form()
        refused = elsewhere.post(strict.config["token_endpoint"], data=form, headers={"Client-Cert": OWN.header})

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")


def test_where_no_proxy_is_named_no_certificate_is_believed(sandbox: Sandbox, token: str) -> None:
    check_problem(call(sandbox, token, ("Client-Cert", OWN.header)), 401, "not-authenticated")


def test_a_proof_of_a_key_binds_to_the_key_and_the_certificate_does_not_matter(system: Party) -> None:
    holder = Holder(system)
    assert signing.claims_of(holder.token())["cnf"].keys() == {"jkt"}  # type: ignore[attr-defined]
    assert holder.call(holder.token()).status_code == 200


def test_introspection_names_the_certificate(system: Party, token: str) -> None:
    form = {**system.token_form(), "token": token}
    said = system.sandbox.http.post(f"{system.sandbox.base_url}/oauth/introspect", data=form).json()

    assert (said["token_type"], said["cnf"]) == ("Bearer", {"x5t#S256": OWN.thumbprint})


def test_the_metadata_offers_it_where_a_proxy_is_named_and_nowhere_else(strict: Sandbox, sandbox: Sandbox) -> None:
    for name in ("oauth-authorization-server", "oauth-protected-resource"):
        told = [one.http.get(f"{one.base_url}/.well-known/{name}").json() for one in (strict, sandbox)]
        assert [one["tls_client_certificate_bound_access_tokens"] for one in told] == [True, False]


def test_proofs_are_required_of_all_only_where_a_certificate_cannot_stand_for_them() -> None:
    offering = Settings(client_certificate_proxies="10.0.0.1")
    told = [protected_resource("https://casefile.example", settings) for settings in (Settings(), offering)]

    assert [one["dpop_bound_access_tokens_required"] for one in told] == [True, False]
    assert authorization_server("https://x", certificates=True)["tls_client_certificate_bound_access_tokens"] is True
