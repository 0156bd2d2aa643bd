"""JPEG (ITU-T T.81) and PNG (ISO/IEC 15948): whole where the end marker follows the picture itself."""

import struct

from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.inspection.ranged import Ranged

_CUT = Inside(Fault.TRUNCATED)
_SCAN, _END = 0xDA, 0xD9
_BARE = {0x01, *range(0xD0, 0xD8)}


def look_at_jpeg(file: Ranged) -> Inside:
    """Walk over the segments, thumbnails among them, to the scan; in its data only the end marker is FF D9."""
    at = 2
    while True:
        marker = file.read(at, 4)
        if len(marker) < 2 or marker[0] != 0xFF:
            return _CUT
        if marker[1] == 0xFF or marker[1] in _BARE:
            at += 1 if marker[1] == 0xFF else 2
            continue
        if marker[1] == _END:
            return SOUND
        if len(marker) < 4:
            return _CUT
        at += 2 + int.from_bytes(marker[2:4], "big")
        if marker[1] == _SCAN:
            return SOUND if _ends_after(file, at) else _CUT


def _ends_after(file: Ranged, at: int) -> bool:
    held = b""
    for block in file.onward(at):
        if b"\xff\xd9" in held + block:
            return True
        held = block[-1:]
    return False


def look_at_png(file: Ranged) -> Inside:
    """Walk over the chunks to the last one, IEND; what follows it is no part of the picture."""
    at = 8
    while len(head := file.read(at, 8)) == 8:
        length, name = struct.unpack(">I4s", head)
        at += 12 + length
        if name == b"IEND":
            return SOUND if at <= file.size else _CUT
    return _CUT
