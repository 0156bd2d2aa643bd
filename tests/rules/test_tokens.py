"""No token but one of ours, unaltered and current, is believed (RFC 8725 3, RFC 9068 4).

joserfc, an implementation the service does not use here, makes the forgeries and reads what the service issues.
"""

import base64
import json
import time
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from casefile_api.access.revocations import RevocationList, Revocations
from casefile_api.access.signing_keys import SigningKeys, ensure_signing_key, new_signing_key_pem
from casefile_api.access.tokens import Claims, TokenIssuer, TokenVerifier
from casefile_api.errors import DependencyUnavailable, Misconfigured, NotAuthenticated

ISSUER = "https://casefile.example"
WORDS = "The access token is not valid."

PEM = new_signing_key_pem()
KEYS = SigningKeys.from_pems([PEM])
KID = KEYS.signing.kid
OUR_KEY = ECKey.import_key(PEM)
OTHER_KEY = ECKey.generate_key("P-256")


def verifier(revocations: RevocationList | None = None, keys: SigningKeys = KEYS) -> TokenVerifier:
    return TokenVerifier(keys, ISSUER, revocations or RevocationList())


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": "PC2041",
        "aud": ISSUER,
        "exp": now + 600,
        "iat": now,
        "jti": "0193-a",
        "client_id": "force-53-rms",
        "org": "police-53",
        "roles": ["officer"],
        "scope": "case-files:read",
        "name": "A Constable",
        "unit": "police-53-rasso",
        **changes,
    }


def signed(payload: dict[str, object] | bytes, key: ECKey = OUR_KEY, **header: object) -> str:
    protected = {"alg": "ES256", "typ": "at+jwt", "kid": KID, **header}
    protected = {name: value for name, value in protected.items() if value is not None}
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return joined(json.dumps(protected).encode(), raw, key)


def joined(header: bytes, payload: bytes, key: ECKey = OUR_KEY) -> str:
    """Sign whatever is given, however odd its header: the algorithm itself is joserfc's."""
    signing_input = b64(header) + b"." + b64(payload)
    signature = jws.JWSRegistry.algorithms["ES256"].sign(signing_input, key)
    return (signing_input + b"." + b64(signature)).decode()


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def issued() -> tuple[str, Claims]:
    issuer = TokenIssuer(KEYS, ISSUER)
    said = issuer.claims_for(
        subject="PC2041",
        client_id="force-53-rms",
        organisation="police-53",
        roles=frozenset({"officer", "supervisor"}),
        scopes=frozenset({"case-files:read", "case-files:write"}),
        issued_at=int(time.time()),
        name="A Constable",
        unit="police-53-rasso",
    )
    return issuer.sign(said), said


def test_a_token_we_issue_is_read_back_as_it_was_meant() -> None:
    token, said = issued()

    assert verifier().verify(token) == said


def test_a_second_implementation_reads_our_token_with_the_published_keys_alone() -> None:
    token, said = issued()

    published = KeySet([ECKey.import_key(dict(key)) for key in KEYS.public_set()["keys"]])
    read = jwt.decode(token, published, algorithms=["ES256"])

    assert read.header == {"alg": "ES256", "typ": "at+jwt", "kid": KID}
    assert read.claims["exp"] - read.claims["iat"] == 900
    assert read.claims["aud"] == read.claims["iss"] == ISSUER
    assert read.claims["roles"] == ["officer", "supervisor"]
    assert (read.claims["jti"], read.claims["org"]) == (said.token_id, "police-53")


def test_the_key_id_is_the_thumbprint_that_a_second_implementation_computes() -> None:
    assert ECKey.import_key(PEM).thumbprint() == KID


def test_no_published_key_holds_a_private_member() -> None:
    assert all("d" not in key for key in KEYS.public_set()["keys"])
    assert "PRIVATE" not in repr(KEYS)


def test_a_token_made_by_a_second_implementation_with_our_key_is_believed() -> None:
    assert verifier().verify(signed(claims())).subject == "PC2041"


def hs256_with_the_public_key() -> str:
    secret = OctKey.import_key(base64.urlsafe_b64encode(KEYS.signing.public_pem.encode()).decode())
    header = {"alg": "HS256", "typ": "at+jwt", "kid": KID}
    return jws.serialize_compact(header, json.dumps(claims()), secret, algorithms=["HS256"])


def unsigned() -> str:
    header = json.dumps({"alg": "none", "typ": "at+jwt", "kid": KID}).encode()
    return (b64(header) + b"." + b64(json.dumps(claims()).encode()) + b".").decode()


def with_signature(change: int | None) -> str:
    token = signed(claims())
    head, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    return f"{head}.{b64(raw[:change]).decode()}" if change else f"{head}.{'A' * 86}"


def stray_bits() -> str:
    """Spell the same 64 signature bytes with other padding bits: 86 characters carry 516 bits for 512."""
    token = signed(claims())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def altered_payload() -> str:
    head, _, tail = signed(claims()).split(".")
    return f"{head}.{b64(json.dumps(claims(roles=['senior_officer'])).encode()).decode()}.{tail}"


def twice(name: str, value: object) -> bytes:
    """Spell the claims with one name standing twice."""
    return json.dumps(claims()).encode()[:-1] + f', "{name}": {json.dumps(value)}}}'.encode()


NOW = int(time.time())
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "org", "roles", "scope")
FORGERIES = {
    "algorithm none": unsigned(),
    "HS256 keyed with the public key": hs256_with_the_public_key(),
    "another key under our kid": signed(claims(), OTHER_KEY),
    "another key under its own kid": signed(claims(), OTHER_KEY, kid=OTHER_KEY.thumbprint()),
    "an embedded jwk": signed(claims(), OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)),
    "an embedded jwk of ours": signed(claims(), jwk=OUR_KEY.as_dict(private=False)),
    "a jku": signed(claims(), jku="https://elsewhere.example/jwks"),
    "an x5u": signed(claims(), x5u="https://elsewhere.example/x5u"),
    "a critical extension": signed(claims(), crit=["exp"]),
    "an unencoded payload": signed(claims(), b64=False),
    "no kid": signed(claims(), kid=None),
    "a kid that is no string": signed(claims(), kid=["a"]),
    "no typ": signed(claims(), typ=None),
    "the typ of another kind": signed(claims(), typ="JWT"),
    "another audience": signed(claims(aud="https://elsewhere.example")),
    "two audiences": signed(claims(aud=[ISSUER, "https://elsewhere.example"])),
    "a list of one audience": signed(claims(aud=[ISSUER])),
    "another issuer": signed(claims(iss="https://elsewhere.example")),
    "expired": signed(claims(iat=NOW - 900, exp=NOW - 1)),
    "issued in the future": signed(claims(iat=NOW + 600, exp=NOW + 1200)),
    "not before": signed(claims(nbf=NOW + 300)),
    "too long a life": signed(claims(exp=NOW + 86400)),
    "expiry as text": signed(claims(exp=str(NOW + 600))),
    "expiry as a fraction": signed(claims(exp=NOW + 600.5)),
    "expiry as true": signed(claims(exp=True)),
    "expiry without end": signed(json.dumps(claims(exp=0)).replace('"exp": 0', '"exp": Infinity').encode()),
    "no roles": signed(claims(roles=[])),
    "roles as text": signed(claims(roles="officer")),
    "an unknown claim": signed(claims(admin=True)),
    "a claim twice": signed(twice("org", "police-20")),
    "a header member twice": joined(
        f'{{"alg":"ES256","typ":"at+jwt","kid":"{KID}","kid":"{KID}"}}'.encode(), json.dumps(claims()).encode()
    ),
    "a lone surrogate": signed(claims(name="\ud800")),
    "claims that are a list": signed(b"[]"),
    "deep nesting": signed(b'{"a":' * 1000 + b"1" + b"}" * 1000),
    "altered claims": altered_payload(),
    "a truncated signature": with_signature(-1),
    "an empty-handed signature": with_signature(None),
    "stray bits in the last character": stray_bits(),
    "padding": signed(claims()) + "==",
    "a trailing line break": signed(claims()) + "\n",
    "a space before": " " + signed(claims()),
    "four segments": signed(claims()) + ".AAAA",
    "one segment": "AAAA",
    "nothing": "",
    "oversized": signed(claims(name="x" * 9000)),
    "letters that are no ASCII": "é.é.é",
    "half a surrogate pair": "\ud800",
    **{f"without {name}": signed({k: v for k, v in claims().items() if k != name}) for name in REQUIRED},
}


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forgery_is_refused_in_the_same_words_as_any_other(token: str) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        verifier().verify(token)

    assert refusal.value.detail == WORDS
    assert refusal.value.reason


def test_a_token_is_refused_the_moment_it_expires_though_it_was_remembered() -> None:
    now = [time.time()]
    remembering = TokenVerifier(KEYS, ISSUER, RevocationList(), now=lambda: now[0])
    token = signed(claims())
    remembering.verify(token)

    now[0] += 601

    with pytest.raises(NotAuthenticated):
        remembering.verify(token)


def test_a_revoked_token_is_refused_though_it_was_remembered() -> None:
    revocations = RevocationList()
    checking = verifier(revocations)
    token, said = issued()
    checking.verify(token)

    revocations.replace(Revocations(tokens=frozenset({said.token_id})))

    with pytest.raises(NotAuthenticated):
        checking.verify(token)


@pytest.mark.parametrize("cutoff", [("client", "police-53", "force-53-rms"), ("staff", "police-53", "PC2041")])
def test_a_cut_off_ends_the_tokens_issued_until_then_and_no_later_one(cutoff: tuple[str, str, str]) -> None:
    revocations = RevocationList()
    earlier, later = signed(claims(iat=NOW - 10)), signed(claims(iat=NOW - 9))

    revocations.replace(Revocations(cutoffs={cutoff: NOW - 10}))

    assert verifier(revocations).verify(later)
    with pytest.raises(NotAuthenticated):
        verifier(revocations).verify(earlier)


def test_a_cut_off_of_another_organisation_touches_nobody_here() -> None:
    revocations = RevocationList()
    revocations.replace(Revocations(cutoffs={("staff", "police-20", "PC2041"): NOW + 60}))

    assert verifier(revocations).verify(signed(claims()))


def test_nobody_is_let_in_when_revocations_could_not_be_read_for_long() -> None:
    stale = RevocationList(trusted_seconds=-1.0)

    with pytest.raises(DependencyUnavailable):
        verifier(stale).verify(signed(claims()))


def test_a_token_of_the_key_before_is_believed_while_keys_rotate() -> None:
    token, _ = issued()
    rotated = SigningKeys.from_pems([new_signing_key_pem(), PEM])

    assert verifier(keys=rotated).verify(token)
    assert rotated.signing.kid != KID


def test_a_retired_key_opens_nothing() -> None:
    token, _ = issued()

    with pytest.raises(NotAuthenticated):
        verifier(keys=SigningKeys.from_pems([new_signing_key_pem()])).verify(token)


def test_a_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = ensure_signing_key(tmp_path / "keys" / "token.pem")
    first = path.read_bytes()

    assert ensure_signing_key(path).read_bytes() == first
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["token.pem"]


@pytest.mark.parametrize("pem", [b"", b"nonsense", ECKey.generate_key("P-384").as_pem(private=True)])
def test_a_key_that_cannot_sign_es256_stops_the_start_without_showing_itself(pem: bytes) -> None:
    with pytest.raises(Misconfigured) as fault:
        SigningKeys.from_pems([pem])

    assert "BEGIN" not in str(fault.value)

