"""How much one client may ask of one process: a token bucket each, told in RateLimit headers."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from casefile_api.errors import TooManyRequests

_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class RateLimits:
    """Rates per client."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> dict[str, str]:
        """Take one request from the client's bucket; return the headers that tell what is left.

        Raises TooManyRequests with `Retry-After` where nothing is left.
        """
        now = time.monotonic()
        bucket = self._buckets.setdefault(client, _Bucket(float(self._burst), now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.left = min(float(self._burst), bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        window = max(1, round(self._burst / self._rate))
        policy = {"RateLimit-Policy": f'"client";q={self._burst};w={window}'}
        if bucket.left < 1:
            wait = max(1, round((1 - bucket.left) / self._rate))
            refusal = TooManyRequests("This client is over its rate.")
            refusal.headers = {**policy, "RateLimit": f'"client";r=0;t={wait}', "Retry-After": str(wait)}
            raise refusal
        bucket.left -= 1
        return {**policy, "RateLimit": f'"client";r={int(bucket.left)};t={window}'}
