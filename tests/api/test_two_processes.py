"""What one process has used up or revoked counts in every other (RFC 9449 11.1, RFC 7523 3, RFC 7009)."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.api.asking import ask, ask_about
from tests.outside.beside import beside
from tests.outside.client import Party, Sandbox
from tests.outside.dpop import Holder

KNOWN_SECONDS = 30.0  # five are promised (tests/rules/test_tokens.py), where there is a processor free
"""How soon a revocation counts everywhere, as the pages for callers say."""


@pytest.fixture(scope="module")
def other(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A second process on the same database."""
    with beside(sandbox) as process:
        yield process


def through(party: Party, process: Sandbox) -> Party:
    """The same caller with the same token, met through another process."""
    return replace(party, sandbox=process)


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + KNOWN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_proof_that_one_process_took_is_refused_by_the_other(sandbox: Sandbox, other: Sandbox) -> None:
    here = Holder(sandbox.party("force-53-rms"))
    token = here.token()
    there = Holder(through(here.party, other), key=here.key, nonce=here.nonce)
    proof = here.proof("GET", here.resource("/v1/case-files"), token)

    assert here.call(token, "/v1/case-files", proof=proof).status_code == 200
    answer = there.call(token, "/v1/case-files", proof=proof)
    assert answer.status_code == 401 and 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]
    assert there.call(token, "/v1/case-files").status_code == 200, "a new proof is good, with the first one's nonce"


def test_a_stolen_bound_token_is_useless_from_another_key_in_every_process(sandbox: Sandbox, other: Sandbox) -> None:
    holder = Holder(sandbox.party("force-53-rms"))
    token = holder.token()

    for process in (sandbox, other):
        thief = Holder(through(holder.party, process), nonce=holder.nonce)
        assert thief.call(token).status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert process.http.get(f"{process.base_url}/v1/me", headers=bearer).status_code == 401


def test_an_assertion_that_one_process_took_is_refused_by_the_other(sandbox: Sandbox, other: Sandbox) -> None:
    officer = sandbox.person("officer", unit="police-53-rasso")
    there = through(officer, other)
    assertion, grant = officer.assertion(), officer.grant()

    assert ask(officer, client_assertion=assertion, assertion=grant).status_code == 200
    client, person = ask(there, client_assertion=assertion), ask(there, assertion=grant)
    assert (client.status_code, client.json()["error"]) == (401, "invalid_client")
    assert (person.status_code, person.json()["error"]) == (400, "invalid_grant")


def test_a_revocation_takes_effect_in_every_process_in_time(sandbox: Sandbox, other: Sandbox) -> None:
    system = sandbox.party("force-20-rms")
    token, there = system.token, through(system, other)
    assert there.get("/v1/me").status_code == 200

    assert ask_about(system, "revoke", token).status_code == 200
    assert system.call("GET", "/v1/me").status_code == 401, "at once where it was given back"
    assert soon(lambda: there.call("GET", "/v1/me").status_code == 401)
    assert ask_about(there, "introspect", token).json() == {"active": False}
