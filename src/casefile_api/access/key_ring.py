"""The token keys of a running process: read again when their files change, without a restart.

`casefile-api keys rotate` writes a file; every process that reads the same file takes the keys up within five seconds.
A file that cannot be read is said in the log, and the keys known before stay.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from casefile_api.access.signing_keys import SigningKeys
from casefile_api.errors import Misconfigured

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0

Stamps = tuple[tuple[int, int, int] | None, ...]


class KeyRing:
    """The keys in some files, as they were last read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._stamps = self._look()
        self._keys = SigningKeys.from_files(self._paths)

    def newest(self) -> SigningKeys:
        """Return the keys; the same object until they change."""
        return self._keys

    def reread(self) -> None:
        """Read the files again where one is not what it was."""
        stamps = self._look()
        if stamps == self._stamps:
            return
        try:
            keys = SigningKeys.from_files(self._paths)
        except Misconfigured as fault:
            log.error("token_keys_not_read", fault=str(fault))
            return
        self._stamps = stamps
        if keys != self._keys:
            self._keys = keys
            log.info("token_keys_changed", keys=[key.kid for key in keys.keys])

    async def keep_fresh(self) -> None:
        """Look at the files every two seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                self.reread()
            except Exception as fault:  # whatever it is: a task that ended would miss every later key
                log.error("token_keys_not_read", fault=type(fault).__name__)

    def _look(self) -> Stamps:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
