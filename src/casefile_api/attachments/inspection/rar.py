"""RAR archives, from header to header: version 5 (RAR 5.0 archive format), and 1.5 to 4 (technote.txt of unrar).

Nothing is unpacked: what is locked, cut off, or unpacks to more than anybody wants stands in the headers.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from casefile_api.attachments.inspection.outcome import Fault, Inside, packs_too_well
from casefile_api.attachments.inspection.ranged import Ranged

OLDER, NEWER = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
_HEADERS_LIMIT = 5_000
_HEADER_LIMIT_BYTES = 64 * 1024
_FIXED = struct.Struct("<HBHH")


class _Cut(Exception):
    """A header, or what it speaks of, lies beyond the end."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One header. Of a file that goes on in another volume no more counts than is here."""

    is_file: bool
    locked: bool
    size_bytes: int
    ends: bool = False


def look_at_rar(file: Ranged) -> Inside:
    """Find an archive that was cut off, that needs a password, or that unpacks to more than anybody wants."""
    entries = unpacked = 0
    blocks = _newer(file) if file.read(0, len(NEWER)) == NEWER else _older(file)
    try:
        for block in blocks:
            if block.locked:
                return Inside(Fault.PASSWORD_PROTECTED, {"entries": entries, "unpacked_bytes": unpacked})
            entries, unpacked = entries + block.is_file, unpacked + block.size_bytes
            if packs_too_well(unpacked, file.size):
                return Inside(Fault.ARCHIVE_BOMB, {"entries": entries, "unpacked_bytes": unpacked})
            if block.ends or entries >= _HEADERS_LIMIT:
                break
    except _Cut:
        return Inside(Fault.TRUNCATED, {"entries": entries, "unpacked_bytes": unpacked})
    return Inside(None, {"entries": entries, "unpacked_bytes": unpacked})


def _newer(file: Ranged) -> Iterator[_Block]:
    at = len(NEWER)
    while True:
        head = file.read(at + 4, _HEADER_LIMIT_BYTES)
        size, begin = _number(head, 0)
        kind, place = _number(head, begin)
        flags, place = _number(head, place)
        extra_bytes, place = _number(head, place) if flags & 0x01 else (0, place)
        data_bytes, place = _number(head, place) if flags & 0x02 else (0, place)
        end = begin + size
        if at + 4 + end + data_bytes > file.size or len(head) < end:
            raise _Cut
        extra = head[end - extra_bytes : end] if extra_bytes else b""
        split = bool(flags & 0x18)
        told, _ = _number(head, _number(head, place)[1]) if kind == 2 else (0, 0)
        locked = kind == 4 or 1 in _records(extra) and kind in (2, 3)
        yield _Block(kind == 2, locked, min(told, data_bytes) if split else told, ends=kind == 5)
        at += 4 + end + data_bytes


def _records(extra: bytes) -> Iterator[int]:
    """The kinds of what is said further of a file: 1 is how it was locked."""
    at = 0
    while at < len(extra):
        size, at = _number(extra, at)
        yield _number(extra, at)[0]
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number, seven bits a byte; returns what follows it too."""
    value = 0
    for place in range(10):
        if at + place >= len(data):
            break
        value |= (data[at + place] & 0x7F) << (7 * place)
        if not data[at + place] & 0x80:
            return value, at + place + 1
    raise _Cut


def _older(file: Ranged) -> Iterator[_Block]:
    """Before version 3 there was no header at the end: such an archive ends where the file does."""
    at = len(OLDER)
    while at < file.size:
        head = file.read(at, _HEADER_LIMIT_BYTES)
        if len(head) < _FIXED.size:
            raise _Cut
        _, kind, flags, size = _FIXED.unpack_from(head)
        has_data = flags & 0x8000 or kind in (0x74, 0x7A)
        if size < _FIXED.size or len(head) < max(size, 11 if has_data else 0):
            raise _Cut
        data_bytes = int.from_bytes(head[7:11], "little") if has_data else 0
        told = 0
        if kind in (0x74, 0x7A) and size >= 32:
            told = int.from_bytes(head[11:15], "little")
            if flags & 0x100 and size >= 40:
                data_bytes |= int.from_bytes(head[32:36], "little") << 32
                told |= int.from_bytes(head[36:40], "little") << 32
        if at + size + data_bytes > file.size:
            raise _Cut
        locked = kind == 0x73 and bool(flags & 0x80) or kind == 0x74 and bool(flags & 0x04)
        counted = told if kind == 0x74 else 0
        yield _Block(kind == 0x74, locked, min(counted, data_bytes) if flags & 0x03 else counted, ends=kind == 0x7B)
        at += size + data_bytes
