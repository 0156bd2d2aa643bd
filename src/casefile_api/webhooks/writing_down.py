"""Writing down what was taken, many at a time: one statement and one commit for all that came in a moment."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg

from casefile_api.webhooks.listening import Pool
from casefile_api.webhooks.outcomes import Sent, keep_successes

GATHER_SECONDS = 0.02
"""How long what was taken waits for company. A worker killed meanwhile sends it once more."""
LAST_WORD_SECONDS = 1.0
"""How long a turn that is broken off may take for what it still has to write."""


class WritingDown:
    """The pen of one turn."""

    def __init__(self, pool: Pool, written: Callable[[Sequence[Sent]], None]) -> None:
        self._pool = pool
        self._written = written
        self._taken: list[Sent] = []
        self._something = asyncio.Event()

    def write(self, sent: Sent) -> None:
        """Have a delivery that was taken written down soon."""
        self._taken.append(sent)
        self._something.set()

    async def run(self) -> None:
        """Write until cancelled; a database that does not answer ends the turn, and what was not written goes again."""
        try:
            while True:
                await self._something.wait()
                await asyncio.sleep(GATHER_SECONDS)
                await self._write()
        except asyncio.CancelledError:
            with suppress(psycopg.Error, TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self._write()
            raise

    async def _write(self) -> None:
        self._something.clear()
        taken, self._taken = self._taken, []
        if taken:
            async with self._pool.connection() as connection:
                await keep_successes(connection, taken)
            self._written(taken)
