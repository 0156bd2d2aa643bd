"""The file at this end: read in pieces, hashed, and held against what it was when the upload began."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from casefile_api.client.endings import Ending, TransferFailed

PIECE_BYTES = 256 * 1024
_HASHED_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Hashes:
    """SHA-256 of a file, and of each of its parts, were it cut so: in hex, by number, counted from 1."""

    whole: str
    part_size: int
    parts: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was found: of another size or time it is another file."""

    path: Path
    size: int
    changed_ns: int

    @classmethod
    def found(cls, path: Path) -> "LocalFile":
        """Look at a file. Raises OSError where there is none, TransferFailed where it is a folder or a device."""
        told = path.stat()
        if not path.is_file():
            raise TransferFailed(f"{path} is not a file.", Ending.LOCAL)
        return cls(path, told.st_size, told.st_mtime_ns)

    def expect_unchanged(self) -> None:
        """Raise TransferFailed where somebody wrote to the file since it was hashed."""
        if LocalFile.found(self.path) != self:
            sentence = f"{self.path} was changed while it was sent: what arrived so far is of no use; begin again."
            raise TransferFailed(sentence, Ending.LOCAL)

    def pieces(self, start: int, length: int, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
        """Read a stretch of it in small pieces. Raises TransferFailed where it has become shorter."""
        with self.path.open("rb", buffering=0) as opened:
            opened.seek(start)
            while length > 0:
                piece = opened.read(min(piece_bytes, length))
                if not piece:
                    raise TransferFailed(f"{self.path} became shorter while it was read.", Ending.LOCAL)
                length -= len(piece)
                yield piece

    def sha256(self, start: int = 0, length: int | None = None, told: Callable[[int], None] | None = None) -> str:
        """SHA-256 of the file or of a stretch of it, in hex; `told` hears how far it is."""
        digest = hashlib.sha256()
        for piece in self.pieces(start, self.size - start if length is None else length, _HASHED_BYTES):
            digest.update(piece)
            if told:
                told(len(piece))
        return digest.hexdigest()

    def hashes(self, part_size: int, told: Callable[[int], None]) -> Hashes:
        """Hash the whole and each part in one reading: what is read from a disk twice takes twice as long.

        Another thread hashes the whole meanwhile, on another core where there is one.
        """
        whole, parts = hashlib.sha256(), dict[int, str]()
        with ThreadPoolExecutor(1, thread_name_prefix="hash") as other:
            under_way: Future[None] = other.submit(lambda: None)
            for number, start in enumerate(range(0, max(1, self.size), part_size), 1):
                part = hashlib.sha256()
                for piece in self.pieces(start, min(part_size, self.size - start), _HASHED_BYTES):
                    under_way.result()
                    under_way = other.submit(whole.update, piece)
                    part.update(piece)
                    told(len(piece))
                parts[number] = part.hexdigest()
            under_way.result()
        return Hashes(whole.hexdigest(), part_size, parts)


def write_through(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all, for its owner alone."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(path)
