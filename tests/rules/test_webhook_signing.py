"""A receiver can tell our webhooks by the standard library for them, through a rotation too."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from casefile_api.webhooks.signing import new_secret, signature_headers

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
