"""The directory at the end of a ZIP archive (APPNOTE.TXT 4.3, 4.5), read entry by entry in constant memory."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from casefile_api.attachments.inspection.ranged import Ranged

_END_BYTES = 22 + 0xFFFF
_ENTRY = struct.Struct("<4s6H3I5H2I")
_STORED, _DEFLATED = 0, 8
_OPEN_END, _OPEN_COUNT = 0xFFFFFFFF, 0xFFFF
_FIELDS_LIMIT_BYTES = 3 * 0xFFFF
_TRIED_BYTES = 64 * 1024


class NoDirectory(Exception):
    """The archive has no directory, or not the one it speaks of: it was cut off."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive, as the directory describes it."""

    name: bytes
    encrypted: bool
    method: int
    packed_bytes: int
    size_bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the directory is, how long, and how far the archive's own offsets are off (what was put in front of it)."""

    start: int
    length: int
    count: int
    shift: int


def find_directory(file: Ranged) -> Directory:
    """Find the directory (NoDirectory where there is none)."""
    tail = file.tail(_END_BYTES)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        raise NoDirectory
    end = file.size - len(tail) + place
    count, length, offset = struct.unpack("<HII", tail[place + 10 : place + 20])
    locator = file.read(end - 20, 20)
    if (_OPEN_END in (length, offset) or count == _OPEN_COUNT) and locator[:4] == b"PK\x06\x07":
        place_of_larger = int.from_bytes(locator[8:16], "little")
        larger = file.read(place_of_larger, 56)
        if larger[:4] != b"PK\x06\x06" or len(larger) < 56:
            raise NoDirectory
        end = place_of_larger
        count, length, offset = struct.unpack("<QQQ", larger[32:56])
    start = end - length
    if start < 0 or offset > start:
        raise NoDirectory
    return Directory(start, length, count, start - offset)


def list_entries(file: Ranged, directory: Directory) -> Iterator[Entry]:
    """Give the entries one by one (NoDirectory where they break off)."""
    at, end = directory.start, directory.start + directory.length
    while at < end:
        head = file.read(at, _ENTRY.size)
        if len(head) < _ENTRY.size or head[:4] != b"PK\x01\x02":
            raise NoDirectory
        fields = _ENTRY.unpack(head)
        flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
        lengths, offset = fields[10:13], fields[16]
        variable = file.read(at + _ENTRY.size, min(sum(lengths), _FIELDS_LIMIT_BYTES))
        name, extra = variable[: lengths[0]], variable[lengths[0] : lengths[0] + lengths[1]]
        size, packed, offset = _larger(extra, [size, packed, offset])
        yield Entry(name, bool(flags & 1), method, packed, size, offset + directory.shift)
        at += _ENTRY.size + sum(lengths)


def _larger(extra: bytes, values: list[int]) -> list[int]:
    """Replace what did not fit into 32 bits by the 64 bits of the extra field 0x0001."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        if kind == 1:
            wide = [extra[place : place + 8] for place in range(at + 4, at + 4 + length, 8)]
            return [int.from_bytes(wide.pop(0), "little") if v == _OPEN_END and wide else v for v in values]
        at += 4 + length
    return values


def unpack(file: Ranged, entry: Entry, limit_bytes: int) -> bytes | None:
    """Unpack a file up to a limit; None where it is longer, locked, or packed in a way that is not opened here."""
    if entry.encrypted or entry.method not in (_STORED, _DEFLATED) or entry.packed_bytes > limit_bytes:
        return None
    packed = _packed(file, entry, limit_bytes)
    if packed is None or entry.method == _STORED:
        return packed
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacking.decompress(packed, limit_bytes)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else data


def unpacks_to_more(file: Ranged, entry: Entry) -> bool:
    """Say whether a file's first 64 KiB alone unpack to more than the directory says of the whole of it."""
    packed = _packed(file, entry, _TRIED_BYTES)
    if packed is None or entry.method != _DEFLATED:
        return False
    unpacking, unpacked = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while packed and not unpacking.eof and unpacked <= entry.size_bytes:
            unpacked += len(unpacking.decompress(packed, _TRIED_BYTES))
            packed = unpacking.unconsumed_tail
    except zlib.error:
        return False
    return unpacked > entry.size_bytes


def _packed(file: Ranged, entry: Entry, most_bytes: int) -> bytes | None:
    """What is packed of a file, up to so much; None where it is not where the directory says."""
    head = file.read(entry.offset, 30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        return None
    names = sum(struct.unpack("<HH", head[26:30]))
    return file.read(entry.offset + 30 + names, min(entry.packed_bytes, most_bytes))
