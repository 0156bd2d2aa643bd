"""Forged tokens, proofs and assertions: one answer for all of a kind, and each is in the log (RFC 8725)."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from joserfc.jwk import ECKey

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from tests.api.asking import ask, forged, own_claims
from tests.outside import signing
from tests.outside.client import Party, Sandbox
from tests.outside.dpop import Holder, public_jwk
from tests.outside.forging import ELSEWHERE, OTHER_KEY, Forger, forged_tokens

OF_ONE_REQUEST = {"request-id", "date", "content-length"}
COUNTED = """
    select reason, sum(count)::int from (
        select action, reason, count from refusal_tally
        union all
        select action, told ->> 'reason', (told ->> 'count')::int
        from audit_entry, lateral (select convert_from(erasable, 'utf8')::jsonb -> 'details' as told) as it
        where outcome = 'refused' and erasable is not null) as refused
    where action = %s and reason is not null group by 1
    """


@pytest.fixture(scope="module")
def log(sandbox: Sandbox) -> Iterator[psycopg.Connection[Any]]:
    """The sandbox's database, entered as its owner."""
    url = PostgreSQL(DataDirectory(sandbox.directory)).addresses().owner
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def counted(log: psycopg.Connection[Any], action: str) -> dict[str, int]:
    """How often what was refused for which reason, waiting for its entry or in one already; at one moment."""
    return dict(log.execute(COUNTED.encode(), (action,)).fetchall())


def new_since(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {reason: times - before.get(reason, 0) for reason, times in after.items() if times > before.get(reason, 0)}


def seen(answer: httpx.Response) -> tuple[Any, ...]:
    """What a caller can tell an answer by."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_ONE_REQUEST}
    told = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, tuple(sorted(headers.items())), tuple(sorted(told.items()))


@pytest.fixture
def system(sandbox: Sandbox) -> Party:
    return sandbox.party("force-53-rms")


def test_forged_tokens_get_one_answer_and_each_is_in_the_log(system: Party, log: psycopg.Connection[Any]) -> None:
    sandbox = system.sandbox
    key = ECKey.import_key((sandbox.directory / "keys" / "token-signing.pem").read_bytes())
    forgeries = forged_tokens(Forger(key, key.thumbprint(), signing.claims_of(system.token)))
    sendable = {name: token for name, token in forgeries.items() if token.isascii() and token.isprintable() and token}
    url, before = f"{sandbox.base_url}/v1/me", counted(log, "get_me")
    answers = {
        name: seen(sandbox.http.get(url, headers={"Authorization": f"Bearer {token.strip()}"}))
        for name, token in sendable.items()
        if token.strip() == token
    }
    known = new_since(before, counted(log, "get_me"))

    assert len(answers) > 55
    assert {answer[0] for answer in answers.values()} == {401}
    assert len(set(answers.values())) == 1, answers
    assert sum(known.values()) == len(answers)
    reasons = {"malformed", "oversized", "bad_header", "bad_signature", "unknown_key", "bad_claims", "other_audience"}
    assert set(known) == reasons | {"expired", "not_yet_valid"}


def spoilt_proofs(holder: Holder, token: str) -> dict[str, str]:
    """Proofs that are forged, or for something else."""
    url = holder.resource("/v1/me")
    good = holder.proof("GET", url, token)
    head, claims, signature = good.split(".")
    named = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(holder.key)}
    of_other_key = signing.sign(OTHER_KEY.private_key, named, signing.claims_of(good))
    headers: dict[str, Any] = {
        "algorithm none": {"alg": "none"},
        "HS256": {"alg": "HS256"},
        "another typ": {"typ": "JWT"},
        "no typ": {"typ": ""},
        "no key": {"jwk": None},
        "a private key": {"jwk": OTHER_KEY.as_dict(private=True)},
        "another's key": {"jwk": OTHER_KEY.as_dict(private=False)},
        "a jku": {"jku": ELSEWHERE},
        "an x5c": {"x5c": ["AAAA"]},
        "a critical extension": {"crit": ["exp"]},
    }
    claims_of: dict[str, dict[str, object]] = {
        "another method": {"htm": "POST"},
        "another URL": {"htu": f"{ELSEWHERE}/v1/me"},
        "another token": {"ath": "x"},
        "no token": {"ath": None},
        "no jti": {"jti": None},
        "long ago": {"iat": int(time.time()) - 3600},
        "in the future": {"iat": int(time.time()) + 3600},
    }
    return {
        **{name: holder.proof("GET", url, token, header=change) for name, change in headers.items()},
        **{name: holder.proof("GET", url, token, **changes) for name, changes in claims_of.items()},
        "signed by another key": of_other_key,
        "no signature": f"{head}.{claims}.",
        "half a signature": f"{head}.{claims}.{signature[:43]}",
        "stray bits": good[:-1] + chr(ord(good[-1]) + 1),
        "two proofs": f"{good}, {good}",
        "nonsense": "nonsense",
        "oversized": "a." * 5000,
        "an access token": token,
    }


def test_forged_proofs_get_one_answer_and_each_is_in_the_log(system: Party, log: psycopg.Connection[Any]) -> None:
    holder = Holder(system)
    token = holder.token()
    proofs, before = spoilt_proofs(holder, token), counted(log, "get_me")
    answers = {name: seen(holder.call(token, proof=proof)) for name, proof in proofs.items()}
    known = new_since(before, counted(log, "get_me"))

    assert len(set(answers.values())) == 1, answers
    assert next(iter(answers.values()))[0] == 401
    assert sum(known.values()) == len(answers)
    assert {"proof_bad_signature", "proof_bad_header", "proof_bad_key", "proof_for_other_url"} <= set(known)


def spoilt_assertions(system: Party) -> dict[str, str]:
    """Client assertions that are forged, not of this client, or not for this."""
    kid, issuer, now = system.entry["kid"], system.sandbox.config["issuer"], int(time.time())
    headers: dict[str, Any] = {
        "algorithm none": {"alg": "none", "kid": kid},
        "HS256": {"alg": "HS256", "kid": kid},
        "another algorithm": {"alg": "PS256", "kid": kid},
        "an unknown kid": {"alg": "ES256", "kid": "unknown"},
        "an embedded key": {"alg": "ES256", "jwk": OTHER_KEY.as_dict(private=False)},
        "a jku": {"alg": "ES256", "kid": kid, "jku": ELSEWHERE},
        "an x5c": {"alg": "ES256", "kid": kid, "x5c": ["AAAA"]},
        "another typ": {"alg": "ES256", "kid": kid, "typ": "at+jwt"},
    }
    claims: dict[str, dict[str, object]] = {
        "another audience": {"aud": ELSEWHERE},
        "expired": {"iat": now - 900, "exp": now - 600},
        "not yet valid": {"iat": now + 200, "exp": now + 260},
        "too long a life": {"exp": now + 9000},
        "no jti": {"jti": None},
        "an unknown client": {"iss": "force-99-rms", "sub": "force-99-rms"},
        "another client": {"iss": "force-20-rms", "sub": "force-20-rms"},
        "a person": {"sub": "53-1001"},
    }
    good = system.assertion(jti=str(uuid.uuid4()))
    by_another = signing.sign(OTHER_KEY.private_key, {"alg": "ES256", "kid": kid}, own_claims(system))
    return {
        **{name: forged(system, header, own_claims(system)) for name, header in headers.items()},
        **{name: system.assertion(**changes) for name, changes in claims.items()},
        "by another key": by_another,
        "half a signature": good[:-43],
        "stray bits": good[:-1] + ("B" if good[-1] == "A" else chr(ord(good[-1]) + 1)),
        "padding": good + "==",
        "five segments": good + ".a.b",
        "nonsense": "nonsense",
        "oversized": "a" * 20_000,
        "of the issuer": signing.sign(system.key, {"alg": "ES256", "kid": kid}, own_claims(system, iss=issuer)),
    }


def test_forged_client_assertions_get_one_answer_and_each_is_in_the_log(
    system: Party, log: psycopg.Connection[Any]
) -> None:
    used = system.assertion()
    assert ask(system, client_assertion=used).status_code == 200
    assertions, before = spoilt_assertions(system) | {"used before": used}, counted(log, "issue_token")
    answers = {name: seen(ask(system, client_assertion=one)) for name, one in assertions.items()}
    known = new_since(before, counted(log, "issue_token"))

    assert len(set(answers.values())) == 1, answers
    assert next(iter(answers.values()))[0] == 401
    assert sum(known.values()) == len(answers)
    words = ("bad_signature", "replayed", "expired", "not_yet_valid", "other_audience", "malformed", "bad_header")
    assert {f"assertion_{word}" for word in words} <= set(known)
