"""Keys that others publish, kept for a while and fetched again when they are old or lack the one that is asked for.

A publisher that changes its keys needs nobody's help: it publishes the new one beside the old. What was fetched is kept
for five minutes; a `kid` that is not among it is looked for at once, twice a minute at most, so that inventions fetch
nothing. Where the publisher is away, the keys fetched last are taken for another hour.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from casefile_api.errors import Invalid
from casefile_api.outward.fetching import NotFetched

log = structlog.get_logger()

FRESH_SECONDS = 300.0
AGAIN_SECONDS = 30.0
LONGEST_SECONDS = 3600.0


class Named(Protocol):
    """A key with the name that its publisher gave it."""

    @property
    def kid(self) -> str:
        """Return the name."""


Key = TypeVar("Key", bound=Named)


@dataclass(slots=True)
class _Kept(Generic[Key]):
    lock: asyncio.Lock
    keys: tuple[Key, ...] = ()
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")


class KeptKeys(Generic[Key]):
    """What this process has fetched of others' key sets; `fetch` raises NotFetched or Invalid where there is none."""

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[bytes]],
        read: Callable[[bytes], tuple[Key, ...]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._read = read
        self._now = now
        self._kept: dict[str, _Kept[Key]] = {}

    async def keys_at(self, place: str, kid: str | None) -> tuple[Key, ...]:
        """Return the keys published at a place."""
        kept = self._kept.setdefault(place, _Kept(asyncio.Lock()))
        async with kept.lock:
            age = self._now() - kept.fetched_at
            wanted = age > FRESH_SECONDS or (kid is not None and all(key.kid != kid for key in kept.keys))
            if wanted and self._now() - kept.tried_at > AGAIN_SECONDS:
                await self._fetch_into(kept, place)
            if self._now() - kept.fetched_at > LONGEST_SECONDS:
                kept.keys = ()
            return kept.keys

    async def _fetch_into(self, kept: _Kept[Key], place: str) -> None:
        kept.tried_at = self._now()
        try:
            kept.keys = self._read(await self._fetch(place))
        except (NotFetched, Invalid) as fault:
            why = str(fault) if isinstance(fault, NotFetched) else "not_a_key_set"
            log.warning("published_keys_not_fetched", fault=why)
        else:
            kept.fetched_at = kept.tried_at
