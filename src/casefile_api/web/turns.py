"""Turns: while several clients ask, each has so many requests under way in a process, and its others wait in line.

A rate says how much a client may ask for; it does not say that it may ask for all of it in the same moment. Without
turns a burst of one would stand before the next request of every other, and hold every connection to the database. A
client that is alone is not limited. Who waits costs nothing but its connection, and is served in the order it came.

Who comes with a token that was not seen before takes a turn of their address before it is verified: verifying is work
of the processor, and a burst of forgeries would stand before everybody whose token is known.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from casefile_api.errors import TooManyRequests

ABOUT_SECONDS = 5.0
MOST_WAITING = 200


@dataclass(slots=True)
class _Line:
    """What a client has under way, and who waits for their turn."""

    under_way: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """The turns of one process: of clients, or (`always`, also where there is only one) of addresses."""

    def __init__(
        self,
        together: int,
        now: Callable[[], float] = time.monotonic,
        *,
        most_waiting: int = MOST_WAITING,
        always: bool = False,
    ) -> None:
        self._together = together
        self._now = now
        self._most_waiting = most_waiting
        self._always = always
        self._lines: dict[str, _Line] = {}
        self._last = ""
        self._alone_from = 0.0

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn of this client, and give it back.

        Raises TooManyRequests where too many wait already.
        """
        self._notice(who)
        line = self._lines.setdefault(who, _Line())
        if line.waiting or not self._free(line):
            await self._wait(line)
        else:
            line.under_way += 1
        try:
            yield
        finally:
            line.under_way -= 1
            self._call(line)
            if line.under_way == 0 and not line.waiting:
                self._lines.pop(who, None)

    def _notice(self, who: str) -> None:
        if who != self._last:
            self._last, self._alone_from = who, self._now() + ABOUT_SECONDS

    def _free(self, line: _Line) -> bool:
        alone = not self._always and self._now() >= self._alone_from
        return line.under_way < self._together or alone

    async def _wait(self, line: _Line) -> None:
        if len(line.waiting) >= self._most_waiting:
            raise TooManyRequests("Too many requests of the same caller wait already.", headers={"Retry-After": "1"})
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                line.under_way -= 1  # it was called in the moment in which it left
                self._call(line)
            else:
                line.waiting.remove(called)
            raise

    def _call(self, line: _Line) -> None:
        """Call who may go now; a turn is theirs from here on."""
        while line.waiting and self._free(line):
            called = line.waiting.popleft()
            if not called.done():
                line.under_way += 1
                called.set_result(None)
