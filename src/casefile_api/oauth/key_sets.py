"""Keys that clients publish themselves, at the `jwks_uri` they are registered with (RFC 7517 5, OpenID registration 2).

A client that changes its keys needs nobody's help: it publishes the new one beside the old. Each process keeps what it
fetched for five minutes; a `kid` that is not among it is looked for at once, twice a minute at most. Where the client's
server is away, the keys fetched last are taken for another hour.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from casefile_api.access.compact import NotCompact, read_compact
from casefile_api.database import Database
from casefile_api.errors import Invalid
from casefile_api.oauth.client_keys import ClientPublicKey, read_public_key
from casefile_api.outward.fetching import NotFetched

log = structlog.get_logger()

FRESH_SECONDS = 300.0
AGAIN_SECONDS = 30.0
LONGEST_SECONDS = 3600.0
MOST_KEYS = 20

_URI = "select jwks_uri from client where client_id = :client_id and revoked_at is null and jwks_uri is not null"


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The keys that one client publishes, as they were fetched last."""

    client_id: str
    keys: tuple[ClientPublicKey, ...]


@dataclass(slots=True)
class _Kept:
    lock: asyncio.Lock
    keys: tuple[ClientPublicKey, ...] = ()
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")


class KeySets:
    """What this process has fetched of clients' key sets."""

    def __init__(self, fetch: Callable[[str], Awaitable[bytes]], now: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._now = now
        self._kept: dict[str, _Kept] = {}

    async def keys_for(self, database: Database, form: Mapping[str, str]) -> PublishedKeys | None:
        """Return the published keys of the client that an assertion claims to be of; nothing is believed yet."""
        try:
            assertion = read_compact(form.get("client_assertion", ""))
        except NotCompact:
            return None
        client_id, kid = assertion.text("iss"), assertion.header.get("kid")
        if client_id is None or "\x00" in client_id:
            return None
        rows = await database.rows(_URI, {"client_id": client_id})
        if not rows:
            return None
        return PublishedKeys(client_id, await self.keys_at(rows[0].jwks_uri, kid if isinstance(kid, str) else None))

    async def keys_at(self, url: str, kid: str | None) -> tuple[ClientPublicKey, ...]:
        """Return the keys published at a URL, fetched again where they are old or lack the one that is asked for."""
        kept = self._kept.setdefault(url, _Kept(asyncio.Lock()))
        async with kept.lock:
            age = self._now() - kept.fetched_at
            wanted = age > FRESH_SECONDS or (kid is not None and all(key.kid != kid for key in kept.keys))
            if wanted and self._now() - kept.tried_at > AGAIN_SECONDS:
                await self._fetch_into(kept, url)
            if self._now() - kept.fetched_at > LONGEST_SECONDS:
                kept.keys = ()
            return kept.keys

    async def _fetch_into(self, kept: _Kept, url: str) -> None:
        kept.tried_at = self._now()
        try:
            kept.keys = read_key_set(await self._fetch(url))
        except (NotFetched, Invalid) as fault:
            why = str(fault) if isinstance(fault, NotFetched) else "not_a_key_set"
            log.warning("client_keys_not_fetched", fault=why)
        else:
            kept.fetched_at = kept.tried_at


def read_key_set(raw: bytes) -> tuple[ClientPublicKey, ...]:
    """Read a JWK set; keys of kinds that are not taken, or for another use, are passed over (RFC 7517 5).

    Raises Invalid where it is none, or holds a private key.
    """
    try:
        members = json.loads(raw)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Invalid("The document is not a JWK set.") from None
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise Invalid(f"The document is not a JWK set of at most {MOST_KEYS} keys.")
    if any(isinstance(member, dict) and "d" in member for member in members):
        raise Invalid("The JWK set holds a private key. Publish the public halves alone, and make new keys.")
    keys = []
    for member in members:
        try:
            keys.append(read_public_key(json.dumps(member).encode()))
        except Invalid:
            continue
    return tuple(keys)
