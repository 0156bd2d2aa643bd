"""ZIP archives: listed, never unpacked as a whole, and held against limits, so that none breaks whoever opens it.

Sizes are those of the directory, which is tried on the beginnings of some files. What overlaps adds up to more than the
archive, and archives in the archive are opened as far as they fit; the small files in which the test virus is sent are
looked into.
"""

from collections.abc import Callable
from dataclasses import dataclass

from casefile_api.attachments.inspection.outcome import PASSED_ON, Fault, Inside, is_archive, packs_too_well
from casefile_api.attachments.inspection.ranged import Ranged, ranged_bytes
from casefile_api.attachments.inspection.zip_directory import (
    Directory,
    Entry,
    NoDirectory,
    find_directory,
    list_entries,
    unpack,
    unpacks_to_more,
)
from casefile_api.attachments.malware import SIGNATURE

MIB = 1024 * 1024
ENTRIES_LIMIT = 1_000_000
DEPTH_LIMIT = 4
NESTED_LIMIT_BYTES = 16 * MIB
OPENED_LIMIT_BYTES = 64 * MIB
"""How much is fetched for looking into archives in an archive: what is beyond is counted, and is no fault."""
_NESTED_LIMIT = 100
_TRIED_LIMIT = 200
_TRIED_FROM_BYTES = 4 * 1024
"""A file that is packed smaller than this unpacks to 4 MiB at most."""
_SMALL_LIMIT = 1_000
_SMALL_BYTES = range(len(SIGNATURE), 4 * len(SIGNATURE))


class _Found(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass(slots=True)
class _Tally:
    """What adds up over an archive and the archives in it."""

    packed_bytes: int
    look: Callable[[Ranged], Inside]
    entries: int = 0
    unpacked_bytes: int = 0
    archives: int = 0
    opened_bytes: int = 0
    not_opened: int = 0
    small: int = 0
    tried: int = 0

    def take(self, entry: Entry) -> None:
        self.entries += 1
        self.unpacked_bytes += entry.size_bytes
        if self.entries > ENTRIES_LIMIT or packs_too_well(self.unpacked_bytes, self.packed_bytes):
            raise _Found(Fault.ARCHIVE_BOMB)

    def may_open(self, entry: Entry) -> bool:
        self.archives += 1
        self.opened_bytes += min(entry.packed_bytes, NESTED_LIMIT_BYTES)
        return self.archives <= _NESTED_LIMIT and self.opened_bytes <= OPENED_LIMIT_BYTES

    def facts(self) -> dict[str, int]:
        told = {"entries": self.entries, "unpacked_bytes": self.unpacked_bytes, "archives_inside": self.archives}
        return told | ({"archives_not_opened": self.not_opened} if self.not_opened else {})


def look_at_zip(file: Ranged, look: Callable[[Ranged], Inside]) -> Inside:
    """Find an archive that was cut off, that needs a password, or that unpacks to more than anybody wants.

    `look` is how archives of other kinds in it are looked into.
    """
    tally = _Tally(file.size, look)
    try:
        _go_through(file, tally, depth=1)
    except _Found as found:
        return Inside(found.fault, tally.facts())
    except NoDirectory:
        return Inside(Fault.TRUNCATED, tally.facts())
    return Inside(None, tally.facts())


def _go_through(file: Ranged, tally: _Tally, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise _Found(Fault.ARCHIVE_BOMB)
    directory = find_directory(file)
    if depth == 1:
        # What stands in front of the archive is none of it.
        tally.packed_bytes -= directory.shift
    packed = 0
    for entry in list_entries(file, directory):
        tally.take(entry)
        packed += entry.packed_bytes
        _check_entry(entry, directory, packed)
        _try(file, entry, tally)
        _open(file, entry, tally, depth)


def _check_entry(entry: Entry, directory: Directory, packed_bytes: int) -> None:
    if entry.encrypted:
        raise _Found(Fault.PASSWORD_PROTECTED)
    if entry.offset + entry.packed_bytes > directory.start:
        raise _Found(Fault.TRUNCATED)
    # Files that lie over each other are how a small archive unpacks to petabytes.
    if packed_bytes > directory.start:
        raise _Found(Fault.ARCHIVE_BOMB)


def _try(file: Ranged, entry: Entry, tally: _Tally) -> None:
    """A directory that lies of sizes is how a bomb passes for an archive."""
    if entry.packed_bytes >= _TRIED_FROM_BYTES and tally.tried < _TRIED_LIMIT:
        tally.tried += 1
        if unpacks_to_more(file, entry):
            raise _Found(Fault.ARCHIVE_BOMB)


def _open(file: Ranged, entry: Entry, tally: _Tally, depth: int) -> None:
    if entry.size_bytes in _SMALL_BYTES and tally.small < _SMALL_LIMIT:
        tally.small += 1
        if SIGNATURE in (unpack(file, entry, _SMALL_BYTES.stop) or b""):
            raise _Found(Fault.INFECTED)
    if not is_archive(entry.name):
        return
    data = unpack(file, entry, NESTED_LIMIT_BYTES) if tally.may_open(entry) else None
    if data is None:
        tally.not_opened += 1
    elif data.startswith(b"PK\x03\x04"):
        try:
            _go_through(ranged_bytes(data), tally, depth + 1)
        except NoDirectory:
            # Half an archive among the files of a telephone is evidence like any other.
            tally.not_opened += 1
    elif (fault := tally.look(ranged_bytes(data)).fault) in PASSED_ON:
        raise _Found(fault)
