"""Asking the authorisation server, rightly and wrongly, and checking how it answers (RFC 6749 5)."""

import httpx2 as httpx

from tests.outside import signing
from tests.outside.client import CLIENT_ASSERTION_TYPE, Json, Party


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
    """A token signed by the party, whatever its header says."""
    return signing.sign(party.key, header, claims)


def own_claims(party: Party, **changes: object) -> Json:
    """Claims of the party's client assertion, some of them spoilt."""
    return signing.client_claims(party.client_id, party.sandbox.config["issuer"], **changes)


def grant_for(party: Party, **changes: object) -> str:
    """A grant assertion with claims spoilt."""
    claims = own_claims(party, **{"sub": party.staff_id, "roles": list(party.roles), **changes})
    return forged(party, {"alg": "ES256", "kid": party.entry["kid"]}, claims)


def ask(party: Party, **changes: str | None) -> httpx.Response:
    """The token request with fields changed; `None` leaves one out."""
    form = {**party.token_form(), **changes}
    return party.sandbox.token_request({name: value for name, value in form.items() if value is not None})


def ask_about(party: Party, endpoint: str, token: str) -> httpx.Response:
    """Ask the authorisation server about a token: `revoke` or `introspect`."""
    form = {
        "token": token,
        "client_assertion_type": CLIENT_ASSERTION_TYPE,
        "client_assertion": party.assertion(),
    }
    return party.sandbox.http.post(f"{party.sandbox.base_url}/oauth/{endpoint}", data=form)
