"""The newest checkpoint, kept outside the database: what a restored backup is recognised by.

It lies beside the signing key and is rewritten after each commit, so it may be a little older than the database and
must never be newer. A store that nobody can delete from may hold another, at a slower pace: the newer of both counts,
since a machine that was put back as a whole brings back the file of that day.
"""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import CheckpointError, VerifierKey, parse_checkpoint, parse_note
from casefile_api.ledger.log_keys import key_file
from casefile_api.settings import Settings

FILE_NAME = "checkpoint.latest"


class Retained(Protocol):
    """Where checkpoints are retained that nobody can delete."""

    async def newest(self, origin: str, keys: Collection[VerifierKey]) -> str | None:
        """The newest one of a log that one of these keys signed; DependencyUnavailable where nobody answers."""


class KeptCheckpoint:
    """The file with the newest checkpoint, and what is retained in the store beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.retained: str | None = None
        self.unread = False
        """Whether it is not known yet what the store retains: until then nothing may be signed."""

    @classmethod
    def beside_key(cls, settings: Settings) -> "KeptCheckpoint":
        """The file in the folder of the signing key."""
        return cls(key_file(settings).with_name(FILE_NAME))

    def read(self) -> str | None:
        """The signed note; None where none was kept yet."""
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            return ""

    def newest(self) -> str | None:
        """The newer one of the file and what is retained; a file that is no checkpoint is told as it is."""
        note = self.read()
        if note is None or self.retained is None:
            return self.retained if note is None else note
        try:
            return self.retained if _size(self.retained) > _size(note) and _is_one_log(self.retained, note) else note
        except CheckpointError:
            return note

    def check(self) -> None:
        """Raise Misconfigured where the file could not be replaced."""
        if not os.access(self.path.parent, os.W_OK):
            raise Misconfigured(f"The newest checkpoint is kept in {self.path.parent}: make that folder writable.")

    def put_aside(self, number: int) -> None:
        """Keep the last checkpoint of a log that was closed under its number, beside that of its successor."""
        aside = self.path.with_name(f"checkpoint.closed-{number}")
        note = self.read()
        if note is not None and not aside.exists():
            KeptCheckpoint(aside).write(note)

    def write(self, note: str) -> None:
        """Replace it in one piece and through to the disk; OSError where that fails, and the old one stays."""
        unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note).text).tree_size


def _is_one_log(note: str, other: str) -> bool:
    """Whether both are of one log: the file of a log that was closed and what its successor retains are not."""
    return note.partition("\n")[0] == other.partition("\n")[0]
