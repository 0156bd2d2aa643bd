"""A system's own signature: compact JWS with ES256 (RFC 7515, RFC 7518 3.4), made with nothing but `cryptography`."""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Claims = dict[str, object]
COORDINATE_BYTES = 32
ASSERTION_SECONDS = 120


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """The bytes behind unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The private key of one client, as the sandbox hands it to the integrator."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), f"{path.name} is no elliptic-curve key"
    return key


def sign(key: ec.EllipticCurvePrivateKey, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """One signed token; the header is the caller's, so that a test may also forge one."""
    signing_input = f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(key.sign(signing_input.encode("ascii"), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")
    return f"{signing_input}.{b64url(signature)}"


def claims_of(token: str) -> Claims:
    """What a token says, unverified: for looking at, never for trusting."""
    claims: Claims = json.loads(unb64url(token.split(".")[1]))
    return claims


def client_claims(client_id: str, audience: str, **changes: object) -> Claims:
    """Claims by which a client proves itself (RFC 7523 3)."""
    now = int(time.time())
    claims: Claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def staff_claims(
    client_id: str, staff_id: str, held: list[str], audience: str, changes: Mapping[str, object]
) -> Claims:
    """Claims by which a client speaks for a named member of its organisation's staff (RFC 7523 2.1)."""
    return client_claims(client_id, audience, **({"sub": staff_id, "roles": held} | dict(changes)))


def sha256_hex(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()
