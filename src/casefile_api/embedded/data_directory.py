"""The data directory: who holds it, and what must be the same after a restart.

DIR/lock             held by the one program that runs on it
DIR/secrets.json     passwords and keys of the parts, for their owner's eyes only
DIR/ports.json       ports, kept so that addresses given out stay right
DIR/run/             the records of the processes started
DIR/logs/            what the parts say
DIR/postgresql/, DIR/seaweedfs/   their data
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from casefile_api.embedded.failures import PartFailed

# Below the range from which systems take ports for outgoing connections, so that nobody gets ours by chance.
FIRST_PORT, LAST_PORT = 20_000, 30_000


class DataDirectory:
    """Where one installation keeps its parts' data, secrets and records."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.run = self.path / "run"
        self.logs = self.path / "logs"

    def create(self) -> None:
        """Make the folder and what is always in it; an existing one is left as it is."""
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            for folder in (self.run, self.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            raise PartFailed(f"{self.path} is a file; name a folder for the data instead.") from None
        except OSError as problem:
            raise PartFailed(
                f"The data folder {self.path} cannot be made ({problem.strerror}): name another, or mend its rights."
            ) from None

    def record(self, part: str) -> Path:
        """The file that says which process a part is."""
        return self.run / f"{part}.process"

    def log(self, part: str) -> Path:
        """The file a part writes its log to."""
        return self.logs / f"{part}.log"

    @contextmanager
    def held(self, wait_seconds: float = 10.0) -> Iterator[None]:
        """Hold the directory; only one program may, and the system lets go for a killed one."""
        with (self.path / "lock").open("a+", encoding="ascii") as file:
            self._take(file.fileno(), wait_seconds)
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def _take(self, descriptor: int, wait_seconds: float) -> None:
        until = time.monotonic() + wait_seconds
        while not try_lock(descriptor):
            if time.monotonic() > until:
                holder = (self.path / "lock").read_text(encoding="ascii").strip()
                raise PartFailed(
                    f"The data folder {self.path} is in use by process {holder}: stop that one, or name another folder."
                )
            time.sleep(0.1)

    @property
    def in_use(self) -> bool:
        """Whether a running program holds the directory."""
        try:
            with (self.path / "lock").open("a", encoding="ascii") as file:
                return not try_lock(file.fileno())
        except FileNotFoundError:
            return False

    def secret(self, name: str) -> str:
        """A random secret of this installation (64 hex digits), made at first use and kept."""
        path = self.path / "secrets.json"
        kept = read_words(path)
        if name not in kept:
            kept[name] = secrets.token_hex(32)
            write_private(path, json.dumps(kept, indent=1))
        return kept[name]

    def kept_word(self, name: str, first: str) -> str:
        """A word that stays what it was at the first start."""
        path = self.path / "kept.json"
        kept = read_words(path)
        if name not in kept:
            kept[name] = first
            write_private(path, json.dumps(kept, indent=1))
        return kept[name]

    def ports(self, part: str, count: int) -> list[int]:
        """The part's ports, the same as last time if all of them are free."""
        path = self.path / "ports.json"
        kept = read_words(path)
        ports = [int(word) for word in kept.get(part, "").split()]
        if len(ports) != count or not all(is_free(port) for port in ports):
            ours = {int(port) for name, words in kept.items() if name != part for port in words.split()}
            ports = free_ports(count, ours)
            kept[part] = " ".join(str(port) for port in ports)
            write_private(path, json.dumps(kept, indent=1))
        return ports

    def known_ports(self, part: str) -> list[int]:
        """The part's ports as last written down, free or not."""
        return [int(word) for word in read_words(self.path / "ports.json").get(part, "").split()]


def try_lock(descriptor: int) -> bool:
    """Take the lock on an open file unless another program has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_words(path: Path) -> dict[str, str]:
    """A small JSON object of strings; empty where there is no file."""
    try:
        kept: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise PartFailed(f"{path} is damaged; restore it from a backup of the data folder.") from None
    return dict(kept)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in one piece and through to the disk."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def is_free(port: int) -> bool:
    """Whether a server could listen there on loopback now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int, spoken_for: Collection[int] = ()) -> list[int]:
    """Some ports that nobody listens on, and that are not promised to another part."""
    candidates = random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT), k=LAST_PORT - FIRST_PORT)
    found: list[int] = []
    for port in candidates:
        if port not in spoken_for and is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise PartFailed(
        f"No {count} ports are free from {FIRST_PORT} to {LAST_PORT} on 127.0.0.1: stop what listens there."
    )
