"""Tokens that look right and are not: every way of forging one that RFC 8725 names, and some beside.

joserfc, an implementation that the service does not use for its tokens, makes them. What needs the service's own key is
there too: a token that its key signed and that is nevertheless not for this.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey

Claims = Mapping[str, object]
ELSEWHERE = "https://elsewhere.example"
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "org", "roles", "scope")
OTHER_KEY = ECKey.generate_key("P-256")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@dataclass(frozen=True)
class Forger:
    """Somebody with the service's key, its name, and the claims of a good token."""

    key: ECKey
    kid: str
    claims: Claims

    def with_claims(self, **changes: object) -> dict[str, object]:
        return {**self.claims, **changes}

    def signed(self, payload: Claims | bytes | None = None, key: ECKey | None = None, **header: object) -> str:
        """Sign with whatever key; `None` in the header leaves a member out."""
        protected = {"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **header}
        protected = {name: value for name, value in protected.items() if value is not None}
        payload = self.claims if payload is None else payload
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.joined(json.dumps(protected).encode(), raw, key)

    def joined(self, header: bytes, payload: bytes, key: ECKey | None = None) -> str:
        """Sign whatever is given, however odd its header: the algorithm itself is joserfc's."""
        signing_input = b64(header) + b"." + b64(payload)
        signature = jws.JWSRegistry.algorithms["ES256"].sign(signing_input, key or self.key)
        return (signing_input + b"." + b64(signature)).decode()

    def hs256_with_the_public_key(self) -> str:
        secret = OctKey.import_key(base64.urlsafe_b64encode(self.key.as_pem(private=False)).decode())
        header = {"alg": "HS256", "typ": "at+jwt", "kid": self.kid}
        return jws.serialize_compact(header, json.dumps(self.claims), secret, algorithms=["HS256"])

    def unsigned(self) -> str:
        header = json.dumps({"alg": "none", "typ": "at+jwt", "kid": self.kid}).encode()
        return (b64(header) + b"." + b64(json.dumps(self.claims).encode()) + b".").decode()

    def with_signature(self, change: slice) -> str:
        head, _, signature = self.signed().rpartition(".")
        return f"{head}.{b64(base64.urlsafe_b64decode(signature + '==')[change]).decode()}"

    def with_der_signature(self) -> str:
        head, _, signature = self.signed().rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        return f"{head}.{b64(der).decode()}"

    def stray_bits(self) -> str:
        """Spell the same 64 signature bytes with other padding bits: 86 characters carry 516 bits for 512."""
        token = self.signed()
        return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) + 1]

    def altered(self) -> str:
        head, _, tail = self.signed().split(".")
        claims = json.dumps(self.with_claims(roles=["senior_officer"])).encode()
        return f"{head}.{b64(claims).decode()}.{tail}"

    def twice(self, name: str, value: object) -> bytes:
        """Spell the claims with one name standing twice."""
        return json.dumps(self.claims).encode()[:-1] + f', "{name}": {json.dumps(value)}}}'.encode()

    def nested(self) -> str:
        """Wrap a good token in an encrypted one."""
        secret = OctKey.generate_key(128)
        header = {"alg": "dir", "enc": "A128GCM", "cty": "JWT", "typ": "at+jwt", "kid": self.kid}
        return jwe.encrypt_compact(header, self.signed(), secret)


def forged_tokens(by: Forger) -> dict[str, str]:
    """Every forgery, by what is wrong with it."""
    return _bad_signatures(by) | _bad_headers(by) | _bad_claims(by) | _bad_spellings(by)


def _bad_signatures(by: Forger) -> dict[str, str]:
    return {
        "algorithm none": by.unsigned(),
        "HS256 keyed with the public key": by.hs256_with_the_public_key(),
        "another key under our kid": by.signed(key=OTHER_KEY),
        "another key under its own kid": by.signed(key=OTHER_KEY, kid=OTHER_KEY.thumbprint()),
        "altered claims": by.altered(),
        "a signature short of a byte": by.with_signature(slice(0, -1)),
        "half a signature": by.with_signature(slice(0, 32)),
        "no signature": by.signed().rpartition(".")[0] + ".",
        "a signature of noughts": f"{by.signed().rpartition('.')[0]}.{'A' * 86}",
        "a signature beyond the curve": f"{by.signed().rpartition('.')[0]}.{'_' * 85}w",
        "a signature in DER": by.with_der_signature(),
        "stray bits in the last character": by.stray_bits(),
    }


def _bad_headers(by: Forger) -> dict[str, str]:
    return {
        "an embedded jwk": by.signed(key=OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)),
        "an embedded jwk of ours": by.signed(jwk=by.key.as_dict(private=False)),
        "a jku": by.signed(jku=f"{ELSEWHERE}/jwks"),
        "an x5u": by.signed(x5u=f"{ELSEWHERE}/x5u"),
        "an x5c": by.signed(x5c=["AAAA"]),
        "a critical extension": by.signed(crit=["exp"]),
        "an unencoded payload": by.signed(b64=False),
        "no kid": by.signed(kid=None),
        "an unknown kid": by.signed(kid="unknown"),
        "a kid that is a path": by.signed(kid="../../dev/null"),
        "a kid that is no string": by.signed(kid=["a"]),
        "no typ": by.signed(typ=None),
        "the typ of another kind": by.signed(typ="JWT"),
        "another algorithm than the key's": by.signed(alg="ES384"),
        "a header member twice": by.joined(
            f'{{"alg":"ES256","typ":"at+jwt","kid":"{by.kid}","kid":"{by.kid}"}}'.encode(),
            json.dumps(dict(by.claims)).encode(),
        ),
    }


def _bad_claims(by: Forger) -> dict[str, str]:
    now, issuer, given = int(time.time()), by.claims["iss"], by.with_claims
    spoilt: dict[str, Claims | bytes] = {
        "another audience": given(aud=ELSEWHERE),
        "two audiences": given(aud=[issuer, ELSEWHERE]),
        "a list of one audience": given(aud=[issuer]),
        "another issuer": given(iss=ELSEWHERE),
        "expired": given(iat=now - 900, exp=now - 1),
        "issued in the future": given(iat=now + 600, exp=now + 1200),
        "not before": given(nbf=now + 300),
        "too long a life": given(exp=now + 86400),
        "expiry as text": given(exp=str(now + 600)),
        "expiry as a fraction": given(exp=now + 600.5),
        "expiry as true": given(exp=True),
        "expiry without end": json.dumps(given(exp=0)).replace('"exp": 0', '"exp": Infinity').encode(),
        "no roles": given(roles=[]),
        "roles as text": given(roles="officer"),
        "an unknown claim": given(admin=True),
        "an empty binding": given(cnf={}),
        "a binding to a key in full": given(cnf={"jwk": OTHER_KEY.as_dict(private=False)}),
        "a claim twice": by.twice("org", "police-20"),
        "a lone surrogate": given(name="\ud800"),
        "claims that are a list": b"[]",
        "claims that are no JSON": b"claims",
        "deep nesting": b'{"a":' * 1000 + b"1" + b"}" * 1000,
        **{f"without {name}": {k: v for k, v in by.claims.items() if k != name} for name in REQUIRED},
    }
    return {name: by.signed(claims) for name, claims in spoilt.items()}


def _bad_spellings(by: Forger) -> dict[str, str]:
    return {
        "padding": by.signed() + "==",
        "a trailing line break": by.signed() + "\n",
        "a space before": " " + by.signed(),
        "a fourth segment": by.signed() + ".AAAA",
        "encrypted around a good one": by.nested(),
        "one segment": "AAAA",
        "nothing": "",
        "oversized": by.signed(by.with_claims(name="x" * 9000)),
        "letters that are no ASCII": "é.é.é",
        "half a surrogate pair": "\ud800",
    }
