"""Which look a file gets: told by its first bytes, whatever it was declared as. One row per family."""

from collections.abc import Callable
from dataclasses import dataclass

from casefile_api.attachments.inspection.archives import look_at_zip
from casefile_api.attachments.inspection.compound import look_at_compound
from casefile_api.attachments.inspection.outcome import PASSED_ON, SOUND, Fault, Inside
from casefile_api.attachments.inspection.packed import is_packed, look_at_packed
from casefile_api.attachments.inspection.pdf import look_at_pdf
from casefile_api.attachments.inspection.pictures import look_at_jpeg, look_at_png
from casefile_api.attachments.inspection.ranged import Ranged, TooManyReads
from casefile_api.attachments.inspection.rar import NEWER, OLDER, look_at_rar
from casefile_api.attachments.inspection.recordings import look_at_iso_media, look_at_riff
from casefile_api.attachments.inspection.seven_zip import look_at_seven_zip
from casefile_api.attachments.inspection.tapes import is_tar, look_at_tar

_HEAD_BYTES = 1024
_END_OF_ZIP_BYTES = 64 * 1024
_DEPTH_LIMIT = 4
_OPENED_LIMIT = 100
"""How many files in files are looked into; what is beyond is no fault."""


@dataclass(slots=True)
class _Way:
    """How deep in other files this one lies, and how many of them were opened altogether."""

    depth: int
    opened: list[None]

    def further(self) -> "_Way":
        self.opened.append(None)
        return _Way(self.depth + 1, self.opened)


Look = Callable[[Ranged, _Way], Inside]


def _within(look: Callable[[Ranged], Inside]) -> Look:
    """A family whose files hold no others."""
    return lambda file, way: look(file)


def _around(look: Callable[[Ranged, Callable[[Ranged], Inside]], Inside]) -> Look:
    """A family whose files hold others, which are looked into alike; one that is too deep in others is a bomb."""

    def looking(file: Ranged, way: _Way) -> Inside:
        if way.depth > _DEPTH_LIMIT:
            return Inside(Fault.ARCHIVE_BOMB)
        return look(file, lambda inner: _look(inner, way.further()) if len(way.opened) < _OPENED_LIMIT else SOUND)

    return looking


_FAMILIES: tuple[tuple[Callable[[bytes], bool], Look], ...] = (
    (lambda head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")), _around(look_at_zip)),
    (lambda head: head.startswith(bytes.fromhex("377abcaf271c")), _within(look_at_seven_zip)),
    (lambda head: head.startswith((OLDER, NEWER)), _within(look_at_rar)),
    (lambda head: head.startswith(bytes.fromhex("d0cf11e0a1b11ae1")), _within(look_at_compound)),
    (lambda head: head.startswith(bytes.fromhex("ffd8ff")), _within(look_at_jpeg)),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _within(look_at_png)),
    (is_tar, _around(look_at_tar)),
    (is_packed, _around(look_at_packed)),
    (lambda head: head[4:8] == b"ftyp", _within(look_at_iso_media)),
    (lambda head: head.startswith(b"RIFF"), _within(look_at_riff)),
    (lambda head: b"%PDF-" in head, _within(look_at_pdf)),
    (lambda head: head.startswith((b"GIF8", b"MZ", b"<", b"BM")), _within(lambda file: SOUND)),
)


def look_inside(file: Ranged) -> Inside:
    """Look inside a file of a family that is known here; of any other there is nothing to say."""
    try:
        return _look(file, _Way(1, []))
    except TooManyReads:
        return Inside(Fault.ARCHIVE_BOMB)


def _look(file: Ranged, way: _Way) -> Inside:
    head = file.read(0, _HEAD_BYTES)
    look = next((look for is_one, look in _FAMILIES if is_one(head)), None)
    if look is None:
        return SOUND
    found = look(file, way)
    if found.fault not in PASSED_ON and not head.startswith(b"PK") and not is_tar(head):
        return _look_behind(file, found, way)
    return found


def _look_behind(file: Ranged, found: Inside, way: _Way) -> Inside:
    """A picture, document or program with an archive behind it is an archive too, to whoever opens it as one."""
    if b"PK\x05\x06" not in file.tail(_END_OF_ZIP_BYTES):
        return found
    behind = _around(look_at_zip)(file, way)
    return Inside(behind.fault, behind.facts) if behind.fault in PASSED_ON else found
