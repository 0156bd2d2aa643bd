"""The newest checkpoint, kept outside the database: what a restored backup is recognised by.

It lies beside the signing key and is rewritten after each commit, so it may be a little older than the database and
must never be newer.
"""

import os
from pathlib import Path

from casefile_api.errors import Misconfigured
from casefile_api.ledger.log_keys import key_file
from casefile_api.settings import Settings

FILE_NAME = "checkpoint.latest"


class KeptCheckpoint:
    """The file with the newest checkpoint."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
