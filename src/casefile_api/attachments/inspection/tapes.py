"""Archives as tapes are written: tar (POSIX.1-1988 ustar, pax, GNU), from header to header.

Telephones and disk images come in them. A tar has no directory: it is followed as far as is worth the reads, and the
archives in it are looked into where they lie.
"""

from collections.abc import Callable

from casefile_api.attachments.inspection.outcome import Fault, Inside, is_archive
from casefile_api.attachments.inspection.ranged import Ranged

_BLOCK = 512
_HEADERS_LIMIT = 5_000

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
