"""7z archives (7zFormat.txt of the LZMA SDK): locked where AES is among the coders, in a packed directory too.

What they unpack to stands in the directory; nothing but that is unpacked.
"""

import lzma
import struct
import zlib

from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside, packs_too_well
from casefile_api.attachments.inspection.ranged import Ranged
from casefile_api.attachments.inspection.seven_zip_sizes import NotUnderstood, unpacked_size

_AES = bytes.fromhex("06f10701")
_LZMA, _LZMA2 = bytes.fromhex("2303010105"), bytes.fromhex("212101")
_HEADER_LIMIT_BYTES = 1024 * 1024
_DICTIONARY_LIMIT_BYTES = 16 * _HEADER_LIMIT_BYTES
_PACK_INFO, _PACKED = 0x06, 0x17
_CUT = Inside(Fault.TRUNCATED)


def look_at_seven_zip(file: Ranged) -> Inside:
    """Find an archive that was cut off, or that needs a password: its directory is at its end, often packed."""
    start = file.read(0, 32)
    if len(start) < 32:
        return _CUT
    offset, length, checksum = struct.unpack("<QQI", start[12:32])
    if length == 0:
        return SOUND
    if 32 + offset + length > file.size:
        return _CUT
    header = file.read(32 + offset, min(length, _HEADER_LIMIT_BYTES))
    if length <= _HEADER_LIMIT_BYTES and zlib.crc32(header) != checksum:
        return _CUT
    return _judged(file, header)


def _judged(file: Ranged, header: bytes) -> Inside:
    directory = _directory(file, header)
    if _AES in header or _AES in directory:
        return Inside(Fault.PASSWORD_PROTECTED)
    try:
        unpacked = unpacked_size(directory)
    except NotUnderstood:
        return SOUND
    return Inside(Fault.ARCHIVE_BOMB if packs_too_well(unpacked, file.size) else None, {"unpacked_bytes": unpacked})


def _directory(file: Ranged, header: bytes) -> bytes:
    """The directory itself, unpacked where it is packed; as far as is worth reading."""
    if header[0] != _PACKED:
        return header
    try:
        return _unpacked(file, header)
    except IndexError:
        return b""


def _unpacked(file: Ranged, header: bytes) -> bytes:
    """Unpack a packed directory: one stream, packed by LZMA or LZMA2; nothing where it is otherwise."""
    packing = _packing(header)
    if packing is None or header[1] != _PACK_INFO:
        return b""
    # PackInfo: position, number of streams, their sizes.
    position, after = _number(header, 2)
    _, after = _number(header, after)
    size, _ = _number(header, after + 1)
    packed = file.read(32 + position, min(size, _HEADER_LIMIT_BYTES))
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[packing]).decompress(packed, _HEADER_LIMIT_BYTES)
    except lzma.LZMAError:
        return b""


def _packing(header: bytes) -> dict[str, int] | None:
    """Return the coder of a packed directory with its properties (7zFormat.txt, Methods.txt)."""
    if (at := header.find(_LZMA)) >= 0 and len(header) >= at + len(_LZMA) + 5:
        kind, dictionary = header[at + len(_LZMA)], header[at + len(_LZMA) + 1 : at + len(_LZMA) + 5]
        rest, lc = divmod(kind, 9)
        pb, lp = divmod(rest, 5)
        size = max(4096, min(int.from_bytes(dictionary, "little"), _DICTIONARY_LIMIT_BYTES))
        return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
    if (at := header.find(_LZMA2)) >= 0 and len(header) > at + len(_LZMA2):
        kind = header[at + len(_LZMA2)]
        size = min((2 | (kind & 1)) << (kind // 2 + 11), _DICTIONARY_LIMIT_BYTES)
        return {"id": lzma.FILTER_LZMA2, "dict_size": size}
    return None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of the format: the leading one bits of its first byte say how many bytes follow."""
    first, value, mask = data[at], 0, 0x80
    for place in range(8):
        if not first & mask:
            return value + ((first & (mask - 1)) << (8 * place)), at + 1 + place
        value |= data[at + 1 + place] << (8 * place)
        mask >>= 1
    return value, at + 9
