"""Recordings: MP4 and QuickTime (ISO/IEC 14496-12), WAV and AVI (RIFF). Whole where every box ends within the file.

Pictures of telephones are boxes too (HEIF, ISO/IEC 23008-12), described by `meta` where a film has `moov`.
"""

import struct

from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.inspection.ranged import Ranged

_CUT = Inside(Fault.TRUNCATED)
# A long fragmented recording has a box every second or so: after these it is taken for whole.
_BOXES_LIMIT = 2_000
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)
_DESCRIBING = (b"moov", b"moof", b"meta")


def look_at_iso_media(file: Ranged) -> Inside:
    """Walk over the boxes: one that ends beyond the file was cut off, and undescribed nothing can be shown."""
    at, described = 0, False
    for _ in range(_BOXES_LIMIT):
        if at == file.size:
            return SOUND if described else _CUT
        head = file.read(at, 16)
        if len(head) < 8:
            return _CUT
        size, name = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            size = int.from_bytes(head[8:16], "big")
        described = described or name in _DESCRIBING
        if size == 0:
            return SOUND if described else _CUT
        if size < 8 or at + size > file.size:
            # Cameras pad the end of a file with zeros or notes of their own; a box of film is another matter.
            return SOUND if described and name not in (b"mdat", b"moov", b"moof") else _CUT
        at += size
    return SOUND


def look_at_riff(file: Ranged) -> Inside:
    """The length in the header is that of the file; recorders that never finished leave it open."""
    head = file.read(0, 8)
    length = int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or length in _UNKNOWN_LENGTHS:
        return SOUND
    return SOUND if length + 8 <= file.size + 1 else _CUT
