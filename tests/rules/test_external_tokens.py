"""Tokens of an organisation's own issuer open what it registered here, to whom it registered, and nothing more."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc.jwk import OctKey

from casefile_api.access.external_tokens import REGISTERED_SECONDS, ExternalTokens
from casefile_api.access.issuer_keys import metadata_urls, place_of_keys, read_issuer_keys
from casefile_api.access.revocations import RevocationList, Revocations
from casefile_api.access.tokens import Claims
from casefile_api.access.trusted_issuers import read_issuers
from casefile_api.errors import Invalid, Misconfigured, NotAuthenticated
from casefile_api.settings import Settings
from casefile_api.web.assembly import build_parts
from tests.outside.issuer import Issuer, new_key, running_issuer, trust_in

LOOPBACK = (ip_network("127.0.0.0/8"),)
REGISTERED = {
    "scopes": ["case-files:read", "events:read"],
    "assertable_roles": ["officer", "supervisor"],
    "name": "DC Invented",
    "roles": ["officer", "senior_officer"],
    "unit": "police-53-rasso",
}


class House:
    """A service with one trusted issuer, and what is registered."""

    def __init__(self, issuer: Issuer, registered: Mapping[str, Any] | None = None, **setting: object) -> None:
        self.registered: Mapping[str, Any] | None = REGISTERED | dict(registered or {})
        self.asked: list[Mapping[str, Any]] = []
        self.revocations = RevocationList()
        self.now = time.time()
        trusted = read_issuers(json.dumps([trust_in(issuer, **setting)]), "https://casefile.example")
        self.tokens = ExternalTokens(trusted, self.rows, self.revocations, LOOPBACK, lambda: self.now)

    async def rows(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        self.asked.append(values)
        return [SimpleNamespace(**self.registered)] if self.registered else []

    async def verify(self, token: str) -> Claims:
        assert self.tokens.concern(token)
        return await self.tokens.verify(token)

    async def refused(self, token: str) -> str:
        with pytest.raises(NotAuthenticated) as refusal:
            await self.verify(token)
        assert (refusal.value.detail, refusal.value.error) == ("A valid access token is needed.", "invalid_token")
        return refusal.value.reason


@pytest.fixture(scope="module")
def published() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(published: Issuer) -> Issuer:
    """The issuer as it is at first."""
    published.keys = {"first": ("ES256", new_key())}
    published.metadata, published.metadata_path = {}, "/.well-known/openid-configuration"
    published.asked.clear()
    return published


async def test_a_persons_token_is_worth_what_both_sides_say(issuer: Issuer) -> None:
    house = House(issuer)
    claims = await house.verify(issuer.token())

    assert (claims.organisation, claims.client_id, claims.subject) == ("police-53", "force-53-rms", "53-1001")
    assert (claims.name, claims.unit) == ("DC Invented", "police-53-rasso")
    assert claims.roles == {"officer"}
    assert claims.scopes == {"case-files:read"}, "case-files:write is not the client's, events:read is not the token's"
    assert house.asked[0] | {"today": 0} == {
        "organisation": "police-53",
        "client_id": "force-53-rms",
        "staff_id": "53-1001",
        "today": 0,
    }


async def test_a_systems_token_says_that_it_is_one(issuer: Issuer) -> None:
    claims = await House(issuer, {"name": None, "roles": None, "unit": None}).verify(
        issuer.token(employee=None, groups=["Records"])
    )

    assert (claims.subject, claims.roles, claims.name, claims.unit) == ("force-53-rms", {"system"}, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "https://elsewhere.example"}, "other_audience"),
        ({"aud": ["https://elsewhere.example"]}, "other_audience"),
        ({"aud": None}, "other_audience"),
        ({"exp": 1}, "bad_claims"),
        ({"exp": None}, "bad_claims"),
        ({"iat": None}, "bad_claims"),
        ({"iat": timedelta(seconds=-700), "exp": timedelta(seconds=-100)}, "expired"),
        ({"iat": timedelta(seconds=60)}, "not_yet_valid"),
        ({"nbf": timedelta(seconds=60)}, "not_yet_valid"),
        ({"nbf": "soon"}, "bad_claims"),
        ({"exp": timedelta(seconds=6000)}, "bad_claims"),
        ({"azp": None}, "bad_claims"),
        ({"azp": "two clients"}, "bad_claims"),
        ({"azp": "a\0b"}, "bad_claims"),
        ({"employee": ["53-1001", "53-1002"]}, "bad_claims"),
        ({"employee": 5}, "bad_claims"),
        ({"employee": None}, "no_person_named"),
        ({"employee": None, "groups": ["Records", "RASSO officers"]}, "no_person_named"),
        ({"groups": ["Records"]}, "no_role_held"),
        ({"groups": ["officer"]}, "no_role_held"),
        ({"groups": ["Inspectors"]}, "no_role_held"),
        ({"groups": ["Sergeants"]}, "no_role_held"),
        ({"groups": None}, "no_role_held"),
        ({"groups": {"a": "b"}}, "bad_claims"),
        ({"cnf": {}}, "bad_claims"),
        ({"cnf": {"jwk": {}}}, "bad_claims"),
        ({"cnf": {"jkt": "short"}}, "bad_claims"),
    ],
)
async def test_a_claim_that_does_not_fit_opens_nothing(issuer: Issuer, changes: dict[str, Any], reason: str) -> None:
    claims = {name: from_now(value) if isinstance(value, timedelta) else value for name, value in changes.items()}
    assert await House(issuer).refused(issuer.token(**claims)) == reason


def from_now(later: timedelta) -> int:
    return int(time.time() + later.total_seconds())


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"alg": "none"}, "bad_header"),
        ({"alg": "HS256"}, "bad_header"),
        ({"alg": "RS256"}, "bad_header"),
        ({"alg": "PS256"}, "unknown_key"),
        ({"kid": "unknown"}, "unknown_key"),
        ({"kid": None}, "bad_header"),
        ({"typ": None}, "bad_header"),
        ({"typ": "JWT"}, "bad_header"),
        ({"jku": "https://elsewhere.example"}, "bad_header"),
        ({"jwk": {}}, "bad_header"),
        ({"x5c": []}, "bad_header"),
        ({"crit": ["exp"]}, "bad_header"),
    ],
    ids=str,
)
async def test_a_header_that_deceives_opens_nothing(issuer: Issuer, header: dict[str, Any], reason: str) -> None:
    assert await House(issuer).refused(issuer.token(header=header)) == reason


async def test_another_key_under_a_published_name_opens_nothing(issuer: Issuer) -> None:
    head = {"alg": "ES256", "kid": "first", "typ": "at+jwt"}
    forged = issuer.signed(new_key(), "ES256", head, issuer.claims())

    assert await House(issuer).refused(forged) == "bad_signature"
    secret = OctKey.import_key(base64.urlsafe_b64encode(issuer.keys["first"][1].as_pem(private=False)).decode())
    confused = issuer.signed(secret, "HS256", head | {"alg": "HS256"}, issuer.claims())
    assert await House(issuer).refused(confused) == "bad_header"


async def test_who_is_not_registered_gets_nothing(issuer: Issuer) -> None:
    assert await House(issuer, {"name": None, "roles": None}).refused(issuer.token()) == "person_not_registered"
    house = House(issuer)
    house.registered = None
    assert await house.refused(issuer.token()) == "client_not_registered"


async def test_a_unit_is_the_registered_one_or_none(issuer: Issuer) -> None:
    names = {"client": "azp", "staff": "employee", "roles": "groups", "scope": "scp", "unit": ["place", "team"]}
    house = House(issuer, None, claims=names, units={"R": "police-53-rasso", "X": "police-53-x"})

    assert (await house.verify(issuer.token(place={"team": "R"}))).unit == "police-53-rasso"
    for place in ({"team": "X"}, {"team": "unheard of"}, "R", None):
        assert await house.refused(issuer.token(place=place)) == "other_unit"


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA", "RS256"])
async def test_algorithms_are_those_of_the_settings(issuer: Issuer, algorithm: str) -> None:
    issuer.keys = {"first": (algorithm, new_key(algorithm))}

    assert await House(issuer, None, algorithms=[algorithm]).verify(issuer.token())
    others = [other for other in ("ES256", "PS256", "EdDSA", "RS256") if other != algorithm]
    assert await House(issuer, None, algorithms=others).refused(issuer.token()) == "bad_header"


@pytest.mark.parametrize("member", ["jkt", "x5t#S256"])
async def test_what_a_token_is_bound_to_is_taken_over(issuer: Issuer, member: str) -> None:
    claims = await House(issuer).verify(issuer.token(cnf={member: "k" * 43}))

    assert "k" * 43 in {"jkt": [claims.bound_to], "x5t#S256": [claims.bound_to_certificate]}[member]


async def test_keys_that_are_new_are_found_and_inventions_are_not_looked_for_all_the_time(issuer: Issuer) -> None:
    house = House(issuer)
    await house.verify(issuer.token())
    before = len(issuer.asked)
    for _ in range(5):
        await house.refused(issuer.token(header={"kid": "invented"}))
    assert len(issuer.asked) == before, "within half a minute of the last look nothing is fetched again"

    issuer.keys["second"] = ("ES256", new_key())
    assert await House(issuer).verify(issuer.token("second"))


async def test_metadata_are_found_as_rfc_8414_has_them_too(issuer: Issuer) -> None:
    issuer.metadata_path = "/.well-known/oauth-authorization-server"

    assert await House(issuer).verify(issuer.token())
    assert list(metadata_urls("https://login.example/tenant")) == [
        "https://login.example/tenant/.well-known/openid-configuration",
        "https://login.example/.well-known/oauth-authorization-server/tenant",
    ]


async def test_metadata_of_another_issuer_and_keys_that_lead_inside_are_not_taken(issuer: Issuer) -> None:
    issuer.metadata = {"issuer": "https://elsewhere.example"}
    assert await House(issuer).refused(issuer.token()) == "unknown_key"
    issuer.metadata = {"jwks_uri": "http://169.254.169.254/keys"}
    assert await House(issuer).refused(issuer.token()) == "unknown_key"


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"issuer": "x"}', b'{"issuer": "i", "jwks_uri": 5}', b"[" * 9999])
def test_metadata_that_are_none_are_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        place_of_keys(raw, "i")


def test_keys_without_a_name_of_other_kinds_and_uses_are_passed_over() -> None:
    good = new_key().as_dict(private=False)
    others = [good, {**good, "kid": "a", "use": "enc"}, {"kty": "oct", "kid": "b", "k": "x"}, {"kid": "c"}, 5]
    others.append({**new_key().as_dict(private=True), "kid": "d"})
    keys = read_issuer_keys(json.dumps({"keys": [*others, {**good, "kid": "e", "alg": "ES256"}]}).encode())

    assert [(key.kid, key.algorithms) for key in keys] == [("e", {"ES256"})]
    for raw in (b"", b"[]", b'{"keys": 1}', json.dumps({"keys": [good] * 101}).encode()):
        with pytest.raises(Invalid):
            read_issuer_keys(raw)


async def test_what_is_taken_away_counts_although_the_token_was_seen(issuer: Issuer) -> None:
    house = House(issuer)
    token = issuer.token(iat=int(house.now) - 5)
    await house.verify(token)
    house.revocations.replace(Revocations(cutoffs={("staff", "police-53", "53-1001"): int(house.now)}))
    assert await house.refused(token) == "revoked"

    house.revocations.replace(Revocations())
    house.registered = None
    await house.verify(token)
    house.now += REGISTERED_SECONDS + 1
    assert await house.refused(token) == "client_not_registered"


async def test_a_token_ends_although_it_was_seen(issuer: Issuer) -> None:
    house = House(issuer)
    token = issuer.token(exp=int(house.now) + 30)
    await house.verify(token)
    house.now += 31

    assert await house.refused(token) == "expired"


def test_other_tokens_are_no_concern_of_theirs(issuer: Issuer) -> None:
    tokens = House(issuer).tokens

    assert not any(tokens.concern(text) for text in ("", "x", issuer.token(iss="https://elsewhere.example")))
    assert not any(tokens.concern(text) for text in (issuer.token(iss=[issuer.url]), issuer.token(iss={})))


ENTRY = {"issuer": "https://login.example", "audience": "x", "organisation": "police-53"}


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("nonsense", "/"),
        ("{}", "/"),
        ('[{"issuer": "https://x"}]', "/0/"),
        (json.dumps([ENTRY | {"organisation": "nobody-5"}]), "/0/organisation"),
        (json.dumps([ENTRY | {"algorithms": ["none"]}]), "/0/algorithms"),
        (json.dumps([ENTRY | {"algorithms": ["HS256"]}]), "/0/algorithms"),
        (json.dumps([ENTRY | {"roles": {"a": "king"}}]), "/0/roles"),
        (json.dumps([ENTRY | {"scopes": {"a": "everything"}}]), "/0/scopes"),
        (json.dumps([ENTRY | {"longest_minutes": 600}]), "/0/longest_minutes"),
        (json.dumps([ENTRY | {"clams": {}}]), "/0/clams"),
        (json.dumps([ENTRY, ENTRY]), "twice"),
        (json.dumps([ENTRY | {"issuer": "https://casefile.example"}]), "itself"),
    ],
)
def test_a_setting_that_is_wrong_stops_the_start_and_names_the_place(setting: str, place: str) -> None:
    with pytest.raises(Misconfigured, match=place):
        read_issuers(setting, "https://casefile.example")


def test_the_service_does_not_start_with_a_wrong_setting(tmp_path: Any) -> None:
    with pytest.raises(Misconfigured, match="CASEFILE_TRUSTED_ISSUERS"):
        build_parts(Settings(data_dir=tmp_path, trusted_issuers="[5]"))
