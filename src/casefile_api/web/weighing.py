"""What a request counts for in the rate of who sends it: one, and more by the size of its body.

A body that is announced is counted before any of it is read, one that comes in pieces of no announced length as it
comes; so a client over its rate is refused before its body costs anything.
"""

from dataclasses import dataclass

from fastapi import Request

from casefile_api.web.limits import RateLimits


@dataclass(slots=True)
class Weighing:
    """One request on its way in: whose rate it is taken from, and for how much of it that was done."""

    limits: RateLimits
    who: str
    taken: int = 0

    async def count(self, body_bytes: int) -> dict[str, str]:
        """Take what the request counts for with so much of a body, less what was taken; return the headers that tell.

        Raises TooManyRequests where the rate gives no more.
        """
        further = self.limits.policy.weight(body_bytes) - self.taken
        if further < 1:
            return {}
        told = await self.limits.take(self.who, further)
        self.taken += further
        return told


def announced_bytes(request: Request) -> int:
    """Return how large a body the request's head announces; none, or pieces of no announced length: 0."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdigit() else 0
