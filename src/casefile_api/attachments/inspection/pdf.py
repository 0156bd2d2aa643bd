"""PDF (ISO 32000-1 7.5): ends with `%%EOF`, after an offset that leads to the cross-references; `/Encrypt` locks it."""

import re

from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.inspection.ranged import Ranged

# Acrobat takes the marker anywhere in the last 1,024 bytes; scanners and mail gateways add a little more.
_END_BYTES = 4096
_NEAR_BYTES = 64 * 1024
_START = re.compile(rb"startxref\s+(\d{1,15})\s*%%EOF")
_TRAILER = re.compile(rb"trailer(.*?)(?:startxref|\Z)", re.DOTALL)
_LOCK = re.compile(rb"/Encrypt(?:\s+\d+\s+\d+\s+R|\s*<<)")
_REFERENCES = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)")
_HEADER_WITHIN = 1024


def look_at_pdf(file: Ranged) -> Inside:
    """Find a PDF that was cut off, or that needs a password."""
    ends = list(_START.finditer(file.tail(_END_BYTES)))
    if not ends:
        return Inside(Fault.TRUNCATED)
    # Offsets count from the header, which may have something in front of it.
    start = int(ends[-1].group(1)) + max(0, file.read(0, _HEADER_WITHIN).find(b"%PDF-"))
    there = file.read(start, _NEAR_BYTES)
    tail = file.tail(_NEAR_BYTES)
    trailers = [found.group(1) for found in (*_TRAILER.finditer(tail), *_TRAILER.finditer(there))]
    if re.match(rb"\s*\d+\s+\d+\s+obj", there):
        trailers.append(there.partition(b"stream")[0])
    if any(_LOCK.search(trailer) for trailer in trailers):
        return Inside(Fault.PASSWORD_PROTECTED)
    # An offset that is a little wrong is mended by every reader; one beyond the end, or no references, is not.
    if start >= file.size or not (trailers or _REFERENCES.match(there)):
        return Inside(Fault.TRUNCATED)
    return SOUND
