"""The keys our access tokens are signed with: P-256 private keys in PEM files, each named by its thumbprint.

Newest first. A new key is published before it signs (`Signs-From` above its block says when), so that every process and
every verifier knows it by then; an old one stays published until its last token has ended. Private keys are never in
the database, a log line or an error.
"""

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol, Self

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

_BLOCK = re.compile(r"(?P<before>.*?)(?P<pem>-----BEGIN (?P<kind>[A-Z ]+)-----.*?-----END (?P=kind)-----)", re.DOTALL)
_SIGNS_FROM = re.compile(r"^Signs-From: (\S+)\s*$", re.MULTILINE)
_PARAMETERS = "EC PARAMETERS"
"""What openssl writes before a key of its own accord; the key itself says the same."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One P-256 key; `kid` is its RFC 7638 thumbprint, `signs_from` seconds since 1970 (0: from the beginning)."""

    kid: str
    public_jwk: dict[str, str]
    public_pem: str
    private_pem: str = field(repr=False)
    signs_from: int = 0


class KeySource(Protocol):
    """Where the keys of the moment come from."""

    def newest(self) -> "SigningKeys":
        """Return the keys as they were last read."""

    def reread(self) -> None:
        """Look for newer ones."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of this service, the newest first."""

    keys: tuple[SigningKey, ...]

    @property
    def signing(self) -> SigningKey:
        """Return the key that signs new tokens now: the newest that is not still being made known."""
        now = time.time()
        return next((key for key in self.keys if key.signs_from <= now), self.keys[-1])

    def newest(self) -> Self:
        """Return these keys: they are a source that never changes."""
        return self

    def reread(self) -> None:
        """Look for nothing: they never change."""

    def public_set(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK set (RFC 7517 5) that verifiers fetch."""
        return {"keys": [{**key.public_jwk, "kid": key.kid, "use": "sig", "alg": "ES256"} for key in self.keys]}

    @classmethod
    def from_pems(cls, pems: Sequence[bytes]) -> "SigningKeys":
        """Take over keys in PEM form, the newest first; each piece may hold several.

        Raises Misconfigured where there is none, or one that is not a P-256 private key.
        """
        if not pems:
            raise Misconfigured("No token key is set: name a P-256 PEM file in CASEFILE_TOKEN_KEY_FILES.")
        keys = tuple(key for pem in pems for key in _keys_in(pem))
        if len({key.kid for key in keys}) != len(keys):
            raise Misconfigured("CASEFILE_TOKEN_KEY_FILES names the same token key more than once.")
        return cls(keys)

    @classmethod
    def from_files(cls, paths: Sequence[Path]) -> "SigningKeys":
        """Read keys from PEM files, the newest first.

        Raises Misconfigured naming the file that cannot be read.
        """
        pems = []
        for path in paths:
            try:
                pems.append(path.read_bytes())
            except OSError as fault:
                raise Misconfigured(f"The token key file {path} cannot be read: {fault.strerror}.") from None
        return cls.from_pems(pems)


def key_files(names: str, data_dir: Path) -> list[Path]:
    """Return the files that CASEFILE_TOKEN_KEY_FILES names; where it is empty, the one kept with the data."""
    paths = [Path(name.strip()) for name in names.split(",") if name.strip()]
    return paths or [ensure_signing_key(data_dir / "keys" / "token-signing.pem")]


def new_signing_key(signs_from: int = 0) -> SigningKey:
    """Make a new key that signs from a moment on (seconds since 1970)."""
    (key,) = _keys_in(new_signing_key_pem())
    return SigningKey(key.kid, key.public_jwk, key.public_pem, key.private_pem, signs_from)


def replace_key_file(path: Path, keys: Sequence[SigningKey]) -> None:
    """Write a key file anew, whole and through to the disk, for the eyes of the same owner."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(_as_text(key) for key in keys))
        file.flush()
        os.fsync(file.fileno())
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(path)


def _as_text(key: SigningKey) -> str:
    moment = datetime.fromtimestamp(key.signs_from, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (f"Signs-From: {moment}\n" if key.signs_from else "") + key.private_pem


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


def _keys_in(pem: bytes) -> list[SigningKey]:
    """Read the keys of one file, each with the moment that the lines above its block name."""
    blocks = [block for block in _BLOCK.finditer(pem.decode("latin-1")) if block["kind"] != _PARAMETERS]
    if not blocks:
        raise Misconfigured("A token key file does not hold an unencrypted private key in PEM form.")
    return [_signing_key(block["pem"].encode("latin-1"), _moment_in(block["before"])) for block in blocks]


def _moment_in(lines: str) -> int:
    found = _SIGNS_FROM.search(lines)
    if found is None:
        return 0
    try:
        return int(datetime.fromisoformat(found[1]).timestamp())
    except ValueError:
        raise Misconfigured("A token key file has a Signs-From that is no moment in UTC.") from None


def _signing_key(pem: bytes, signs_from: int) -> SigningKey:
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
        signs_from=signs_from,
    )
