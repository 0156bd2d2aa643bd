"""Nonces that proofs must carry, kept by nobody (RFC 9449 8 and 9): each is the HMAC of a minute under a shared key.

All processes derive the key from the master key, so each knows the others' nonces, after a restart too. A nonce is good
in its own minute and the next; the coming one counts as well, since another machine's clock may be ahead.
"""

import hmac
import time
from collections.abc import Callable

from casefile_api.access.compact import base64url

WINDOW_SECONDS = 60
PURPOSE = b"nonces of key proofs"
_NONCE_BYTES = 18


class Nonces:
    """The nonces of this minute and its neighbours."""

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._now = now
        self._made: tuple[int, tuple[str, ...]] = (-1, ())

    def newest(self) -> str:
        """Return the nonce of this minute: what a caller should use next."""
        return self._around_now()[1]

    def is_good(self, nonce: str) -> bool:
        """Say whether a nonce is of this minute, the one before, or one just beginning elsewhere."""
        given = nonce.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(given, good.encode()) for good in self._around_now())

    def _around_now(self) -> tuple[str, ...]:
        window = int(self._now() // WINDOW_SECONDS)
        if self._made[0] != window:
            self._made = window, tuple(self._of(window + step) for step in (-1, 0, 1))
        return self._made[1]

    def _of(self, window: int) -> str:
        return base64url(hmac.new(self._key, window.to_bytes(8), "sha256").digest()[:_NONCE_BYTES])
