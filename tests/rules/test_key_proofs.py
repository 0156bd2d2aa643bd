"""A proof of a key is for one request, one token and one minute, and signed by that very key (RFC 9449 4.3)."""

import json
import uuid

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from casefile_api.access import key_proofs
from casefile_api.access.compact import base64url
from casefile_api.access.key_proofs import Aim, BadProof, ProofReader
from casefile_api.access.nonces import WINDOW_SECONDS, Nonces

URL = "https://casefile.example/v1/case-files"
TOKEN = "a.b.c"
NOW = 1_800_000_000.0
KEY = ECKey.generate_key("P-256")
NONCES = Nonces(b"shared", lambda: NOW)
READER = ProofReader(NONCES, lambda: NOW)
AIM = Aim("GET", URL, TOKEN)


def proof(
    key: object = KEY, algorithm: str = "ES256", *, header: dict[str, object] | None = None, **claims: object
) -> str:
    said: dict[str, object] = {"jti": str(uuid.uuid4()), "htm": "GET", "htu": URL, "iat": int(NOW)}
    said |= {"ath": key_proofs.token_hash(TOKEN), "nonce": NONCES.newest()} | claims
    head = {"typ": "dpop+jwt", "alg": algorithm, "jwk": key.as_dict(private=False)} | (header or {})  # type: ignore[attr-defined]
    texts = [base64url(json.dumps({n: v for n, v in part.items() if v is not None}).encode()) for part in (head, said)]
    signature = jws.JWSRegistry.algorithms[algorithm].sign(".".join(texts).encode(), key)
    return ".".join([*texts, base64url(signature)])


def refused(*headers: str, aim: Aim = AIM) -> BadProof:
    with pytest.raises(BadProof) as found:
        READER.read(headers, aim)
    return found.value


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (KEY, "ES256"),
        (RSAKey.generate_key(2048), "PS256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
def test_a_good_proof_names_the_thumbprint_of_its_key(key: ECKey, algorithm: str) -> None:
    assert READER.read([proof(key, algorithm)], AIM).thumbprint == key.thumbprint()


def test_two_proofs_are_known_apart_and_one_is_known_again() -> None:
    one, other = proof(), proof()
    digests = [READER.read([text], AIM).digest for text in (one, other, one)]
    assert digests[0] == digests[2] != digests[1]


def test_one_jti_under_two_keys_is_two_proofs() -> None:
    texts = [proof(key, jti="same") for key in (KEY, ECKey.generate_key("P-256"))]
    assert READER.read([texts[0]], AIM).digest != READER.read([texts[1]], AIM).digest


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"htm": "POST"}, "proof_for_other_method"),
        ({"htm": "get"}, "proof_for_other_method"),
        ({"htu": URL + "/1"}, "proof_for_other_url"),
        ({"htu": "https://other.example/v1/case-files"}, "proof_for_other_url"),
        ({"htu": "http://casefile.example/v1/case-files"}, "proof_for_other_url"),
        ({"htu": "https://casefile.example@other.example/v1/case-files"}, "proof_for_other_url"),
        ({"htu": "https://[/v1/case-files"}, "proof_for_other_url"),
        ({"htu": None}, "proof_for_other_url"),
        ({"ath": key_proofs.token_hash("another")}, "proof_for_other_token"),
        ({"ath": None}, "proof_for_other_token"),
        ({"iat": int(NOW) - 61}, "proof_not_current"),
        ({"iat": int(NOW) + 31}, "proof_not_current"),
        ({"iat": None}, "proof_bad_claims"),
        ({"iat": float(NOW)}, "proof_bad_claims"),
        ({"jti": None}, "proof_bad_claims"),
        ({"jti": "x" * 256}, "proof_bad_claims"),
        ({"jti": 5}, "proof_bad_claims"),
    ],
)
def test_a_proof_for_something_else_is_refused(claims: dict[str, object], reason: str) -> None:
    assert refused(proof(**claims)).reason == reason


@pytest.mark.parametrize("nonce", [None, "", "invented", Nonces(b"another key", lambda: NOW).newest()])
def test_a_proof_without_a_nonce_of_ours_is_asked_for_one(nonce: str | None) -> None:
    assert refused(proof(nonce=nonce)).error == "use_dpop_nonce"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"jwk": None},
        {"jwk": KEY.as_dict(private=True)},
        {"jwk": OctKey.generate_key(256).as_dict(private=True)},
        {"jwk": ECKey.generate_key("P-384").as_dict(private=False)},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
        {"jku": "https://other.example/keys"},
        {"x5c": []},
        {"crit": ["exp"]},
    ],
)
def test_a_header_that_changes_the_rules_is_refused(header: dict[str, object]) -> None:
    assert refused(proof(header=header)).error == "invalid_dpop_proof"


def test_a_proof_signed_by_another_key_than_it_names_is_refused() -> None:
    other = ECKey.generate_key("P-256").as_dict(private=False)
    assert refused(proof(header={"jwk": other})).reason == "proof_bad_signature"


@pytest.mark.parametrize(
    "headers", [[], [""], ["x" * 9000], [proof(header={"typ": "JWT"})], [proof(header={"jwk": {}})], [proof(htm="PUT")]]
)
def test_a_bad_proof_costs_one_verification_wherever_it_is_found_out(
    headers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    verify, verified = key_proofs._is_signed, []
    monkeypatch.setattr(key_proofs, "_is_signed", lambda *given: verified.append(given) or verify(*given))
    refused(*headers)

    assert len(verified) == 1


def test_no_proof_and_two_proofs_are_refused() -> None:
    assert [refused().reason, refused(proof(), proof()).reason] == ["no_proof", "several_proofs"]


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "x" * 9000, "..", "é.é.é"])
def test_what_is_no_token_at_all_is_refused(text: str) -> None:
    assert refused(text).error == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "htu",
    [
        URL + "?limit=2#part",
        "HTTPS://CASEFILE.example:443/v1/case-files",
        "https://casefile.example/v1/%63ase%2Dfiles",
    ],
)
def test_spellings_of_one_url_are_one_url(htu: str) -> None:
    assert READER.read([proof(htu=htu)], AIM).thumbprint == KEY.thumbprint()


def test_an_encoded_slash_is_not_a_slash() -> None:
    assert not key_proofs.is_same_url("https://casefile.example/v1%2Fcase-files", URL)


@pytest.mark.parametrize(
    ("later_seconds", "good"), [(0, True), (WINDOW_SECONDS, True), (2 * WINDOW_SECONDS, False), (-WINDOW_SECONDS, True)]
)
def test_a_nonce_is_good_in_its_minute_and_beside_it_in_every_process(later_seconds: int, good: bool) -> None:
    elsewhere = Nonces(b"shared", lambda: NOW + later_seconds)
    assert elsewhere.is_good(NONCES.newest()) is good


def test_a_proof_is_remembered_for_as_long_as_it_could_be_taken() -> None:
    read = READER.read([proof(iat=int(NOW) + key_proofs.SKEW_SECONDS)], AIM)
    assert read.expires_at > NOW + key_proofs.SKEW_SECONDS + key_proofs.OLDEST_SECONDS
