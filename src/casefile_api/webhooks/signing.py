"""Signatures by which a receiver knows that a webhook is ours: Standard Webhooks, symmetric `v1`.

The only module that knows the library. A secret is shown once, when made; for a day after a rotation the old and the
new one both sign, so that a receiver can change over without losing anything (Standard Webhooks, "Signature scheme").
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from standardwebhooks import Webhook

SECRET_PREFIX = "whsec_"  # noqa: S105 - the marker that every such secret begins with
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)


def new_secret() -> str:
    """A fresh random secret as the receiver is given it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def signature_headers(keys: Sequence[str], event_id: UUID, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of an attempt: one signature for each secret still valid, newest first.

    `sent_at` is the real time of this attempt, never the sandbox's working time: receivers refuse old timestamps.
    """
    if not keys:
        raise ValueError("a webhook is never sent unsigned")
    moment = sent_at.astimezone(UTC)
    text = body.decode("utf-8")
    signatures = [Webhook(key).sign(msg_id=str(event_id), timestamp=moment, data=text) for key in keys]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
