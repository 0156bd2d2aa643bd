"""Signatures by which a receiver knows that a webhook is ours: Standard Webhooks, symmetric `v1` or asymmetric `v1a`.

The only module that knows the library. A secret (`whsec_`) is shown once, when made; of a key pair only the public half
(`whpk_`) is ever shown, and the private half (`whsk_`) never leaves. For a day after a rotation the old and the new one
both sign, so that a receiver can change over without losing anything (Standard Webhooks, "Signature scheme").
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

SECRET_PREFIX = "whsec_"  # noqa: S105 - the marker that every such secret begins with
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)


class Scheme(StrEnum):
    """How webhooks to an endpoint are signed."""

    SYMMETRIC = "v1"
    """HMAC-SHA256 by a secret that service and receiver share."""
    ASYMMETRIC = "v1a"
    """Ed25519 by a key of the service: the receiver holds nothing that could forge a webhook."""


@dataclass(frozen=True)
class SigningKey:
    """What signs, as it is kept sealed, and the public key where there is one."""

    kept: str
    public: str | None

    @property
    def shown_once(self) -> str | None:
        """The secret that the receiver is given; None where it verifies by the public key."""
        return self.kept if self.public is None else None


def new_signing_key(scheme: Scheme) -> SigningKey:
    """A fresh secret or key pair."""
    if scheme is Scheme.SYMMETRIC:
        return SigningKey(new_secret(), None)
    seed = secrets.token_bytes(SECRET_BYTES)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SigningKey(PRIVATE_PREFIX + _base64(seed), PUBLIC_PREFIX + _base64(public))


def new_secret() -> str:
    """A fresh random secret as the receiver is given it."""
    return SECRET_PREFIX + _base64(secrets.token_bytes(SECRET_BYTES))


def can_sign(key: str) -> bool:
    """Say whether this is a secret or a private key: 24 to 64 bytes, or 32, in base64 (Standard Webhooks)."""
    for prefix, lengths in ((SECRET_PREFIX, range(24, 65)), (PRIVATE_PREFIX, (SECRET_BYTES,))):
        if key.startswith(prefix):
            try:
                return len(base64.b64decode(key.removeprefix(prefix), validate=True)) in lengths
            except ValueError:
                return False
    return False


def signature_headers(keys: Sequence[str], event_id: UUID, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of an attempt: one signature for each secret still valid, newest first.

    `sent_at` is the real time of this attempt, never the sandbox's working time: receivers refuse old timestamps.
    """
    if not keys:
        raise ValueError("a webhook is never sent unsigned")
    moment = sent_at.astimezone(UTC)
    text = body.decode("utf-8")
    signatures = [_signature(key, str(event_id), moment, text) for key in keys]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _signature(key: str, message_id: str, moment: datetime, text: str) -> str:
    if not key.startswith(PRIVATE_PREFIX):
        return Webhook(key).sign(msg_id=message_id, timestamp=moment, data=text)
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.removeprefix(PRIVATE_PREFIX)))
    signed = private.sign(f"{message_id}.{int(moment.timestamp())}.{text}".encode())
    return f"{Scheme.ASYMMETRIC},{_base64(signed)}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
