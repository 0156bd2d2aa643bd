"""Reading here and there in a file, wherever it lies: a little at a time, whatever the file says of its own lengths."""

from collections.abc import Callable, Iterator

BLOCK_BYTES = 64 * 1024
READS_LIMIT = 12_000
"""Enough for the directory of a million files beside what is looked into."""


class TooManyReads(Exception):
    """The file leads from place to place without end."""


class Ranged:
    """A file of a known size, read in blocks; the last few are kept. What lies beyond the end is not there."""

    def __init__(self, size_bytes: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size = size_bytes
        self._fetch = fetch
        self._kept: dict[int, bytes] = {}
        self._reads = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return what there is of a stretch: shorter, or nothing, at the end of the file."""
        end = min(self.size, offset + length)
        if offset < 0 or offset >= end:
            return b""
        first = offset - offset % BLOCK_BYTES
        held = b"".join(self._block(start) for start in range(first, end, BLOCK_BYTES))
        return held[offset - first : end - first]

    def _block(self, start: int) -> bytes:
        if start not in self._kept:
            self._reads += 1
            if self._reads > READS_LIMIT:
                raise TooManyReads
            if len(self._kept) >= 8:
                del self._kept[next(iter(self._kept))]
            self._kept[start] = self._fetch(start, min(BLOCK_BYTES, self.size - start))
        return self._kept[start]

    def stretch(self, offset: int, length: int) -> "Ranged":
        """A file that lies in this one; what is read of it counts as read of this one."""
        return Ranged(length, lambda within, size: self.read(offset + within, size))

    def onward(self, offset: int) -> Iterator[bytes]:
        """Give everything from a place to the end, in blocks."""
        while held := self.read(offset, BLOCK_BYTES - offset % BLOCK_BYTES):
            yield held
            offset += len(held)

    def tail(self, length: int) -> bytes:
        """Return the end of the file."""
        return self.read(max(0, self.size - length), length)


def ranged_bytes(data: bytes) -> Ranged:
    """Read in what is held already: what was packed inside another file."""
    return Ranged(len(data), lambda offset, length: data[offset : offset + length])
