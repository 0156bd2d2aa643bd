"""One file packed by itself: gzip (RFC 1952), bzip2 and xz. Unpacked a little at a time, looked at and let go.

Its beginning is held, and looked into as the file that it is.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator

from casefile_api.attachments.inspection.outcome import PASSED_ON, Fault, Inside, packs_too_well
from casefile_api.attachments.inspection.ranged import Ranged, ranged_bytes
from casefile_api.attachments.malware import EicarScan

_GZIP, _XZ = b"\x1f\x8b\x08", b"\xfd7zXZ\x00"
# A text may begin with BZh; what follows is the beginning of a block, or the end of a file that is empty.
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_MARK_BYTES = 10
_MIB = 1024 * 1024
_PACKED_LIMIT_BYTES = 16 * _MIB
_UNPACKED_LIMIT_BYTES = 256 * _MIB
_HELD_LIMIT_BYTES = 16 * _MIB
_MEMORY_LIMIT_BYTES = 96 * _MIB
"""Enough for what `xz -9` makes; what wants more is not unpacked."""
_WITH_HEADER = 31

Look = Callable[[Ranged], Inside]


class _Gzip:
    """zlib's way of unpacking a little at a time, in the words of the other two."""

    def __init__(self) -> None:
        self._inner, self._waiting = zlib.decompressobj(_WITH_HEADER), b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    def decompress(self, data: bytes, limit: int) -> bytes:
        unpacked = self._inner.decompress(self._waiting + data, limit)
        self._waiting = self._inner.unconsumed_tail
        return unpacked


_Unpacking = _Gzip | bz2.BZ2Decompressor | lzma.LZMADecompressor


class _TooMuchMemory(Exception):
    """It can only be unpacked with more memory than it is given here."""


def _begun(head: bytes) -> _Unpacking | None:
    if head.startswith(_GZIP):
        return _Gzip()
    if _BZIP2.match(head):
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY_LIMIT_BYTES) if head.startswith(_XZ) else None


def is_packed(head: bytes) -> bool:
    """Say whether a file begins as what is packed by itself does."""
    return head.startswith((_GZIP, _XZ)) or _BZIP2.match(head) is not None


def look_at_packed(file: Ranged, look: Look) -> Inside:
    """Find what unpacks to more than anybody wants, what breaks off, and the test virus.

    `look` is how what was packed is looked into, as far as it is held.
    """
    unpacked, eicar, held = _Unpacked(file), EicarScan(), bytearray()
    fault = None
    try:
        for piece in unpacked.pieces():
            eicar.update(piece)
            held += piece[: max(0, _HELD_LIMIT_BYTES - len(held))]
            if packs_too_well(unpacked.bytes_out, unpacked.bytes_in):
                return Inside(Fault.ARCHIVE_BOMB, {"unpacked_bytes": unpacked.bytes_out})
    except _TooMuchMemory:
        return Inside()
    except (zlib.error, lzma.LZMAError, OSError, EOFError):
        fault = Fault.TRUNCATED
    if unpacked.breaks_off:
        fault = Fault.TRUNCATED
    inner = look(ranged_bytes(bytes(held))).fault if held else None
    fault = Fault.INFECTED if eicar.found else inner if inner in PASSED_ON else fault
    return Inside(fault, {"unpacked_bytes": unpacked.bytes_out})


class _Unpacked:
    """What comes out of a packed file, as far as is worth the work; it may be packed in several pieces in a row."""

    def __init__(self, file: Ranged) -> None:
        self._file = file
        self.bytes_in = self.bytes_out = 0
        self.breaks_off = False

    def pieces(self) -> Iterator[bytes]:
        unpacking = _begun(self._file.read(0, _MARK_BYTES))
        for block in self._file.onward(0):
            self.bytes_in += len(block)
            packed = block
            while packed and unpacking is not None:
                for piece in _drawn(unpacking, packed):
                    self.bytes_out += len(piece)
                    yield piece
                packed = unpacking.unused_data if unpacking.eof else b""
                unpacking = _begun(packed) if unpacking.eof else unpacking
            if unpacking is None or self.bytes_in > _PACKED_LIMIT_BYTES or self.bytes_out > _UNPACKED_LIMIT_BYTES:
                return
        self.breaks_off = True


def _drawn(unpacking: _Unpacking, block: bytes) -> Iterator[bytes]:
    """Unpack a block a MiB at a time."""
    try:
        yield unpacking.decompress(block, _MIB)
        while not unpacking.eof and not unpacking.needs_input:
            yield unpacking.decompress(b"", _MIB)
    except lzma.LZMAError as fault:
        if "Memory usage limit" in str(fault):
            raise _TooMuchMemory from fault
        raise
