"""Keys that clients sign their assertions with: which kinds we take, and how one is made and read.

A key has one algorithm, decided by its kind: what an assertion's own header says chooses nothing (RFC 8725 3.1).
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from casefile_api.errors import Fault, Invalid

SMALLEST_RSA_BITS = 2048
LARGEST_RSA_BITS = 4096
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

VerifyingKey = ECKey | RSAKey | OKPKey


class KeyAlgorithm(StrEnum):
    """The signatures we take from clients (RFC 7518 3.4 and 3.5, RFC 8037 3.1)."""

    ES256 = "ES256"
    PS256 = "PS256"
    EDDSA = "EdDSA"


@dataclass(frozen=True, slots=True)
class ClientPublicKey:
    """A client's public key as it is registered; `kid` is its RFC 7638 thumbprint unless the client chose one."""

    kid: str
    algorithm: KeyAlgorithm
    jwk: dict[str, Any]


def new_client_key(algorithm: str = KeyAlgorithm.ES256) -> tuple[bytes, ClientPublicKey]:
    """Make a key pair: the private half as PEM for the client to keep, the public half to register."""
    match KeyAlgorithm(algorithm):
        case KeyAlgorithm.ES256:
            key: VerifyingKey = ECKey.generate_key("P-256")
        case KeyAlgorithm.PS256:
            key = RSAKey.generate_key(3072)
        case KeyAlgorithm.EDDSA:
            key = OKPKey.generate_key("Ed25519")
    return key.as_pem(private=True), read_public_key(key.as_pem(private=False))


def read_public_key(raw: bytes) -> ClientPublicKey:
    """Read a client's public key from PEM or from one JWK.

    Raises Invalid where it is neither, is private, or is of a kind that we do not take.
    """
    if raw.lstrip().startswith(b"-----BEGIN"):
        return _from_pem(raw)
    try:
        jwk = json.loads(raw)
    except ValueError:
        raise _refusal("The key is neither PEM nor a JWK.") from None
    if not isinstance(jwk, dict):
        raise _refusal("The key is neither PEM nor a JWK.")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise _refusal("The key holds its private half. Register the public half alone.")
    return _from_jwk(jwk)


def verifying_key(key: ClientPublicKey) -> VerifyingKey:
    """Return the registered key ready to verify with."""
    match key.algorithm:
        case KeyAlgorithm.ES256:
            return ECKey.import_key(key.jwk)
        case KeyAlgorithm.PS256:
            return RSAKey.import_key(key.jwk)
        case KeyAlgorithm.EDDSA:
            return OKPKey.import_key(key.jwk)


def _from_pem(raw: bytes) -> ClientPublicKey:
    try:
        public = load_pem_public_key(raw)
    except ValueError:
        raise _refusal("The PEM file holds no public key. Register the public half alone.") from None
    algorithm = _algorithm_of(public)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kinds: dict[KeyAlgorithm, type[VerifyingKey]] = {
        KeyAlgorithm.ES256: ECKey,
        KeyAlgorithm.PS256: RSAKey,
        KeyAlgorithm.EDDSA: OKPKey,
    }
    key = kinds[algorithm].import_key(pem)
    jwk = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    return ClientPublicKey(key.thumbprint(), algorithm, jwk)


def _from_jwk(jwk: dict[str, Any]) -> ClientPublicKey:
    kinds: dict[object, type[VerifyingKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}
    kind = kinds.get(jwk.get("kty"))
    if kind is None:
        raise _refusal("The key is of a kind that is not taken: use P-256, RSA or Ed25519.")
    try:
        pem = kind.import_key(jwk).as_pem(private=False)
    except (JoseError, ValueError, TypeError):
        raise _refusal("The JWK cannot be read as a public key.") from None
    read = _from_pem(pem)
    kid = jwk.get("kid")
    if jwk.get("alg", read.algorithm) != read.algorithm or jwk.get("use", "sig") != "sig":
        raise _refusal("The JWK names another use or algorithm than signing with ES256, PS256 or EdDSA.")
    return ClientPublicKey(kid if isinstance(kid, str) and 0 < len(kid) <= 200 else read.kid, read.algorithm, read.jwk)


def _algorithm_of(public: object) -> KeyAlgorithm:
    match public:
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return KeyAlgorithm.ES256
        case RSAPublicKey() if SMALLEST_RSA_BITS <= public.key_size <= LARGEST_RSA_BITS:
            return KeyAlgorithm.PS256
        case Ed25519PublicKey():
            return KeyAlgorithm.EDDSA
    raise _refusal("The key is of a kind that is not taken: use P-256, RSA of 2048 to 4096 bits, or Ed25519.")


def _refusal(detail: str) -> Invalid:
    return Invalid(detail, Fault("public_key", detail))
