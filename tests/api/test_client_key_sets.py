"""A client that publishes its keys changes them without asking anybody, and leads nobody inside."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network

import pytest

from casefile_api.access.key_proofs import ProofReader
from casefile_api.access.nonces import Nonces
from casefile_api.access.revocations import RevocationList
from casefile_api.access.signing_keys import SigningKeys, new_signing_key_pem
from casefile_api.access.tokens import TokenIssuer, TokenVerifier
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.errors import Invalid
from casefile_api.oauth.client_keys import ClientPublicKey, new_client_key
from casefile_api.oauth.commands import NewClient, add_client
from casefile_api.oauth.exchange import Answer, FormRequest
from casefile_api.oauth.key_sets import KeySets, read_key_set
from casefile_api.oauth.registry import Registry
from casefile_api.oauth.server import TokenServer
from casefile_api.organisations.commands import load_organisations
from casefile_api.organisations.schemas import OrganisationsFile
from casefile_api.outward.fetching import MOST_BYTES, Fetcher, NotFetched
from casefile_api.outward.kept_keys import AGAIN_SECONDS, FRESH_SECONDS, LONGEST_SECONDS
from casefile_api.settings import SenderBinding, Settings
from casefile_api.unattended import unattended
from tests.outside import signing
from tests.outside.client import CLIENT_ASSERTION_TYPE

ISSUER = "https://casefile.example"
LOOPBACK = (ip_network("127.0.0.0/8"),)
URL = "https://keys.police.uk/jwks"


def set_of(*keys: ClientPublicKey) -> bytes:
    return json.dumps({"keys": [{**key.jwk, "kid": key.kid} for key in keys]}).encode()


class Publisher:
    """A client's server, or its absence, and a clock."""

    def __init__(self, *keys: ClientPublicKey) -> None:
        self.content: bytes | None = set_of(*keys)
        self.fetched = 0
        self.now = 1000.0
        self.sets = KeySets(self.fetch, lambda: self.now)

    async def fetch(self, url: str) -> bytes:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.content is None:
            raise NotFetched("timeout")
        return self.content

    async def kids(self, kid: str | None = None) -> set[str]:
        return {key.kid for key in await self.sets.keys_at(URL, kid)}


KEYS = [new_client_key()[1] for _ in range(2)]
OLD, NEW = (key.kid for key in KEYS)


async def test_a_key_set_is_fetched_once_for_many_and_again_when_it_is_old() -> None:
    publisher = Publisher(KEYS[0])
    await asyncio.gather(*(publisher.kids(OLD) for _ in range(10)))
    assert publisher.fetched == 1
    publisher.now += FRESH_SECONDS + 1
    await publisher.kids(OLD)
    assert publisher.fetched == 2


async def test_a_key_that_is_new_is_found_at_once_and_inventions_are_not_looked_for_all_the_time() -> None:
    publisher = Publisher(KEYS[0])
    assert await publisher.kids(OLD) == {OLD}
    publisher.content = set_of(*KEYS)
    publisher.now += AGAIN_SECONDS + 1
    assert await publisher.kids(NEW) == {OLD, NEW}
    for _ in range(5):
        await publisher.kids("invented")
    assert publisher.fetched == 2


async def test_while_the_clients_server_is_away_its_keys_are_good_for_an_hour_and_no_longer() -> None:
    publisher = Publisher(KEYS[0])
    await publisher.kids(OLD)
    publisher.content = None
    publisher.now += LONGEST_SECONDS - 1
    assert await publisher.kids(OLD) == {OLD}
    publisher.now += AGAIN_SECONDS + 2
    assert await publisher.kids(OLD) == set()


async def test_a_key_that_is_no_longer_published_is_not_taken() -> None:
    publisher = Publisher(*KEYS)
    await publisher.kids(OLD)
    publisher.content = set_of(KEYS[1])
    publisher.now += FRESH_SECONDS + 1
    assert await publisher.kids(OLD) == {NEW}


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"keys": 1}', b"[" * 5000, b'{"keys": [{"kty": "EC", "d": "x"}]}']
)
def test_what_is_no_set_of_public_keys_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        read_key_set(raw)


def test_keys_of_other_kinds_and_uses_are_passed_over() -> None:
    others = [{"kty": "oct"}, {"kty": "EC", "crv": "P-521"}, {**KEYS[1].jwk, "use": "enc"}, 5]
    raw = json.dumps({"keys": [*others, {**KEYS[0].jwk, "kid": OLD}]}).encode()
    assert [key.kid for key in read_key_set(raw)] == [OLD]


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server on loopback that answers every GET so."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/jwks"
        finally:
            server.shutdown()
            thread.join()


async def test_a_document_is_fetched_from_where_it_may_be() -> None:
    with answering(200, b"{}") as url:
        assert await Fetcher(LOOPBACK).fetch(url) == b"{}"


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [(404, b"", "status"), (302, b"", "status"), (200, b"x" * (MOST_BYTES + 1), "too_large")],
)
async def test_a_redirect_an_error_and_too_much_are_refused(status: int, body: bytes, word: str) -> None:
    with answering(status, body, Location="http://127.0.0.1:1/") as url, pytest.raises(NotFetched, match=word):
        await Fetcher(LOOPBACK).fetch(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/jwks", "https://169.254.169.254/", "https://10.0.0.1/", "file:///etc"]
)
async def test_an_address_that_leads_inside_is_not_called(url: str) -> None:
    with pytest.raises(NotFetched):
        await Fetcher(()).fetch(url)


async def asked(database: Database, key_sets: KeySets, form: dict[str, str]) -> Answer:
    keys = SigningKeys.from_pems([new_signing_key_pem()])
    issuer, verifier = TokenIssuer(keys, ISSUER), TokenVerifier(keys, ISSUER, RevocationList())
    server = TokenServer(issuer, verifier, ProofReader(Nonces(b"shared")), SenderBinding.OPTIONAL)
    published = await key_sets.keys_for(database, form)
    async with database.session() as session:
        request = lambda plain: FormRequest(form, Registry(plain, datetime.now(UTC), published))  # noqa: E731
        _, answer = await session.run_sync(lambda plain: server.answer("token", request(plain)))
        await session.commit()
        return answer


async def test_a_client_gets_tokens_with_whatever_key_it_publishes(database_url: str, owner_database_url: str) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    service = Database(Settings(database_url=database_url))
    owner = Database(Settings(database_url=owner_database_url))
    (private, public), (stranger, _) = new_client_key(), new_client_key()
    force = {"organisations": [{"id": "police-53", "name": "Gloucestershire"}]}
    async with unattended(owner, Clock(), "load_organisations") as act:
        await load_organisations(act, OrganisationsFile.model_validate_json(json.dumps(force)))
    wanted = NewClient(client_id="force-53-rms", organisation="police-53", name="Records", jwks_uri=URL)
    async with unattended(owner, Clock(), "add_client") as act:
        await add_client(act, wanted)
    publisher = Publisher(public)

    def form(pem: bytes) -> dict[str, str]:
        key = load_pem_private_key(pem, None)
        signed = signing.sign(key, {"alg": "ES256", "kid": public.kid}, signing.client_claims("force-53-rms", ISSUER))  # type: ignore[arg-type]
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": signed,
        }

    assert (await asked(service, publisher.sets, form(private))).status == 200
    assert (await asked(service, publisher.sets, form(stranger))).error == "invalid_client"
    await service.close()
    await owner.close()


@pytest.mark.parametrize("url", ["http://keys.police.uk/jwks", "https://10.0.0.1/jwks", "https://keys.internal/jwks"])
async def test_a_url_that_leads_inside_cannot_be_registered(owner_database_url: str, url: str) -> None:
    owner = Database(Settings(database_url=owner_database_url))
    wanted = NewClient(client_id="force-53-rms", organisation="police-53", name="Records", jwks_uri=url)
    with pytest.raises(Invalid, match="registered"):
        async with unattended(owner, Clock(), "add_client") as act:
            await add_client(act, wanted)
    await owner.close()
