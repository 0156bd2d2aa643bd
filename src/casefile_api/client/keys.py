"""Keys: the client's registered one, by which it says who it is, and the passing one that a token is bound to."""

import hashlib
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from casefile_api.client.endings import Ending, TransferFailed

ASSERTION_SECONDS = 120


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the one algorithm that goes with its kind (RFC 8725 3.1)."""

    key: ECKey | OKPKey | RSAKey
    algorithm: str

    def sign(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        """A compact JWT (RFC 7519)."""
        protected = {"alg": self.algorithm, **header}
        return jws.serialize_compact(protected, json.dumps(claims), self.key, algorithms=[self.algorithm])


def read_key(file: Path, passphrase: str | None = None) -> SigningKey:
    """Read a PEM file: P-256 (ES256), RSA (PS256) or Ed25519, encrypted or not."""
    try:
        pem = file.read_bytes()
        held = load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError) as fault:
        raise TransferFailed(f"{file} is no private key in PEM, or its passphrase is another.", Ending.LOCAL) from fault
    if isinstance(held, ec.EllipticCurvePrivateKey) and isinstance(held.curve, ec.SECP256R1):
        return SigningKey(ECKey.import_key(pem, password=passphrase), "ES256")
    if isinstance(held, rsa.RSAPrivateKey):
        return SigningKey(RSAKey.import_key(pem, password=passphrase), "PS256")
    if isinstance(held, ed25519.Ed25519PrivateKey):
        return SigningKey(OKPKey.import_key(pem, password=passphrase), "Ed25519")
    raise TransferFailed(f"{file} is neither a P-256, nor an RSA, nor an Ed25519 key.", Ending.LOCAL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who calls: the client with its key, and the member of staff it acts for, where it acts for one."""

    client_id: str
    key: SigningKey
    key_id: str | None = None
    staff_id: str | None = None
    roles: tuple[str, ...] = ()

    def client_assertion(self, audience: str) -> str:
        """*It is I* (RFC 7523 2.2): good once, for two minutes."""
        return self._assertion(self.client_id, audience)

    def staff_assertion(self, audience: str) -> str:
        """*I act for this person* (RFC 7523 2.1)."""
        return self._assertion(str(self.staff_id), audience, roles=list(self.roles))

    def _assertion(self, subject: str, audience: str, **more: object) -> str:
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": subject, "aud": audience, "jti": str(uuid.uuid4())}
        header = {"typ": "JWT"} | ({"kid": self.key_id} if self.key_id else {})
        return self.key.sign(header, claims | {"iat": now, "exp": now + ASSERTION_SECONDS} | more)


class ProofKey:
    """The key that tokens of this run are bound to (DPoP, RFC 9449): made anew, and kept nowhere."""

    def __init__(self) -> None:
        self._key = SigningKey(ECKey.generate_key("P-256"), "ES256")
        self.nonce: str | None = None

    def proof(self, method: str, url: str, token: str | None = None) -> str:
        """The proof for one request: with the newest nonce, and the hash of the token that goes with it."""
        claims: dict[str, object] = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if token:
            claims["ath"] = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        return self._key.sign({"typ": "dpop+jwt", "jwk": self._key.key.as_dict(private=False)}, claims)
