"""Keys that clients publish themselves, at the `jwks_uri` they are registered with (RFC 7517 5, OpenID registration 2).

A client that changes its keys needs nobody's help: it publishes the new one beside the old.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from casefile_api.access.compact import NotCompact, read_compact
from casefile_api.database import Database
from casefile_api.errors import Invalid
from casefile_api.oauth.client_keys import ClientPublicKey, read_public_key
from casefile_api.outward.kept_keys import KeptKeys

MOST_KEYS = 20

_URI = "select jwks_uri from client where client_id = :client_id and revoked_at is null and jwks_uri is not null"


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The keys that one client publishes, as they were fetched last."""

    client_id: str
    keys: tuple[ClientPublicKey, ...]


class KeySets:
    """What this process has fetched of clients' key sets."""

    def __init__(self, fetch: Callable[[str], Awaitable[bytes]], now: Callable[[], float] = time.monotonic) -> None:
        self._kept = KeptKeys(fetch, read_key_set, now)

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
        return await self._kept.keys_at(url, kid)


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
