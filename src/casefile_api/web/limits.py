"""How much one client, or one address that nobody knows yet, may ask for: a token bucket each, over all processes.

The bucket is a row in an unlogged table. A process takes a small lease of it at a time and spends it in memory, so that
a busy client costs a statement for every so many requests, and one that is over its rate costs none until its next
token is due. What is left of a lease when it ends goes back with the next one.
"""

import asyncio
import math
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from casefile_api.errors import TooManyRequests

LEASES_IN_A_BURST = 20
HELD_BACK_SECONDS, HELD_BACK_AT_MOST_SECONDS = 0.25, 10.0
TOLD_A_SECOND = 50
MOST_HELD_BACK = 2000
LEASE_SECONDS = 10.0
_REMEMBERED = 10_000
_SITE_BITS = 64

# One statement, in which processes wait for each other's row: what has come in since, less what is granted now.
_LEASE = """
    insert into rate_bucket as held (name, level, granted, refilled_at)
    values (:name, :burst - cast(:wanted as int), :wanted, statement_timestamp())
    on conflict (name) do update set
        granted = {granted},
        level = {full} - {granted},
        refilled_at = greatest(held.refilled_at, statement_timestamp())
    returning granted, level
    """.replace("{granted}", "greatest(0, least(cast(:wanted as int), floor({full})))").replace(
    "{full}",
    "least(cast(:burst as double precision), held.level + cast(:returned as int) + cast(:rate as double precision)"
    " * extract(epoch from greatest(statement_timestamp() - held.refilled_at, interval '0')))",
)

Rows = Callable[[str, Mapping[str, Any]], Awaitable[list[Any]]]


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests a second on average, and so many at once; `name` is what the headers call it.

    A request counts as one, and as one more for every `body_bytes` of its body.
    """

    name: str
    per_second: float
    burst: int
    body_bytes: int = 16_384

    @property
    def lease(self) -> int:
        """Return how many requests a process is lent at a time."""
        return max(1, self.burst // LEASES_IN_A_BURST)

    @property
    def window_seconds(self) -> int:
        """Return the time in which an empty bucket is full again."""
        return max(1, round(self.burst / self.per_second))

    def weight(self, body_bytes: int) -> int:
        """Return how many requests one with such a body counts as."""
        return 1 + body_bytes // self.body_bytes


@dataclass(slots=True)
class _Lease:
    """What this process may spend, what the bucket held beside, and from when on it is worth asking again."""

    left: int = 0
    beside: int = 0
    until: float = 0.0
    empty_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RateLimits:
    """The rates of one kind of asker."""

    def __init__(self, rows: Rows, policy: Policy, now: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self.policy = policy
        self._now = now
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._held_back: Counter[str] = Counter()

    async def take(self, who: str, requests: int = 1) -> dict[str, str]:
        """Take one request from the bucket, and what it counts for beyond; return the headers that tell what is left.

        Raises TooManyRequests with `Retry-After` where nothing is left.
        """
        lease = self._leases.setdefault(who, _Lease())
        self._leases.move_to_end(who)
        if len(self._leases) > _REMEMBERED:
            self._leases.popitem(last=False)
        if not self._spend(lease):
            async with lease.lock:
                if not self._spend(lease):
                    await self._renew(lease, who)
                    if not self._spend(lease):
                        raise self._refusal(lease)
        if requests > 1:
            await self._owe(lease, who, requests - 1)
        policy = self.policy
        told = f'"{policy.name}";r={max(0, lease.left + lease.beside)};t={policy.window_seconds}'
        return {**self._told_policy(), "RateLimit": told}

    async def hold_back(self, refusal: TooManyRequests, who: str) -> None:
        """Wait a little before telling an asker that it is over its rate.

        One that goes on without heeding the answer gets so many answers a second and no more, on however many
        connections, each at another moment, and the others are not slowed by it. So many wait at a time; further ones
        are told at once, and have to connect anew.
        """
        if self._held_back.total() >= MOST_HELD_BACK:
            refusal.headers["Connection"] = "close"
            return
        self._held_back[who] += 1
        try:
            least = min(max(HELD_BACK_SECONDS, self._held_back[who] / TOLD_A_SECOND), HELD_BACK_AT_MOST_SECONDS)
            apart = random.random()  # noqa: S311 - they come back one by one; nothing secret hangs on it
            await asyncio.sleep(least * (1 + apart))
        finally:
            self._held_back[who] -= 1
            if not self._held_back[who]:
                del self._held_back[who]

    def _spend(self, lease: _Lease) -> bool:
        now = self._now()
        if lease.empty_until > now:
            raise self._refusal(lease)
        if lease.left < 1 or lease.until <= now:
            return False
        lease.left -= 1
        return True

    async def _owe(self, lease: _Lease, who: str, requests: int) -> None:
        """Take what a request counts for beyond one; what is owed is told the other processes at once."""
        lease.left -= requests
        if lease.left < 0:
            async with lease.lock:
                if lease.left < 0:
                    await self._renew(lease, who)

    async def _renew(self, lease: _Lease, who: str) -> None:
        policy, returned = self.policy, lease.left
        lease.left = 0
        values = {
            "name": f"{policy.name}:{who}",
            "burst": float(policy.burst),
            "rate": policy.per_second,
            "wanted": policy.lease,
            "returned": returned,
        }
        try:
            (row,) = await self._rows(_LEASE, values)
        except BaseException:
            lease.left += returned
            raise
        now = self._now()
        lease.left += row.granted
        lease.beside, lease.until = max(0, int(row.level)), now + LEASE_SECONDS
        if row.granted < 1:
            lease.empty_until = now + (1 - row.level) / policy.per_second

    def _refusal(self, lease: _Lease) -> TooManyRequests:
        wait = max(1, math.ceil(lease.empty_until - self._now()))
        told = {"RateLimit": f'"{self.policy.name}";r=0;t={wait}', "Retry-After": str(wait)}
        return TooManyRequests(f"This {self.policy.name} is over its rate.", headers={**self._told_policy(), **told})

    def _told_policy(self) -> dict[str, str]:
        policy = self.policy
        return {"RateLimit-Policy": f'"{policy.name}";q={policy.burst};w={policy.window_seconds}'}


def site_of(address: str) -> str:
    """Return what shares a rate: an IPv4 address, or the 64-bit network of an IPv6 one, which is one subscriber."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, _SITE_BITS), strict=False)) if found.version == 6 else str(found)
