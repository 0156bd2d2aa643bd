"""Which look a file gets: told by its first bytes, whatever it was declared as. One row per family."""

from collections.abc import Callable

from casefile_api.attachments.inspection.archives import look_at_zip
from casefile_api.attachments.inspection.compound import look_at_compound
from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.inspection.pdf import look_at_pdf
from casefile_api.attachments.inspection.pictures import look_at_jpeg, look_at_png
from casefile_api.attachments.inspection.ranged import Ranged, TooManyReads
from casefile_api.attachments.inspection.recordings import look_at_iso_media, look_at_riff
from casefile_api.attachments.inspection.seven_zip import look_at_seven_zip
from casefile_api.attachments.inspection.tapes import is_tar, look_at_gzip, look_at_tar

_HEAD_BYTES = 1024

Look = Callable[[Ranged], Inside]

_FAMILIES: tuple[tuple[Callable[[bytes], bool], Look], ...] = (
    (lambda head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")), look_at_zip),
    (lambda head: head.startswith(bytes.fromhex("377abcaf271c")), look_at_seven_zip),
    (lambda head: head.startswith(bytes.fromhex("d0cf11e0a1b11ae1")), look_at_compound),
    (lambda head: head.startswith(bytes.fromhex("ffd8ff")), look_at_jpeg),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), look_at_png),
    (is_tar, look_at_tar),
    (lambda head: head.startswith(b"\x1f\x8b\x08"), look_at_gzip),
    (lambda head: head[4:8] == b"ftyp", look_at_iso_media),
    (lambda head: head.startswith(b"RIFF"), look_at_riff),
    (lambda head: b"%PDF-" in head, look_at_pdf),
)


def look_inside(file: Ranged) -> Inside:
    """Look inside a file of a family that is known here; of any other there is nothing to say."""
    head = file.read(0, _HEAD_BYTES)
    look = next((look for is_one, look in _FAMILIES if is_one(head)), None)
    if look is None:
        return SOUND
    try:
        return look(file)
    except TooManyReads:
        return Inside(Fault.ARCHIVE_BOMB)
