"""What reading a file back found, and what follows from it. Pure, but for the chunks that go by.

A file passes once, in chunks: counted, hashed, looked at from both ends and scanned, in constant memory. One thread
hashes what another one fetches and looks through, so that hashing alone sets the pace.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from casefile_api.attachments.content_types import EDGE_BYTES, Edges, shows_type
from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.malware import ClamdScan, EicarScan, Scan
from casefile_api.attachments.parts import PartPlan
from casefile_api.attachments.rejections import RejectionCode
from casefile_api.settings import Unscanned


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


class _Looking:
    """What is looked at while a file goes by, beside its hash."""

    def __init__(self) -> None:
        self.eicar = EicarScan()
        self.head = self.tail = b""
        self.size = 0

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size += len(chunk)
            self.eicar.update(chunk)
            if len(self.head) < EDGE_BYTES:
                self.head = (self.head + chunk)[:EDGE_BYTES]
            self.tail = (self.tail + chunk[-EDGE_BYTES:])[-EDGE_BYTES:]
            yield chunk


def examine(chunks: Iterable[bytes], clamd_address: str) -> Findings:
    """Read a file to its end.

    Raises what reading raises, and DependencyUnavailable where a scanner is set and does not answer.
    """
    digest, looking = hashlib.sha256(), _Looking()
    clamd = ClamdScan(clamd_address) if clamd_address else None
    try:
        for chunk in _one_ahead(looking.through(chunks)):
            digest.update(chunk)
            if clamd:
                clamd.update(chunk)
        scan = clamd.outcome() if clamd else Scan.NOT_PERFORMED
    finally:
        if clamd:
            clamd.close()
    edges = Edges(looking.head, looking.tail)
    return Findings(looking.size, digest.hexdigest(), edges, Scan.INFECTED if looking.eicar.found else scan)


def _one_ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Have the next chunk fetched while this one is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as other:
        coming = other.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = other.submit(next, chunks, None)
            yield chunk


def differing_parts(chunks: Iterable[bytes], plan: PartPlan, signed: Mapping[int, str]) -> list[int]:
    """Say which parts are not those that were signed for: where to look when the whole has another hash."""
    differing, number, digest, room = [], 1, hashlib.sha256(), plan.size_of(1)
    for chunk in chunks:
        rest = chunk
        while rest:
            digest.update(rest[:room])
            rest, room = rest[room:], room - min(room, len(rest))
            if room == 0:
                if digest.hexdigest() != signed.get(number):
                    differing.append(number)
                number, digest = number + 1, hashlib.sha256()
                room = plan.size_of(number) if number <= plan.part_count else 1 << 62
    return differing


def judge(
    findings: Findings,
    *,
    size_bytes: int,
    sha256: str,
    media_type: str,
    inside: Inside = SOUND,
    unscanned: Unscanned = Unscanned.ACCEPTED,
) -> Verdict:
    """Compare what was found with what was declared; the first thing wrong is the one named.

    A password comes before the type: a locked Word document is no Word document until it is opened.
    """
    fault = inside.fault
    checks = (
        (RejectionCode.SIZE_MISMATCH, findings.size_bytes == size_bytes),
        (RejectionCode.HASH_MISMATCH, findings.sha256 == sha256),
        (RejectionCode.INFECTED, findings.scan is not Scan.INFECTED and fault is not Fault.INFECTED),
        (RejectionCode.PASSWORD_PROTECTED, fault is not Fault.PASSWORD_PROTECTED),
        (RejectionCode.TYPE_MISMATCH, shows_type(media_type, findings.edges)),
        (RejectionCode.TRUNCATED, fault is not Fault.TRUNCATED),
        (RejectionCode.ARCHIVE_BOMB, fault is not Fault.ARCHIVE_BOMB),
        (RejectionCode.NOT_SCANNED, _scanned_enough(findings.scan, unscanned)),
    )
    rejection = next((code for code, holds in checks if not holds), None)
    return Verdict(rejection, findings.scan in (Scan.CLEAN, Scan.INFECTED))


def _scanned_enough(scan: Scan, unscanned: Unscanned) -> bool:
    accepted = {
        Unscanned.REFUSED: (Scan.CLEAN,),
        Unscanned.LARGE: (Scan.CLEAN, Scan.TOO_LARGE),
        Unscanned.ACCEPTED: (Scan.CLEAN, Scan.TOO_LARGE, Scan.NOT_PERFORMED),
    }
    return scan in accepted[unscanned]
