"""Proof that a caller holds the key its token is bound to (DPoP, RFC 9449), made anew for each request.

A stolen token is worth nothing without the key, and a stolen proof is worth nothing for another request, another token
or another minute. What is left, the very same proof sent twice, is refused by whoever writes it down second: `digest`
is unique in the database, across processes. The check here is of everything else.
"""

import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from casefile_api.access.compact import UNTRUSTED_HEADERS, CompactToken, NotCompact, base64url, read_compact
from casefile_api.access.nonces import Nonces

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")
MEDIA_TYPE: Final = "dpop+jwt"
OLDEST_SECONDS = 60
SKEW_SECONDS = 30
"""A proof may be from a clock that is ahead; FAPI 2.0 5.3.2.1 wants 10 seconds forgiven, and more than 60 refused."""
KEPT_SECONDS = OLDEST_SECONDS + 2 * SKEW_SECONDS
LONGEST_WORD = 255
SMALLEST_RSA_BITS, LARGEST_RSA_BITS = 2048, 4096
USUAL_EXPONENT = "AQAB"
MOST_KEYS_KEPT = 2_000

_FORBIDDEN_HEADERS = UNTRUSTED_HEADERS - {"jwk"}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_USUAL_PORTS = {"http": 80, "https": 443}

ProofKey = ECKey | RSAKey | OKPKey

_DECOY, _DECOY_SIGNATURE = "e30.e30.", b"\x11" * 64
_DECOY_KEY = ECKey.generate_key("P-256")


class BadProof(ValueError):
    """The proof is not good. `reason` is a word for the log, `error` what RFC 9449 has the caller told."""

    def __init__(self, reason: str, error: str = "invalid_dpop_proof") -> None:
        super().__init__(reason)
        self.reason = reason
        self.error = error


@dataclass(frozen=True, slots=True)
class KeyProof:
    """A proof that was found good: the key's RFC 7638 thumbprint, and what makes this one proof known again."""

    thumbprint: str
    digest: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class Aim:
    """What a proof must be made for: the method and the URL of the request, and the token that goes with it."""

    method: str
    url: str
    token: str | None = None


class ProofReader:
    """Reads proofs. Keys are remembered by how they are written, since a client uses one for long."""

    def __init__(self, nonces: Nonces, now: Callable[[], float] = time.time) -> None:
        self.nonces = nonces
        self._now = now
        self._keys: OrderedDict[tuple[str, ...], tuple[ProofKey, str]] = OrderedDict()

    def read(self, headers: Sequence[str], aim: Aim) -> KeyProof:
        """Return the proof that the DPoP headers of a request hold; there is one header (RFC 9449 4.3).

        Raises BadProof.
        """
        try:
            token, algorithm = _read_header(headers)
            key, thumbprint = self._key_in(token, algorithm)
        except BadProof:
            _is_signed(_DECOY, _DECOY_SIGNATURE, _DECOY_KEY, "ES256")  # found out early, and it took no less time
            raise
        if not _is_signed(headers[0], token.signature, key, algorithm):
            raise BadProof("proof_bad_signature")
        return self._check_claims(token, aim, thumbprint)

    def _key_in(self, token: CompactToken, algorithm: str) -> tuple[ProofKey, str]:
        jwk = token.header.get("jwk")
        if not isinstance(jwk, dict) or not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise BadProof("proof_bad_key")
        written = tuple(str(jwk.get(name)) for name in ("kty", "crv", "x", "y", "n", "e"))
        kept = self._keys.get((algorithm, *written))
        if kept is None:
            kept = _read_key(jwk, algorithm)
            self._keys[(algorithm, *written)] = kept
            if len(self._keys) > MOST_KEYS_KEPT:
                self._keys.popitem(last=False)
        return kept

    def _check_claims(self, token: CompactToken, aim: Aim, thumbprint: str) -> KeyProof:
        jti, made_at = token.text("jti"), token.moment("iat")
        if jti is None or len(jti) > LONGEST_WORD or made_at is None:
            raise BadProof("proof_bad_claims")
        if token.claims.get("htm") != aim.method:
            raise BadProof("proof_for_other_method")
        if not is_same_url(token.text("htu") or "", aim.url):
            raise BadProof("proof_for_other_url")
        if aim.token is not None and token.claims.get("ath") != token_hash(aim.token):
            raise BadProof("proof_for_other_token")
        if not -OLDEST_SECONDS <= made_at - self._now() <= SKEW_SECONDS:
            raise BadProof("proof_not_current")
        if not self.nonces.is_good(token.text("nonce") or ""):
            raise BadProof("proof_without_nonce", "use_dpop_nonce")
        digest = sha256(f"{thumbprint}.{jti}".encode("utf-8", "surrogatepass")).digest()
        return KeyProof(thumbprint, digest, made_at + KEPT_SECONDS)


def token_hash(token: str) -> str:
    """Return the claim `ath` of a token (RFC 9449 4.2)."""
    return base64url(sha256(token.encode("utf-8", "surrogatepass")).digest())


def is_same_thumbprint(one: str, other: str) -> bool:
    """Compare two thumbprints without telling by time how much of them agrees."""
    return hmac.compare_digest(one.encode(), other.encode())


def is_same_url(claimed: str, called: str) -> bool:
    """Compare without query and fragment, after the normalisation of RFC 3986 6.2.2 and 6.2.3 (RFC 9449 4.3)."""
    try:
        return _normal(claimed) == _normal(called)
    except ValueError:
        return False


def _normal(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    if parts.username is not None or not parts.hostname:
        raise ValueError("no plain URL")
    path = _PERCENT.sub(_normal_octet, parts.path) or "/"
    return parts.scheme, parts.hostname, parts.port or _USUAL_PORTS.get(parts.scheme), path


def _normal_octet(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if _UNRESERVED.fullmatch(character) else f"%{found[1].upper()}"


def _read_header(headers: Sequence[str]) -> tuple[CompactToken, str]:
    if len(headers) != 1:
        raise BadProof("several_proofs" if headers else "no_proof")
    try:
        token = read_compact(headers[0])
    except NotCompact as fault:
        raise BadProof(f"proof_{fault.reason}") from None
    return token, _check_header(token)


def _check_header(token: CompactToken) -> str:
    header = token.header
    algorithm = header.get("alg")
    if header.get("typ") != MEDIA_TYPE or not _FORBIDDEN_HEADERS.isdisjoint(header):
        raise BadProof("proof_bad_header")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadProof("proof_bad_header")
    return algorithm


def _read_key(jwk: dict[str, object], algorithm: str) -> tuple[ProofKey, str]:
    """Read the public key of a proof; the key's kind decides the algorithm (RFC 8725 3.1)."""
    try:
        key = _of_kind(jwk, algorithm)
        return key, key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadProof("proof_bad_key") from None


def _of_kind(jwk: dict[str, object], algorithm: str) -> ProofKey:
    names = {"ES256": ("kty", "crv", "x", "y"), "PS256": ("kty", "n", "e")}.get(algorithm, ("kty", "crv", "x"))
    plain: dict[str, str | list[str]] = {name: str(jwk[name]) for name in names}
    if algorithm == "ES256" and (plain["kty"], plain["crv"]) == ("EC", "P-256"):
        return ECKey.import_key(plain)
    if algorithm == "PS256" and plain["kty"] == "RSA":
        if plain["e"] != USUAL_EXPONENT:
            raise ValueError("a key that is slow to verify with")
        key = RSAKey.import_key(plain)
        if SMALLEST_RSA_BITS <= key.public_key.key_size <= LARGEST_RSA_BITS:
            return key
    if algorithm in {"EdDSA", "Ed25519"} and (plain["kty"], plain["crv"]) == ("OKP", "Ed25519"):
        return OKPKey.import_key(plain)
    raise ValueError("another kind of key")


def _is_signed(text: str, signature: bytes, key: ProofKey, algorithm: str) -> bool:
    signing_input = text.rpartition(".")[0].encode("ascii")
    try:
        return bool(JWSRegistry.algorithms[algorithm].verify(signing_input, signature, key))
    except ValueError:
        return False
