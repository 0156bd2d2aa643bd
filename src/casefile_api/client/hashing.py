"""A file is hashed from the moment it is named, while the client comes up and a token is had."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass

from casefile_api.client.local import Hashes, LocalFile
from casefile_api.client.notes import Note, Notes

_MIB = 1024 * 1024
_SHOWN_EVERY_SECONDS = 0.2


def likely_part_size(size: int) -> int:
    """How the service will cut a file: 8 MiB, or so many whole MiB that it is cut into 10,000 parts at most.

    It says so only once the hash was declared. Where it cuts otherwise, the parts are hashed again when they are sent.
    """
    return max(8, -(-size // (10_000 * _MIB))) * _MIB


def place_of(url: str, case_file_id: str, kind: str) -> str:
    """Where a file goes: what its note is kept under."""
    return f"{url}\n{case_file_id}\n{kind}"


@dataclass(frozen=True, slots=True)
class Hashing:
    """A file on its way to a place, and its hashes as soon as they are there."""

    file: LocalFile
    place: str
    note: Note
    _told: list[int]
    _hashes: Future[Hashes] | None

    @classmethod
    def begin(cls, notes: Notes, place: str, file: LocalFile) -> "Hashing":
        """Hash a file in a thread that keeps nobody waiting at the end; one that a note knows is not hashed again."""
        note, told = notes.read(place, file), list[int]()
        if note.sha256:
            return cls(file, place, note, told, None)
        hashes: Future[Hashes] = Future()

        def reckon() -> None:
            try:
                hashes.set_result(file.hashes(likely_part_size(file.size), told.append))
            except BaseException as fault:  # it is raised by whoever waits for the hashes
                hashes.set_exception(fault)

        threading.Thread(target=reckon, name="hashing", daemon=True).start()
        return cls(file, place, note, told, hashes)

    def ended(self, notes: Notes, show: Callable[[int], None]) -> tuple[Note, Hashes | None]:
        """Wait for the hashes, and note that of the whole; `show` hears how far they are."""
        if self._hashes is None:
            return self.note, None
        shown = 0
        while not self._hashes.done():
            wait([self._hashes], _SHOWN_EVERY_SECONDS)
            so_many = len(self._told)
            show(sum(self._told[shown:so_many]))
            shown = so_many
        hashes = self._hashes.result()
        self.file.expect_unchanged()
        return notes.keep(self.place, self.note, sha256=hashes.whole), hashes
