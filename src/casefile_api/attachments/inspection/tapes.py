"""Archives as tapes are written: tar (POSIX.1-1988 ustar, pax, GNU), from header to header; and gzip (RFC 1952).

Telephones and disk images come in them. A tar has no directory: it is followed as far as is worth the reads, and the
archives and documents in it are looked into where they lie. What is packed by gzip is unpacked a little at a time,
looked at and let go; its beginning is looked into as the file that it is.
"""

import zlib
from collections.abc import Callable, Iterator

from casefile_api.attachments.inspection.outcome import PASSED_ON, Fault, Inside, is_archive, packs_too_well
from casefile_api.attachments.inspection.ranged import Ranged, ranged_bytes
from casefile_api.attachments.malware import EicarScan

_BLOCK = 512
_HEADERS_LIMIT = 5_000
_MIB = 1024 * 1024
_PACKED_LIMIT_BYTES = 16 * _MIB
_UNPACKED_LIMIT_BYTES = 256 * _MIB
_WITH_HEADER = 31
_HELD_LIMIT_BYTES = 16 * _MIB

Look = Callable[[Ranged], Inside]


def is_tar(head: bytes) -> bool:
    """Say whether a file begins with the header of a tar archive."""
    return head[257:262] == b"ustar"


def look_at_tar(file: Ranged, look: Look) -> Inside:
    """Find an archive that ends within a file: two empty blocks, or nothing at all, follow the last one.

    `look` is how the archives in it are looked into. Locked ones are counted: on a telephone they are evidence.
    """
    at = entries = unpacked = locked = 0
    while entries < _HEADERS_LIMIT:
        head = file.read(at, _BLOCK)
        if at == file.size or len(head) == _BLOCK and not head.strip(b"\0"):
            break
        if len(head) < _BLOCK or not is_tar(head):
            return Inside(Fault.TRUNCATED, {"entries": entries, "unpacked_bytes": unpacked})
        size = _size(head[124:136])
        begin = _after_maps(file, at, head)
        entries, unpacked = entries + 1, unpacked + size
        if begin + size <= file.size and is_archive(head[:100].rstrip(b"\0")):
            fault = look(file.stretch(begin, size)).fault
            if fault in (Fault.ARCHIVE_BOMB, Fault.INFECTED):
                return Inside(fault, {"entries": entries, "unpacked_bytes": unpacked})
            locked += fault is Fault.PASSWORD_PROTECTED
        at = begin + -(-size // _BLOCK) * _BLOCK
    told = {"entries": entries, "unpacked_bytes": unpacked}
    return Inside(None, told | ({"locked_inside": locked} if locked else {}))


def _size(field: bytes) -> int:
    """Read a length: octal digits, or, beyond 8 GiB, binary with its first bit set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else 0


def _after_maps(file: Ranged, at: int, head: bytes) -> int:
    """Go past a header, and past the maps of holes that GNU tar puts behind that of a sparse file."""
    more, at = head[156:157] == b"S" and head[482] == 1, at + _BLOCK
    while more:
        table = file.read(at, _BLOCK)
        more, at = len(table) == _BLOCK and table[504] == 1, at + _BLOCK
    return at


def look_at_gzip(file: Ranged, look: Look) -> Inside:
    """Find what unpacks to more than anybody wants, what breaks off, and the test virus.

    `look` is how what was packed is looked into, as far as it is held.
    """
    unpacking, eicar, held = zlib.decompressobj(_WITH_HEADER), EicarScan(), bytearray()
    packed = unpacked = 0
    for block in file.onward(0):
        packed += len(block)
        try:
            for piece in _unpacked(unpacking, block):
                unpacked += len(piece)
                eicar.update(piece)
                held += piece[: max(0, _HELD_LIMIT_BYTES - len(held))]
        except zlib.error:
            return Inside(Fault.TRUNCATED, {"unpacked_bytes": unpacked})
        if packs_too_well(unpacked, packed):
            return Inside(Fault.ARCHIVE_BOMB, {"unpacked_bytes": unpacked})
        if unpacking.eof or packed > _PACKED_LIMIT_BYTES or unpacked > _UNPACKED_LIMIT_BYTES:
            break
    broken_off = packed == file.size and not unpacking.eof
    inner = look(ranged_bytes(bytes(held))).fault if held else None
    fault = Fault.INFECTED if eicar.found else inner if inner in PASSED_ON else Fault.TRUNCATED if broken_off else None
    return Inside(fault, {"unpacked_bytes": unpacked})


def _unpacked(unpacking: "zlib._Decompress", block: bytes) -> Iterator[bytes]:
    """Unpack a block a MiB at a time."""
    while block and not unpacking.eof:
        yield unpacking.decompress(block, _MIB)
        block = unpacking.unconsumed_tail
