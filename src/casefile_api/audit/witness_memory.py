"""What a witness remembers, in a folder of its own: its key, and the newest checkpoint of each log that it saw.

Each file is replaced in one piece and through to the disk. Only one program may use the folder at a time: two that
remembered apart could vouch for two different logs.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import CheckpointError, check_key_name
from casefile_api.ledger.cosignatures import CosignerKey

KEY, NAME = "key.pem", "name"


class WitnessMemory:
    """The folder of a witness."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator["WitnessMemory"]:
        """The folder, made where it is missing, for this program alone.

        Raises Misconfigured where another one has it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Misconfigured(f"Another witness is at work in {self.folder}.") from None
            yield self

    def cosigner(self, name: str | None) -> CosignerKey:
        """The witness's key and name, made at the first use and never changed afterwards.

        Raises Misconfigured where no name was ever given, another one is, or the key cannot be read.
        """
        known = self._text(NAME)
        wanted = known if name is None else name
        if wanted is None or (known is not None and wanted != known):
            reason = f"is called {known}" if known else "needs a name, a URL without scheme: give --name"
            raise Misconfigured(f"The witness in {self.folder} {reason}.")
        try:
            check_key_name(wanted)
        except CheckpointError:
            raise Misconfigured("A witness's name must not be empty nor hold spaces or '+'.") from None
        if known is None:
            self._replace(KEY, _new_key())
            self._replace(NAME, wanted)
        try:
            key = load_pem_private_key((self._text(KEY) or "").encode(), password=None)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Misconfigured(f"The key of the witness in {self.folder} cannot be read.")
        return CosignerKey(wanted, key)

    def read(self, origin: str) -> str | None:
        """The newest checkpoint of a log that it vouched for; None where there was none."""
        return self._text(self.path_of(origin).name)

    def write(self, origin: str, note: str) -> None:
        """Remember a checkpoint instead of the one before it."""
        self._replace(self.path_of(origin).name, note)

    def path_of(self, origin: str) -> Path:
        """The file with the newest checkpoint of a log, which may be handed to whoever verifies."""
        return self.folder / f"{sha256(origin.encode()).hexdigest()[:16]}.checkpoint"

    def keep_evidence(self, origin: str, note: str) -> None:
        """Keep a checkpoint that proves, beside the remembered one, that the log was forked."""
        kept = f"fork-{sha256(note.encode()).hexdigest()[:16]}.txt"
        self._replace(kept, f"{self.read(origin)}\n{note}")

    def keep_suspicion(self, origin: str, note: str) -> None:
        """Keep the last checkpoint that did not show how it continues the remembered one."""
        self._replace(f"{self.path_of(origin).stem}.unproved", note)

    def _text(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            return ""

    def _replace(self, name: str, text: str) -> None:
        unfinished = self.folder / f".{name}.new"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / name)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _new_key() -> str:
    made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.decode("ascii")
