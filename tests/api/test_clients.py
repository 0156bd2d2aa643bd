"""Letting systems in, changing their keys and letting them in no more: on a database, as administrator and service."""

import base64
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from casefile_api.access.key_proofs import ProofReader
from casefile_api.access.nonces import Nonces
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import SigningKeys, new_signing_key_pem
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.errors import AlreadyExists, Invalid, NotAuthenticated, NotFound
from casefile_api.oauth import assertions
from casefile_api.oauth.authentication import NOT_AUTHENTICATED
from casefile_api.oauth.client_keys import ClientPublicKey, KeyAlgorithm, new_client_key, read_public_key
from casefile_api.oauth.commands import (
    NewClient,
    add_client,
    forget_old,
    list_clients,
    revoke_client,
    rotate_client_key,
)
from casefile_api.oauth.exchange import Answer, FormRequest
from casefile_api.oauth.registry import Registry
from casefile_api.oauth.server import TokenServer
from casefile_api.organisations.commands import load_organisations, load_staff
from casefile_api.organisations.schemas import OrganisationsFile, StaffFile
from casefile_api.settings import SenderBinding, Settings
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

ISSUER = "https://casefile.example"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PRIVATE_KINDS: dict[str, type[ECKey | RSAKey | OKPKey]] = {
    "ES256": ECKey,
    "PS256": RSAKey,
    "EdDSA": OKPKey,
    "Ed25519": OKPKey,
}
SMALL_RSA = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - too small is what is tested
KEYS = SigningKeys.from_pems([new_signing_key_pem()])


@dataclass
class House:
    """A database with one force in it, entered as the service and as the administrator."""

    service: Database
    owner: Database

    async def add(self, key: ClientPublicKey, **wanted: object) -> None:
        usual = {"client_id": "force-53-rms", "organisation": "police-53", "name": "RMS"}
        new = NewClient.model_validate({**usual, **wanted})
        async with unattended(self.owner, Clock(), "add_client") as act:
            await add_client(act, new, key)

    async def ask(self, assertion: str, at: datetime | None = None, certificate: str | None = None) -> Answer:
        """Ask for a token as the system itself, with the service's own rights."""
        form = {"grant_type": "client_credentials", "client_assertion": assertion}
        form["client_assertion_type"] = ASSERTION_TYPE
        issuer, verifier = TokenIssuer(KEYS, ISSUER), TokenVerifier(KEYS, ISSUER, RevocationList())
        server = TokenServer(issuer, verifier, ProofReader(Nonces(b"shared")), SenderBinding.OPTIONAL)
        now = at or datetime.now(UTC)
        async with self.service.session() as session:
            request = lambda plain: FormRequest(form, Registry(plain, now), certificate=certificate)  # noqa: E731
            _, answer = await session.run_sync(lambda plain: server.answer("token", request(plain)))
            await session.commit()
            return answer


@pytest.fixture
async def house(database_url: str, owner_database_url: str) -> AsyncIterator[House]:
    house = House(Database(Settings(database_url=database_url)), Database(Settings(database_url=owner_database_url)))
    organisations = [{"id": "police-53", "name": "Gloucestershire"}, {"id": "oversight-x", "name": "X", "remit": "all"}]
    async with unattended(house.owner, Clock(), "load_organisations") as act:
        await load_organisations(act, OrganisationsFile.model_validate({"organisations": organisations}, strict=False))
    yield house
    await house.service.close()
    await house.owner.close()


def assertion(
    private: bytes, algorithm: str, *, kid: str | None = None, at: float | None = None, iss: str = "force-53-rms"
) -> str:
    now = int(at or time.time())
    claims = {"iss": iss, "sub": iss, "aud": ISSUER, "jti": str(uuid.uuid4())}
    header = {"alg": algorithm} | ({"kid": kid} if kid else {})
    parts = [json.dumps(part).encode() for part in (header, claims | {"iat": now, "exp": now + 60})]
    signing_input = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    key = PRIVATE_KINDS[algorithm].import_key(private)
    signature = JWSRegistry.algorithms[algorithm].sign(signing_input, key)
    return (signing_input + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize(
    ("algorithm", "spoken"), [("ES256", "ES256"), ("PS256", "PS256"), ("EdDSA", "EdDSA"), ("EdDSA", "Ed25519")]
)
async def test_a_client_may_sign_with_its_kind_of_key(house: House, algorithm: str, spoken: str) -> None:
    private, public = new_client_key(algorithm)
    await house.add(public)

    assert (await house.ask(assertion(private, spoken, kid=public.kid))).status == 200
    assert (await house.ask(assertion(private, spoken))).status == 200


async def test_tokens_of_a_client_that_is_registered_so_are_bound_to_its_certificate(house: House) -> None:
    private, public = new_client_key()
    await house.add(public, certificate_bound=True)
    without = await house.ask(assertion(private, "ES256"))
    bound = await house.ask(assertion(private, "ES256"), certificate="c" * 43)

    assert (without.status, without.error) == (400, "invalid_request")
    claims = TokenVerifier(KEYS, ISSUER, RevocationList()).verify(str(bound.body["access_token"]))
    assert (claims.bound_to, claims.bound_to_certificate) == (None, "c" * 43)


async def test_a_bad_client_assertion_costs_one_verification_wherever_it_is_found_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = new_client_key()
    stranger, _ = new_client_key()
    await house.add(public)
    used = assertion(private, "ES256")
    await house.ask(used)
    verify, verified = assertions._is_signed, []
    monkeypatch.setattr(assertions, "_is_signed", lambda *given: verified.append(given) or verify(*given))
    nobodys = assertion(private, "ES256", iss="force-99-rms")
    late, unnamed = assertion(private, "ES256", at=time.time() - 900), assertion(private, "ES256", kid="unknown")
    for bad in ("x", late, unnamed, assertion(stranger, "ES256"), nobodys, used):
        answer = await house.ask(bad)
        assert (answer.error, answer.why) == ("invalid_client", NOT_AUTHENTICATED)
        assert len(verified) == 1, bad
        verified.clear()


async def test_no_token_and_no_assertion_is_in_any_log_however_talkative(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    private, public = new_client_key()
    await house.add(public)
    good, bad = assertion(private, "ES256"), assertion(private, "ES256", kid="unknown")

    with caplog.at_level(logging.DEBUG):
        token = str((await house.ask(good)).body["access_token"])
        await house.ask(bad)

    assert not any(secret in caplog.text for secret in (token, good, bad))


async def test_no_client_is_let_in_with_the_rights_of_the_service(house: House) -> None:
    _, public = new_client_key()
    wanted = NewClient(client_id="intruder", organisation="police-53", name="I")

    with pytest.raises(ProgrammingError):
        async with unattended(house.service, Clock(), "add_client") as act:
            await add_client(act, wanted, public)

    async with house.service.session() as session:
        assert await list_clients(session) == []


async def test_letting_in_a_client_is_in_the_log(house: House) -> None:
    _, public = new_client_key()

    await house.add(public)

    async with house.owner.session(WORKER) as session:
        entry = text("select convert_from(entry, 'utf8') from audit_entry where action = 'add_client'")
        written = json.loads((await session.execute(entry)).scalar_one())
    assert (written["target_type"], written["target_id"], written["outcome"]) == ("client", "force-53-rms", "allowed")


async def test_old_and_new_key_are_taken_side_by_side_for_a_time(house: House) -> None:
    (old, old_public), (new, new_public) = new_client_key(), new_client_key()
    await house.add(old_public)

    async with unattended(house.owner, Clock(), "rotate_client_key") as act:
        until = await rotate_client_key(act, "force-53-rms", new_public, timedelta(hours=1))

    assert (await house.ask(assertion(old, "ES256"))).status == 200
    assert (await house.ask(assertion(new, "ES256"))).status == 200
    later = until + timedelta(seconds=1)
    assert (await house.ask(assertion(new, "ES256", at=later.timestamp()), later)).status == 200
    assert (await house.ask(assertion(old, "ES256", at=later.timestamp()), later)).error == "invalid_client"


async def test_a_client_that_is_revoked_gets_no_token_and_loses_those_it_has(house: House) -> None:
    private, public = new_client_key()
    await house.add(public)
    token = str((await house.ask(assertion(private, "ES256"))).body["access_token"])
    revocations = RevocationList()
    verifier = TokenVerifier(KEYS, ISSUER, revocations)
    verifier.verify(token)

    async with unattended(house.owner, Clock(), "revoke_client") as act:
        await revoke_client(act, "force-53-rms")
    await revocations.refresh(house.service)

    assert (await house.ask(assertion(private, "ES256"))).error == "invalid_client"
    with pytest.raises(NotAuthenticated):
        verifier.verify(token)


async def test_no_token_for_an_organisation_that_is_no_more(house: House) -> None:
    private, public = new_client_key()
    await house.add(public)
    gone = {"id": "police-53", "name": "Gloucestershire", "valid_until": "2020-12-31"}
    async with unattended(house.owner, Clock(), "load_organisations") as act:
        await load_organisations(act, OrganisationsFile.model_validate_json(json.dumps({"organisations": [gone]})))

    assert (await house.ask(assertion(private, "ES256"))).error == "invalid_client"


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"organisation": "police-99"}, Invalid),
        ({"scopes": frozenset({"audit:read"})}, Invalid),
        ({"scopes": frozenset({"nonsense"})}, Invalid),
        ({"assertable_roles": frozenset({"prosecutor"})}, Invalid),
        ({"assertable_roles": frozenset({"system"})}, Invalid),
    ],
    ids=str,
)
async def test_a_client_that_does_not_fit_is_refused(
    house: House, wanted: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await house.add(new_client_key()[1], **wanted)

    async with house.service.session() as session:
        assert await list_clients(session) == []


async def test_a_client_is_let_in_once_and_a_key_registered_once(house: House) -> None:
    _, public = new_client_key()
    await house.add(public)

    with pytest.raises(AlreadyExists):
        await house.add(public)
    with pytest.raises(AlreadyExists):
        async with unattended(house.owner, Clock(), "rotate_client_key") as act:
            await rotate_client_key(act, "force-53-rms", public)


async def test_a_client_that_is_not_there_is_not_found(house: House) -> None:
    for change in (revoke_client, lambda act, name: rotate_client_key(act, name, new_client_key()[1])):
        with pytest.raises(NotFound):
            async with unattended(house.owner, Clock(), "revoke_client") as act:
                await change(act, "nobody")


async def test_a_staff_file_is_loaded_whole_or_not_at_all(house: House) -> None:
    good = {"organisation": "police-53", "staff_id": "A", "name": "A", "roles": ["officer"]}
    bad = {**good, "staff_id": "B", "roles": ["auditor"]}
    file = StaffFile.model_validate_json(json.dumps({"staff": [good, bad]}))

    with pytest.raises(Invalid) as refusal:
        async with unattended(house.owner, Clock(), "load_staff") as act:
            await load_staff(act, file)

    assert [fault.pointer for fault in refusal.value.faults] == ["/staff/1/roles/0"]
    async with house.owner.session(WORKER) as session:
        assert (await session.execute(text("select count(*) from staff"))).scalar_one() == 0


async def test_what_has_expired_is_forgotten_and_nothing_else(house: House) -> None:
    private, public = new_client_key()
    await house.add(public)
    used = assertion(private, "ES256")
    await house.ask(used)

    for later, kept in ((timedelta(seconds=80), 1), (timedelta(seconds=100), 0)):
        async with house.service.session(WORKER) as session:
            await forget_old(session, datetime.now(UTC) + later)
            await session.commit()
            assert (await session.execute(text("select count(*) from seen_assertion"))).scalar_one() == kept


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"[]",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        new_client_key()[0],
        ECKey.generate_key("P-384").as_pem(private=False),
        SMALL_RSA.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(ECKey.generate_key("P-256").as_dict(private=True)).encode(),
        b'{"kty":"oct","k":"c2VjcmV0"}',
        json.dumps({**new_client_key()[1].jwk, "alg": "HS256"}).encode(),
    ],
    ids=["empty", "nonsense", "list", "broken", "private", "P-384", "small RSA", "private JWK", "secret", "other alg"],
)
def test_a_key_that_is_not_taken_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        read_public_key(raw)


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
def test_a_registered_key_is_the_same_from_pem_and_jwk(algorithm: KeyAlgorithm) -> None:
    _, public = new_client_key(algorithm)

    assert read_public_key(json.dumps(public.jwk).encode()) == public
    assert read_public_key(json.dumps({**public.jwk, "kid": "mine"}).encode()).kid == "mine"
