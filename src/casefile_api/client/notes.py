"""What is remembered here of an upload under way, so that it goes on without being asked again.

It is no more than a shorter way: without it the hash is reckoned anew and the service is asked what it has. One small
file for each upload, named by a hash; it holds ids, hashes and a path, and is gone when the upload is done.
"""

import hashlib
import json
import os
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from casefile_api.client.local import LocalFile, write_through


@dataclass(frozen=True, slots=True)
class Note:
    """One upload: the file as it was, its hash, the key its declaration is said under, and its attachment."""

    path: str
    size: int
    changed_ns: int
    key: str
    sha256: str = ""
    attachment_id: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """The folder of notes of one caller."""

    folder: Path

    @classmethod
    def at(cls, folder: Path | None) -> "Notes":
        """This folder, or the one that the system has for such things (XDG base directories)."""
        if folder is not None:
            return cls(folder)
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return cls(Path(state) / "casefile-api" / "uploads")

    def read(self, place: str, file: LocalFile) -> Note:
        """The note of this file on this case; a new one where there is none, or where the file is another by now."""
        path = str(file.path.resolve())
        fresh = Note(path, file.size, file.changed_ns, str(uuid.uuid4()))
        try:
            kept = Note(**json.loads(self._file(place, path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return fresh
        same = (kept.path, kept.size, kept.changed_ns) == (path, file.size, file.changed_ns)
        return kept if same else fresh

    def keep(self, place: str, note: Note, *, sha256: str = "", attachment_id: str = "") -> Note:
        """Write down what was learnt."""
        changed = replace(note, sha256=sha256 or note.sha256, attachment_id=attachment_id or note.attachment_id)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_through(self._file(place, note.path), json.dumps(asdict(changed)).encode())
        return changed

    def drop(self, place: str, note: Note) -> None:
        """Forget an upload that is done."""
        self._file(place, note.path).unlink(missing_ok=True)

    def _file(self, place: str, path: str) -> Path:
        name = hashlib.sha256("\n".join((place, path)).encode()).hexdigest()[:32]
        name = hashlib.sha256("\n".join((place, path)).encode()).hexdigest()[:32]
        return self.folder / f"{name}.json"
