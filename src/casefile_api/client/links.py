"""Presigned URLs of the parts that are still to be sent: asked for ahead, some at a time, and anew when they are spent.

One thread asks while others send: the line never waits for URLs, but for the first few.
"""

import hashlib
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from casefile_api.client.calls import Calls, Json
from casefile_api.client.local import Hashes, LocalFile
from casefile_api.client.wire import checked

# Each asking is an entry in the service's log; but a URL ends, and may do so before its part's turn comes.
_AT_ONCE = 64
_AT_FIRST = 8
_LOW = 32
"""As few URLs as are left when more are asked for: as many as parts can be under way."""
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
        self._coming: Future[None] | None = None
        self._lock = threading.Lock()

    def stretch(self, number: int) -> tuple[int, int]:
        """Where a part begins in the file, and its length."""
        start = (number - 1) * self._part_size
        return start, min(self._part_size, self._file.size - start)

    def of(self, number: int) -> Link:
        """The URL of a part; where it has none, it is asked for together with those that come next."""
        while True:
            with self._lock:
                link = self._given.get(number)
                if link is None:
                    coming = self._coming or self._begin_asking([number])
                elif self._coming is None and len(self._given) <= _LOW:
                    self._begin_asking([])
            if link is not None:
                return link
            coming.result()

    def drop(self, number: int) -> None:
        """A URL is spent, expired or of an upload that storage has given up."""
        with self._lock:
            self._given.pop(number, None)

    def done(self, number: int) -> None:
        """A part has arrived."""
        with self._lock:
            self._waiting.remove(number)
            self._given.pop(number, None)

    def _begin_asking(self, wanted: Sequence[int]) -> Future[None]:
        """Ask for these and for those that come next, in a thread that keeps nobody waiting at the end."""
        most = self._so_many()
        following = [
            n for n in self._waiting if n not in self._given and n not in wanted and n > min(wanted, default=0)
        ]
        coming: Future[None] = Future()
        if numbers := [*wanted, *following][:most]:
            self._coming = coming
            threading.Thread(target=self._ask, args=(coming, numbers), name="links", daemon=True).start()
        return coming

    def _ask(self, coming: Future[None], numbers: Sequence[int]) -> None:
        try:
            self._file.expect_unchanged()
            parts: Json = [{"number": number, "sha256": self._sha256_of(number)} for number in numbers]
            # Asked for again it must not be the same question: the kept answer would be of the URLs that are spent.
            path, key = f"/v1/attachments/{self._attachment_id}/upload", str(uuid.uuid4())
            answered = self._calls.post(path, {"parts": parts}, key=key)["parts"]
            given = {part["number"]: Link(checked(part["url"]), part["headers"]) for part in answered}
        except BaseException as fault:  # it is raised by whoever waits for the URLs
            with self._lock:
                self._coming = None
            coming.set_exception(fault)
        else:
            with self._lock:
                self._given |= given
                self._coming = None
            coming.set_result(None)

    def _so_many(self) -> int:
        if not self._given:
            return _AT_FIRST
        return _AT_ONCE if self._hashed else max(1, min(_AT_ONCE, _HASHED_AHEAD_BYTES // self._part_size))

    def _sha256_of(self, number: int) -> str:
        return self._hashed.get(number) or self._file.sha256(*self.stretch(number))


def repeatable(*words: object) -> str:
    """A key that is the same for the same act: whoever was killed says it again, and does not do it twice."""
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()
