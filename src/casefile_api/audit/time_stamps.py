"""Time-stamps by an authority that is not ours over checkpoints (RFC 3161): the root existed no later than then.

The only module that imports rfc3161_client. What is stamped is the text of the checkpoint, without the signatures
under it: whoever re-signs it, or adds the line of a witness, does not spoil the time-stamp.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import parse_note

MOST_BYTES = 64 * 1024


class BadTimeStamp(ValueError):
    """A time-stamp does not show what it should; the message says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request for a time-stamp over a checkpoint: its bytes, and the nonce that the answer must bear."""

    body: bytes
    nonce: int | None
    note: str

    @classmethod
    def about(cls, note: str) -> "Question":
        """The request over the text of a checkpoint."""
        builder = TimestampRequestBuilder().data(_stamped(note)).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.cert_request(cert_request=True).nonce(nonce=True).build()
        return cls(request.as_bytes(), request.nonce, note)


def read_roots(path: Path) -> list[Certificate]:
    """The certificates of the authorities that are believed, PEM.

    Raises Misconfigured where the file holds none.
    """
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise Misconfigured(f"{path} holds no certificates in PEM of a time-stamping authority.") from None


def verify_time_stamp(answer: bytes, note: str, roots: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """Verify that an authority saw this checkpoint, and when.

    Raises BadTimeStamp where the answer is of something else, bears another nonce, or is signed by nobody known.
    """
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    if nonce is not None:
        builder = builder.nonce(nonce)
    try:
        response = _decoded(answer)
        builder.build().verify(response, hashlib.sha256(_stamped(note)).digest())
        told: datetime = response.tst_info.gen_time
    except (VerificationError, ValueError) as fault:
        # The library tells the whole stack of OpenSSL's errors; the sentence before it says enough.
        reason = str(fault).partition(": ErrorStack")[0]
        raise BadTimeStamp(f"the time-stamp is not good: {reason}") from None
    return told


def _decoded(answer: bytes) -> TimeStampResponse:
    if len(answer) > MOST_BYTES:
        raise BadTimeStamp("the answer is too long for a time-stamp")
    response = decode_timestamp_response(answer)
    if response.status != 0:
        raise BadTimeStamp(f"the authority refuses (status {response.status})")
    return response


def _stamped(note: str) -> bytes:
    return parse_note(note).text.encode()
