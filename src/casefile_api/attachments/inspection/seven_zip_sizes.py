"""How much a 7z archive unpacks to, by its own directory (7zFormat.txt of the LZMA SDK: StreamsInfo, Folder)."""

from dataclasses import dataclass

_END, _HEADER, _PROPERTIES, _STREAMS = 0x00, 0x01, 0x02, 0x04
_PACK_INFO, _UNPACK_INFO, _SIZES, _DIGESTS, _FOLDERS, _UNPACK_SIZES = 0x06, 0x07, 0x09, 0x0A, 0x0B, 0x0C
_FOLDERS_LIMIT = 100_000
_CODERS_LIMIT = 32


class NotUnderstood(Exception):
    """The directory is written in a way that is not read here."""


@dataclass(slots=True)
class _Reading:
    data: bytes
    at: int = 0

    def byte(self) -> int:
        return self.skip(1)[0]

    def skip(self, length: int) -> bytes:
        taken = self.data[self.at : self.at + length]
        if len(taken) < length:
            raise NotUnderstood
        self.at += length
        return taken

    def number(self) -> int:
        """Read a number: the leading one bits of its first byte say how many bytes follow."""
        first, mask, value = self.byte(), 0x80, 0
        for place in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * place))
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self, most: int) -> int:
        found = self.number()
        if found > most:
            raise NotUnderstood
        return found

    def expect(self, *marks: int) -> int:
        found = self.byte()
        if found not in marks:
            raise NotUnderstood
        return found


def unpacked_size(directory: bytes) -> int:
    """Return the sum over what is packed together, each by its largest stream.

    Raises NotUnderstood where that is not told.
    """
    reading = _Reading(directory)
    reading.expect(_HEADER)
    mark = reading.expect(_PROPERTIES, _STREAMS)
    if mark == _PROPERTIES:
        while reading.byte() != _END:
            reading.skip(reading.count(len(directory)))
        reading.expect(_STREAMS)
    _pass_pack_info(reading)
    reading.expect(_FOLDERS)
    folders = reading.count(_FOLDERS_LIMIT)
    reading.expect(_END)  # the folders stand here, and not in another stream
    streams = [_streams_of_folder(reading) for _ in range(folders)]
    reading.expect(_UNPACK_SIZES)
    return sum(max(reading.number() for _ in range(count)) for count in streams)


def _pass_pack_info(reading: _Reading) -> None:
    """Go to the folders; an archive of empty files alone has no packed streams."""
    if reading.expect(_PACK_INFO, _UNPACK_INFO) == _UNPACK_INFO:
        return
    reading.number()
    packed = reading.count(_FOLDERS_LIMIT)
    while (mark := reading.expect(_SIZES, _DIGESTS, _END)) != _END:
        if mark == _DIGESTS:
            defined = packed if reading.byte() else _bits(reading.skip((packed + 7) // 8))
            reading.skip(4 * defined)
        else:
            for _ in range(packed):
                reading.number()
    reading.expect(_UNPACK_INFO)


def _bits(field: bytes) -> int:
    return sum(each.bit_count() for each in field)


def _streams_of_folder(reading: _Reading) -> int:
    """Go past a folder, its coders and what they are bound by; returns how many streams they give."""
    taken = given = 0
    for _ in range(reading.count(_CODERS_LIMIT)):
        flags = reading.byte()
        reading.skip(flags & 0x0F)
        inward, outward = (reading.count(_CODERS_LIMIT), reading.count(_CODERS_LIMIT)) if flags & 0x10 else (1, 1)
        if flags & 0x20:
            reading.skip(reading.count(len(reading.data)))
        taken, given = taken + inward, given + outward
    if given == 0:
        raise NotUnderstood
    for _ in range(2 * (given - 1)):
        reading.number()
    packed = taken - (given - 1)
    for _ in range(packed if packed > 1 else 0):
        reading.number()
    return given
