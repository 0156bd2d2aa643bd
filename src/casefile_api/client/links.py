"""Presigned URLs of the parts that are still to be sent: asked for some at a time, and anew when they are spent."""

import hashlib
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casefile_api.client.calls import Calls, Json
from casefile_api.client.local import Hashes, LocalFile
from casefile_api.client.wire import checked

# Each asking is an entry in the service's log; but a URL ends, and hashing what is sent next must not keep the line
# waiting.
_AT_ONCE = 64
_AT_FIRST = 8
"""So that the line is not kept waiting for URLs of parts whose turn comes later."""
_HASHED_AHEAD_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Link:
    """A request that storage will take: this part, with these headers."""

    url: str
    headers: Mapping[str, str]


class Links:
    """The URLs of one upload, shared by the threads that send."""

    def __init__(
        self, calls: Calls, file: LocalFile, upload: Json, missing: Sequence[int], hashes: Hashes | None = None
    ) -> None:
        self._calls = calls
        self._file = file
        self._attachment_id = upload["attachment_id"]
        self._part_size = upload["part_size"]
        # Of no use where the service cuts the file otherwise.
        self._hashed = hashes.parts if hashes and hashes.part_size == self._part_size else {}
        self._waiting = list(missing)
        self._given: dict[int, Link] = {}
        self._lock = threading.Lock()

    def stretch(self, number: int) -> tuple[int, int]:
        """Where a part begins in the file, and its length."""
        start = (number - 1) * self._part_size
        return start, min(self._part_size, self._file.size - start)

    def of(self, number: int) -> Link:
        """The URL of a part; where it has none, it is asked for together with those that come next."""
        with self._lock:
            if number not in self._given:
                most = self._so_many()
                following = [other for other in self._waiting if other > number and other not in self._given]
                self._ask([number, *following[: most - 1]])
            return self._given[number]

    def drop(self, number: int) -> None:
        """A URL is spent, expired or of an upload that storage has given up."""
        with self._lock:
            self._given.pop(number, None)

    def done(self, number: int) -> None:
        """A part has arrived."""
        with self._lock:
            self._waiting.remove(number)
            self._given.pop(number, None)

    def _ask(self, numbers: Sequence[int]) -> None:
        self._file.expect_unchanged()
        parts: Json = [{"number": number, "sha256": self._sha256_of(number)} for number in numbers]
        # Asked for again it must not be the same question: the kept answer would be of the URLs that are spent.
        path, key = f"/v1/attachments/{self._attachment_id}/upload", str(uuid.uuid4())
        for part in self._calls.post(path, {"parts": parts}, key=key)["parts"]:
            self._given[part["number"]] = Link(checked(part["url"]), part["headers"])

    def _so_many(self) -> int:
        if not self._given:
            return _AT_FIRST
        return _AT_ONCE if self._hashed else max(1, min(_AT_ONCE, _HASHED_AHEAD_BYTES // self._part_size))

    def _sha256_of(self, number: int) -> str:
        return self._hashed.get(number) or self._file.sha256(*self.stretch(number))


def repeatable(*words: object) -> str:
    """A key that is the same for the same act: whoever was killed says it again, and does not do it twice."""
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()
