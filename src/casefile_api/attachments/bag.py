"""A BagIt bag (RFC 8493) as one ZIP, made as it goes: nothing but the manifests' lines is held in memory.

Every payload file is hashed on its way; the manifests come last, when all hashes are known, and then the seal: over the
manifests a file beside them, over all the bytes of the ZIP its comment.
"""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, cast

from casefile_api.attachments.sealing_bags import OF_BAG, OF_FILE, Seal

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class Member:
    """A payload file: its path under `data/`, its bytes when their turn comes, and the SHA-256 that they must have."""

    path: str
    chunks: Iterator[bytes]
    sha256: str | None = None


@dataclass(slots=True)
class _Spool:
    """What the archive has written and nobody has taken yet. It cannot be rewound, which the archive respects."""

    held: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> int:
        self.held += data
        return len(data)

    def flush(self) -> None:
        return None

    def take(self) -> bytes:
        taken = bytes(self.held)
        self.held.clear()
        return taken


class NotAsExpected(Exception):
    """A file's bytes do not have the SHA-256 that they must have; nothing of this bag may be used."""


class Bag:
    """A bag on its way out."""

    def __init__(self, seal: Seal, made_at: datetime) -> None:
        self._name = seal.name
        self._seal = seal
        self._sent = hashlib.sha256()
        self._date = made_at.timetuple()[:6]
        self._spool = _Spool()
        self._archive = zipfile.ZipFile(cast(IO[bytes], self._spool), "w", zipfile.ZIP_STORED)
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._size_bytes = 0

    def chunks(self, members: Iterable[Member], info: Mapping[str, str]) -> Iterator[bytes]:
        """Give the ZIP's bytes, file by file.

        Raises NotAsExpected, and what the members raise.
        """
        for chunk in self._files(members, info):
            self._sent.update(chunk)
            yield chunk
        yield self._end()

    def _files(self, members: Iterable[Member], info: Mapping[str, str]) -> Iterator[bytes]:
        yield from self._add_tag("bagit.txt", DECLARATION)
        for member in members:
            path = f"data/{member.path}"
            yield from self._add(path, member.chunks, self._payload)
            if member.sha256 not in (None, self._payload[path]):
                raise NotAsExpected(path)
        oxum = f"{self._size_bytes}.{len(self._payload)}"
        lines = "".join(f"{name}: {value}\n" for name, value in {**info, "Payload-Oxum": oxum}.items())
        yield from self._add_tag("bag-info.txt", lines.encode())
        yield from self._add_tag("manifest-sha256.txt", _manifest(self._payload))
        tags = _manifest(self._tags)
        yield from self._add("tagmanifest-sha256.txt", iter([tags]), {})
        sealed = self._seal.note(OF_BAG, hashlib.sha256(tags).hexdigest())
        yield from self._add("seal.txt", iter([sealed]), {})

    def _end(self) -> bytes:
        """Return the directory, and after it the comment that seals all before it."""
        room = len(self._seal.note(OF_FILE, self._sent.hexdigest()))
        self._archive.comment = bytes(room)
        self._archive.close()
        last = self._spool.take()[:-room]
        self._sent.update(last)
        return last + self._seal.note(OF_FILE, self._sent.hexdigest())

    def _add_tag(self, path: str, data: bytes) -> Iterator[bytes]:
        return self._add(path, iter([data]), self._tags)

    def _add(self, path: str, chunks: Iterator[bytes], hashes: dict[str, str]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        place = zipfile.ZipInfo(f"{self._name}/{path}", self._date)
        place.external_attr = 0o644 << 16
        with self._archive.open(place, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
                yield self._spool.take()
        yield self._spool.take()
        hashes[path] = digest.hexdigest()
        if hashes is self._payload:
            self._size_bytes += size


def _manifest(hashes: Mapping[str, str]) -> bytes:
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(hashes.items())).encode()
