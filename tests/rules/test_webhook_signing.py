"""A receiver can tell our webhooks by the standard library for them, through a rotation too."""

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError
from svix.webhooks import Webhook as SvixWebhook

from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks.catalogue import example
from casefile_api.webhooks.signing import Scheme, new_secret, new_signing_key, signature_headers

BODY = b'{"type":"case_file.opened"}'


def now() -> datetime:
    return datetime.now(UTC)


def test_a_signed_body_is_verified_by_the_standard_library() -> None:
    secret = new_secret()
    headers = signature_headers([secret], uuid.uuid4(), now(), BODY)
    assert Webhook(secret).verify(BODY, headers) == {"type": "case_file.opened"}


def test_during_a_rotation_the_old_and_the_new_secret_both_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = signature_headers([new, old], uuid.uuid4(), now(), BODY)
    Webhook(old).verify(BODY, headers)
    Webhook(new).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_an_altered_body_is_not_verified() -> None:
    secret = new_secret()
    headers = signature_headers([secret], uuid.uuid4(), now(), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)


def test_the_timestamp_is_that_of_the_attempt_whatever_zone_it_is_given_in() -> None:
    moment = now()
    headers = signature_headers([new_secret()], uuid.uuid4(), moment.astimezone(), BODY)
    assert headers["webhook-timestamp"] == str(int(moment.timestamp()))


def test_a_signature_too_old_is_refused_by_the_receiver() -> None:
    secret = new_secret()
    headers = signature_headers([secret], uuid.uuid4(), now() - timedelta(minutes=6), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)


def test_nothing_is_ever_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        signature_headers([], uuid.uuid4(), now(), BODY)


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(secret.startswith("whsec_") and len(secret) >= 50 for secret in made)


def test_every_event_is_verified_by_both_libraries_before_through_and_after_a_rotation() -> None:
    old, new = new_secret(), new_secret()
    for row in EVENT_TYPES.values():
        body = json.dumps(example(row)).encode()
        for signing, verifying in (([old], [old]), ([new, old], [old, new]), ([new], [new])):
            headers = signature_headers(signing, uuid.uuid4(), now(), body)
            for secret in verifying:
                assert Webhook(secret).verify(body, headers) == example(row)
                SvixWebhook(secret).verify(body, headers)
        with pytest.raises(Exception, match="No matching signature"):
            SvixWebhook(old).verify(body, headers)


def verify_by_public_key(public: str, headers: dict[str, str], body: bytes) -> None:
    """What the standard says of `v1a`, written out."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for signature in headers["webhook-signature"].split():
        scheme, _, value = signature.partition(",")
        try:
            assert scheme == "v1a"
            key.verify(base64.b64decode(value), signed)
        except InvalidSignature:
            continue
        return
    raise InvalidSignature


def test_a_receiver_that_holds_only_the_public_key_verifies_through_a_rotation_too() -> None:
    old, new = new_signing_key(Scheme.ASYMMETRIC), new_signing_key(Scheme.ASYMMETRIC)
    assert old.public and new.public and old.public.startswith("whpk_") and old.kept.startswith("whsk_")
    headers = signature_headers([new.kept, old.kept], uuid.uuid4(), now(), BODY)
    verify_by_public_key(old.public, headers, BODY)
    verify_by_public_key(new.public, headers, BODY)
    for key, body in ((old.public, BODY + b" "), (new_signing_key(Scheme.ASYMMETRIC).public or "", BODY)):
        with pytest.raises(InvalidSignature):
            verify_by_public_key(key, headers, body)


def test_of_a_key_pair_nothing_secret_is_shown() -> None:
    made = new_signing_key(Scheme.ASYMMETRIC)
    assert made.shown_once is None
    assert made.kept.removeprefix("whsk_") not in (made.public or "")
    assert new_signing_key(Scheme.SYMMETRIC).shown_once is not None
