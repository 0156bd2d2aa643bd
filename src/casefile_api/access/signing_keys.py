"""The keys our access tokens are signed with: P-256 private keys in PEM files, each named by its thumbprint.

The first key signs; all are published, so that a token of yesterday's key is still verified while keys rotate. Private
keys are never in the database, a log line or an error.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from casefile_api.access.compact import base64url
from casefile_api.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One P-256 key; `kid` is its RFC 7638 thumbprint."""

    kid: str
    public_jwk: dict[str, str]
    public_pem: str
    private_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of this service, the signing one first."""

    keys: tuple[SigningKey, ...]

    @property
    def signing(self) -> SigningKey:
        """Return the key that signs new tokens."""
        return self.keys[0]

    def public_set(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK set (RFC 7517 5) that verifiers fetch."""
        return {"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig", "alg": "ES256"} for key in self.keys]}

    @classmethod
    def from_pems(cls, pems: Sequence[bytes]) -> "SigningKeys":
        """Take over keys in PEM form, the signing one first.

        Raises Misconfigured where there is none, or one that is not a P-256 private key.
        """
        if not pems:
            raise Misconfigured("No token key is set: name a P-256 PEM file in CASEFILE_TOKEN_KEY_FILES.")
        keys = tuple(_signing_key(pem) for pem in pems)
        if len({key.kid for key in keys}) != len(keys):
            raise Misconfigured("CASEFILE_TOKEN_KEY_FILES names the same token key more than once.")
        return cls(keys)

    @classmethod
    def from_files(cls, paths: Sequence[Path]) -> "SigningKeys":
        """Read keys from PEM files, the signing one first.

        Raises Misconfigured naming the file that cannot be read.
        """
        pems = []
        for path in paths:
            try:
                pems.append(path.read_bytes())
            except OSError as fault:
                raise Misconfigured(f"The token key file {path} cannot be read: {fault.strerror}.") from None
        return cls.from_pems(pems)

    @classmethod
    def from_setting(cls, names: str, data_dir: Path) -> "SigningKeys":
        """Read the files that CASEFILE_TOKEN_KEY_FILES names; where it is empty, the key kept with the data."""
        paths = [Path(name.strip()) for name in names.split(",") if name.strip()]
        return cls.from_files(paths or [ensure_signing_key(data_dir / "keys" / "token-signing.pem")])


def new_signing_key_pem() -> bytes:
    """Make a new private key for signing tokens."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def ensure_signing_key(path: Path) -> Path:
    """Make the key file where there is none yet, readable by its owner alone.

    Two processes may start at once: the file appears whole under its name or not at all, and the first one stays.
    """
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(new_signing_key_pem())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path


def thumbprint(jwk: dict[str, str], *members: str) -> str:
    """Return the RFC 7638 thumbprint of a public key, from the members that its kind requires."""
    required = json.dumps({name: jwk[name] for name in sorted(members)}, separators=(",", ":"))
    return base64url(sha256(required.encode()).digest())


def _signing_key(pem: bytes) -> SigningKey:
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise Misconfigured("A token key file does not hold an unencrypted private key in PEM form.") from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise Misconfigured("A token key is not of the curve P-256, which ES256 needs.")
    numbers = private.public_key().public_numbers()
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(numbers.x.to_bytes(32)),
        "y": base64url(numbers.y.to_bytes(32)),
    }
    return SigningKey(
        kid=thumbprint(jwk, "crv", "kty", "x", "y"),
        public_jwk=jwk,
        public_pem=private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        private_pem=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )
