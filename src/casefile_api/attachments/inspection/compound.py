"""Compound files (MS-CFB), the older Office formats: what streams they hold, and whether a password locks them.

An Office document with a password is a compound file with a stream `EncryptedPackage` (MS-OFFCRYPTO 2.3.4); older ones
say so in the first bytes of their own stream (MS-DOC 2.5.2 fEncrypted, MS-XLS 2.4.117 FilePass).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from casefile_api.attachments.inspection.outcome import SOUND, Fault, Inside
from casefile_api.attachments.inspection.ranged import Ranged

_ENTRY_BYTES = 128
_END_OF_CHAIN = 0xFFFFFFFA
_SECTORS_LIMIT = 4_000
_FILE_PASS = 0x2F
_RECORDS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class _Directory:
    sector_bytes: int
    streams: dict[str, int]

    def start_of(self, *names: str) -> int | None:
        """Return where the first of these streams begins."""
        first = next((self.streams[name] for name in names if name in self.streams), None)
        return None if first is None else (first + 1) * self.sector_bytes


def look_at_compound(file: Ranged) -> Inside:
    """Find a document that needs a password, or whose directory was cut off."""
    directory = _read_directory(file)
    if directory is None:
        return Inside(Fault.TRUNCATED)
    if "EncryptedPackage" in directory.streams or _locked_text(file, directory) or _locked_sheet(file, directory):
        return Inside(Fault.PASSWORD_PROTECTED)
    return SOUND


def _read_directory(file: Ranged) -> _Directory | None:
    header = file.read(0, 512)
    if len(header) < 512:
        return None
    shift, first = int.from_bytes(header[30:32], "little"), int.from_bytes(header[48:52], "little")
    if shift not in (9, 12):
        return None
    streams: dict[str, int] = {}
    for sector in _chain(file, header, 1 << shift, first):
        for at in range(0, len(sector), _ENTRY_BYTES):
            entry = sector[at : at + _ENTRY_BYTES]
            length = int.from_bytes(entry[64:66], "little")
            if len(entry) == _ENTRY_BYTES and 2 < length <= 64:
                name = entry[: length - 2].decode("utf-16-le", errors="replace")
                streams[name] = int.from_bytes(entry[116:120], "little")
    return _Directory(1 << shift, streams) if "Root Entry" in streams else None


def _chain(file: Ranged, header: bytes, sector_bytes: int, sector: int) -> Iterator[bytes]:
    """Follow a chain of sectors through the allocation table, whose first 109 sectors the header lists."""
    table = struct.unpack("<109I", header[76:512])
    per_sector = sector_bytes // 4
    for _ in range(_SECTORS_LIMIT):
        if sector >= _END_OF_CHAIN:
            return
        yield file.read((sector + 1) * sector_bytes, sector_bytes)
        place, within = divmod(sector, per_sector)
        if place >= len(table) or table[place] >= _END_OF_CHAIN:
            return
        following = file.read((table[place] + 1) * sector_bytes + 4 * within, 4)
        if len(following) < 4:
            return
        sector = int.from_bytes(following, "little")


def _locked_text(file: Ranged, directory: _Directory) -> bool:
    start = directory.start_of("WordDocument")
    return start is not None and bool(int.from_bytes(file.read(start + 10, 2), "little") & 0x0100)


def _locked_sheet(file: Ranged, directory: _Directory) -> bool:
    at = directory.start_of("Workbook", "Book")
    for _ in range(_RECORDS_LIMIT if at is not None else 0):
        record = file.read(at or 0, 4)
        kind, length = int.from_bytes(record[:2], "little"), int.from_bytes(record[2:], "little")
        if kind == _FILE_PASS or len(record) < 4:
            return kind == _FILE_PASS
        at = (at or 0) + 4 + length
    return False
