"""Parts side by side, straight to storage: each is sent until it has arrived, and no longer than patience lasts."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import httpx2 as httpx

from casefile_api.client.endings import Ending, Interrupted, TransferFailed
from casefile_api.client.links import Link, Links
from casefile_api.client.local import LocalFile
from casefile_api.client.pace import Pace
from casefile_api.client.patience import Patience
from casefile_api.client.showing import Showing
from casefile_api.client.wire import expect_lasting, passing

_STORE = "The store"
# A URL that is refused so often in a row, although it is new each time, will not be taken at all.
_REFUSALS = 6


class _Stopped(Exception):
    """Another thread failed; this one need not go on."""


@dataclass
class Sending:
    """The way of parts to storage."""

    http: httpx.Client
    patience: Patience
    pace: Pace
    showing: Showing
    parallel: int
    _stop: threading.Event = field(default_factory=threading.Event)

    def send(self, file: LocalFile, links: Links, numbers: Sequence[int]) -> None:
        """Send these parts. Raises TransferFailed where one of them does not get through."""
        self._stop.clear()
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="part") as threads:
            begun = [threads.submit(self._send_part, file, links, number) for number in numbers]
            try:
                done, _ = wait(begun, return_when=FIRST_EXCEPTION)
            finally:
                # Also on Ctrl-C: what is under way ends at its next piece.
                self._stop.set()
                threads.shutdown(wait=False, cancel_futures=True)
        faults = [fault for each in done if (fault := each.exception()) is not None]
        for fault in sorted(faults, key=lambda fault: isinstance(fault, _Stopped)):
            raise fault

    def _send_part(self, file: LocalFile, links: Links, number: int) -> None:
        refusals = 0
        for attempt in self.patience.attempts():
            with attempt:
                link = links.of(number)
                refused = self._put(file, links.stretch(number), link)
                if refused is not None:
                    refusals += 1
                    links.drop(number)
                    file.expect_unchanged()
                    if refusals >= _REFUSALS:
                        raise TransferFailed(f"The store refuses part {number} ({refused}).", Ending.REFUSED)
                    raise Interrupted(f"The store refuses part {number} ({refused})")
        links.done(number)

    def _put(self, file: LocalFile, stretch: tuple[int, int], link: Link) -> str | None:
        """Send one part once; returns why it was refused, None where it is there (also from an earlier time, 412)."""
        sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal sent
            for piece in file.pieces(*stretch):
                if self._stop.is_set():
                    raise _Stopped
                self.pace.take(len(piece))
                yield piece
                sent += len(piece)
                self.showing.advance(len(piece))

        arrived = False
        try:
            with passing(_STORE):
                answer = self.http.put(link.url, content=pieces(), headers=dict(link.headers))
            expect_lasting(answer, _STORE)
            arrived = answer.is_success or answer.status_code == httpx.codes.PRECONDITION_FAILED
            return None if arrived else f"HTTP {answer.status_code}"
        finally:
            if not arrived:
                self.showing.advance(-sent)
