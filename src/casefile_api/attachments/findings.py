"""What reading a file back found, and what follows from it. Pure, but for the chunks that go by.

A file passes once, in chunks: counted, hashed, looked at from both ends and scanned, in constant memory.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from casefile_api.attachments.content_types import EDGE_BYTES, Edges, shows_type
from casefile_api.attachments.malware import ClamdScan, EicarScan, Scan


class RejectionCode(StrEnum):
    """Why a file was not accepted."""

    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"
    INFECTED = "infected"
    TYPE_MISMATCH = "type_mismatch"
    MISSING = "missing"


MENDS = {
    RejectionCode.SIZE_MISMATCH: "The file in storage is not of the size declared: declare it anew and upload it.",
    RejectionCode.HASH_MISMATCH: "The SHA-256 of the file in storage is not the one declared: check that the right "
    "file and its parts in the right order were sent, declare it anew and upload it.",
    RejectionCode.INFECTED: "Malware was found in the file; it was removed and cannot be read. Send a clean copy.",
    RejectionCode.TYPE_MISMATCH: "The file's bytes are not of the media type declared: declare it anew as what it is.",
    RejectionCode.MISSING: "Storage does not hold the file any more: declare it anew and upload it.",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What reading a file back found."""

    size_bytes: int
    sha256: str
    edges: Edges
    scan: Scan


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a file is available, or why not; `scanned` says whether a malware scanner saw it."""

    rejection: RejectionCode | None
    scanned: bool

    @property
    def detail(self) -> str | None:
        """Return the sentence that goes with a rejection."""
        return MENDS[self.rejection] if self.rejection else None


def examine(chunks: Iterable[bytes], clamd_address: str) -> Findings:
    """Read a file to its end.

    Raises what reading raises, and DependencyUnavailable where a scanner is set and does not answer.
    """
    digest, eicar, size, head, tail = hashlib.sha256(), EicarScan(), 0, b"", b""
    clamd = ClamdScan(clamd_address) if clamd_address else None
    try:
        for chunk in chunks:
            size += len(chunk)
            digest.update(chunk)
            eicar.update(chunk)
            head = head if len(head) >= EDGE_BYTES else (head + chunk)[:EDGE_BYTES]
            tail = (tail + chunk[-EDGE_BYTES:])[-EDGE_BYTES:]
            if clamd:
                clamd.update(chunk)
        scan = clamd.outcome() if clamd else Scan.NOT_PERFORMED
    finally:
        if clamd:
            clamd.close()
    return Findings(size, digest.hexdigest(), Edges(head, tail), Scan.INFECTED if eicar.found else scan)


def judge(findings: Findings, *, size_bytes: int, sha256: str, media_type: str) -> Verdict:
    """Compare what was found with what was declared; the first thing wrong is the one named."""
    checks = (
        (RejectionCode.SIZE_MISMATCH, findings.size_bytes == size_bytes),
        (RejectionCode.HASH_MISMATCH, findings.sha256 == sha256),
        (RejectionCode.INFECTED, findings.scan is not Scan.INFECTED),
        (RejectionCode.TYPE_MISMATCH, shows_type(media_type, findings.edges)),
    )
    rejection = next((code for code, holds in checks if not holds), None)
    return Verdict(rejection, findings.scan is not Scan.NOT_PERFORMED)
