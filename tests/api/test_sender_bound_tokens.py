"""A token bound to a key is useless without it, and a proof of the key is good for one request (RFC 9449)."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest

from casefile_api.access.key_proofs import KeyProof
from casefile_api.database import Database
from casefile_api.errors import ProofReplayed
from casefile_api.ledger.entries import compose
from casefile_api.ledger.reads import ReadLedger
from casefile_api.ledger.trail import Trail
from casefile_api.oauth.commands import forget_old
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from tests.outside import signing
from tests.outside.cases import opening
from tests.outside.client import Sandbox, check_problem
from tests.outside.dpop import Holder, thumbprint
from tests.outside.running import RunningSandbox


@pytest.fixture
def holder(sandbox: Sandbox) -> Holder:
    return Holder(sandbox.party("force-53-rms"))


@pytest.fixture
def token(holder: Holder) -> str:
    return holder.token()


def challenged(answer: httpx.Response, error: str) -> None:
    """Check a refusal of a bound token (RFC 9449 7.1)."""
    check_problem(answer, 401, "not-authenticated")
    said = answer.headers["www-authenticate"]
    assert said.startswith(f'DPoP error="{error}", resource_metadata="'), said
    assert 'algs="ES256 PS256 EdDSA Ed25519"' in said


def test_a_token_asked_for_with_a_proof_is_bound_to_its_key(holder: Holder) -> None:
    holder.token()
    answer = holder.ask_token()

    assert answer.json()["token_type"] == "DPoP"
    assert signing.claims_of(answer.json()["access_token"])["cnf"] == {"jkt": thumbprint(holder.key)}


def test_a_first_request_is_asked_for_a_nonce_and_its_assertions_are_not_used_up(sandbox: Sandbox) -> None:
    holder = Holder(sandbox.person("officer", unit="police-53-rasso"))
    url, form = sandbox.config["token_endpoint"], holder.party.token_form()

    first = sandbox.http.post(url, data=form, headers={"DPoP": holder.proof("POST", url)})
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    holder.nonce = first.headers["dpop-nonce"]
    again = sandbox.http.post(url, data=form, headers={"DPoP": holder.proof("POST", url)})
    assert (again.status_code, again.json()["token_type"]) == (200, "DPoP")


def test_a_bound_token_opens_what_it_is_for(holder: Holder, token: str) -> None:
    assert holder.call(token).json()["client_id"] == "force-53-rms"
    assert holder.call(token, "/v1/case-files?limit=1").status_code == 200
    assert holder.call(token, method="HEAD").status_code == 200


def test_a_stolen_bound_token_is_useless_as_a_bearer_token(holder: Holder, token: str, sandbox: Sandbox) -> None:
    answer = sandbox.http.get(f"{sandbox.base_url}/v1/me", headers={"Authorization": f"Bearer {token}"})

    check_problem(answer, 401, "not-authenticated")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


def test_a_stolen_bound_token_is_useless_with_another_key(holder: Holder, token: str) -> None:
    thief = Holder(holder.party, nonce=holder.nonce)
    challenged(thief.call(token), "invalid_token")


def test_an_ordinary_token_is_not_taken_with_a_proof(holder: Holder, token: str) -> None:
    challenged(holder.call(holder.party.token), "invalid_token")


def test_a_bound_token_without_its_proof_is_refused(holder: Holder, token: str, sandbox: Sandbox) -> None:
    answer = sandbox.http.get(f"{sandbox.base_url}/v1/me", headers={"Authorization": f"DPoP {token}"})

    challenged(answer, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "changes", [{"htm": "POST"}, {"htu": "https://other.example/v1/me"}, {"ath": "x"}, {"iat": 1}, {"jti": None}]
)
def test_a_proof_for_something_else_opens_nothing(holder: Holder, token: str, changes: dict[str, object]) -> None:
    url = holder.party.sandbox.base_url + "/v1/me"
    challenged(holder.call(token, proof=holder.proof("GET", url, token, **changes)), "invalid_dpop_proof")


def test_a_proof_with_an_old_nonce_is_asked_for_a_new_one(holder: Holder, token: str) -> None:
    url = holder.party.sandbox.base_url + "/v1/me"

    challenged(holder.call(token, proof=holder.proof("GET", url, token, nonce="of yesterday")), "use_dpop_nonce")
    assert holder.call(token).status_code == 200


@pytest.mark.parametrize("path", ["/v1/me", "/v1/case-files", "/v1/events", "/v1/case-files/nothing-here"])
def test_a_proof_opens_one_read_and_no_second(holder: Holder, token: str, path: str) -> None:
    proof = holder.proof("GET", holder.party.sandbox.base_url + path, token)

    assert holder.call(token, path, proof=proof).status_code in {200, 404}
    challenged(holder.call(token, path, proof=proof), "invalid_dpop_proof")


def test_of_many_uses_of_one_proof_at_once_one_succeeds(holder: Holder, token: str) -> None:
    proof = holder.proof("GET", holder.party.sandbox.base_url + "/v1/case-files", token)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: holder.call(token, "/v1/case-files", proof=proof).status_code, range(8)))

    assert sorted(answers) == [200] + [401] * 7


def test_a_replayed_proof_changes_nothing(holder: Holder, token: str) -> None:
    proof = holder.proof("POST", holder.party.sandbox.base_url + "/v1/case-files", token)
    first, second = (opening() | {"police_unit": "police-53-rasso"} for _ in range(2))

    assert holder.call(token, "/v1/case-files", method="POST", proof=proof, json=first).status_code == 201
    answer = holder.call(token, "/v1/case-files", method="POST", proof=proof, json=second)
    challenged(answer, "invalid_dpop_proof")
    assert holder.party.items("/v1/case-files", urn=second["urn"]) == []


def test_a_proof_gets_one_token(holder: Holder, token: str) -> None:
    proof = holder.proof("POST", holder.party.sandbox.config["token_endpoint"])

    assert holder.ask_token(proof).status_code == 200
    again = holder.ask_token(proof)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")


def test_introspection_says_what_a_bound_token_is_bound_to(holder: Holder, token: str, sandbox: Sandbox) -> None:
    form = {**holder.party.token_form(), "token": token}
    said = sandbox.http.post(f"{sandbox.base_url}/oauth/introspect", data=form).json()

    assert (said["token_type"], said["cnf"]) == ("DPoP", {"jkt": thumbprint(holder.key)})


def test_metadata_names_the_algorithms_of_proofs(sandbox: Sandbox) -> None:
    for name in ("oauth-authorization-server", "oauth-protected-resource"):
        said = sandbox.http.get(f"{sandbox.base_url}/.well-known/{name}").json()
        assert said["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "Ed25519"]


def test_where_binding_is_required_no_token_is_issued_without_a_proof(strict: Sandbox) -> None:
    system = strict.party("force-53-rms")
    answer = strict.token_request(system.token_form())

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_where_binding_is_required_a_bound_token_works_and_its_nonce_comes_with_the_answer(strict: Sandbox) -> None:
    holder = Holder(strict.party("force-53-rms"))
    token = holder.token()

    answer = holder.call(token, "/v1/case-files")
    assert answer.status_code == 200 and answer.headers["dpop-nonce"]


def test_in_production_binding_is_required_unless_a_setting_says_otherwise() -> None:
    assert Settings().sender_binding == "required"
    assert Settings(sandbox=True).sender_binding == "optional"
    assert Settings(sender_bound_tokens="optional").sender_binding == "optional"


def test_proofs_and_assertions_are_remembered_and_nonces_known_after_a_restart(shared_folder: Path) -> None:
    running = RunningSandbox(shared_folder / "restarted")
    holder = Holder(running.start().party("force-53-rms"))
    token = holder.token()
    url = holder.party.sandbox.base_url + "/v1/me"
    used, unused = holder.proof("GET", url, token), holder.proof("GET", url, token)
    assert holder.call(token, proof=used).status_code == 200
    form = holder.party.token_form()
    assert holder.party.sandbox.token_request(form).status_code == 200
    holder.party.sandbox.close()
    running.kill()
    holder.party.sandbox = running.start()

    challenged(holder.call(token, proof=used), "invalid_dpop_proof")
    assert holder.call(token, proof=unused).status_code == 200
    assert holder.party.sandbox.token_request(form).status_code == 401, "the assertion was used up"
    holder.party.sandbox.close()
    running.stop()


def proof_of(name: str, seconds: int = 60) -> KeyProof:
    return KeyProof("thumbprint", name.encode().ljust(32, b"."), int(time.time()) + seconds)


async def recorded(ledger: ReadLedger, proof: KeyProof) -> bool:
    trail = Trail("list_case_files", key_proof=proof)
    try:
        await ledger.record(compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC)))
    except ProofReplayed:
        return False
    return True


async def test_of_two_processes_one_takes_a_proof_and_only_its_entry_is_written(
    database_url: str, owner_database_url: str
) -> None:
    databases = [Database(Settings(database_url=database_url)) for _ in range(2)]
    ledgers = [ReadLedger(database, batch_limit=100) for database in databases]
    for ledger in ledgers:
        ledger.start()
    proofs = [proof_of(f"proof {number}") for number in range(20)]
    taken = await asyncio.gather(*(recorded(ledger, proof) for proof in proofs for ledger in ledgers))
    for ledger, database in zip(ledgers, databases, strict=True):
        await ledger.stop()
        await database.close()

    assert [sum(pair) for pair in zip(taken[::2], taken[1::2], strict=True)] == [1] * 20
    with psycopg.connect(owner_database_url) as connection:
        assert connection.execute("select count(*) from audit_entry").fetchone() == (20,)


async def test_proofs_are_forgotten_once_they_would_be_too_old(database_url: str) -> None:
    database = Database(Settings(database_url=database_url))
    ledger = ReadLedger(database, batch_limit=10)
    ledger.start()
    await asyncio.gather(ledger.use_up(proof_of("old", -1)), ledger.use_up(proof_of("new")))
    async with database.session(WORKER) as session:
        await forget_old(session, datetime.now(UTC))
        await session.commit()

    rows = await database.rows("select digest from used_key_proof", {})
    await ledger.stop()
    await database.close()
    assert [bytes(row.digest) for row in rows] == [proof_of("new").digest]
