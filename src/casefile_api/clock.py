"""Time: the working time of cases and the real time of tokens and proofs.

In production the two are one. In a sandbox an operator may move working time forward, so that an integrator can see a
deadline pass; tokens, presigned URLs, webhook timestamps, audit entries and checkpoints stay on real time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def real_now() -> datetime:
    """Return the real time, in UTC."""
    return datetime.now(UTC)


class Clock:
    """Working time: real time plus the offset that the sandbox keeps."""

    def __init__(self, read_real: Callable[[], datetime] = real_now) -> None:
        self._read_real = read_real
        self.offset = timedelta()
        self.offset_read_at = 0.0

    def now(self) -> datetime:
        """Return the working time, in UTC."""
        return self._read_real() + self.offset

    def real_now(self) -> datetime:
        """Return the real time, in UTC."""
        return self._read_real()

    def moved_to(self, offset: timedelta) -> None:
        """Take over the offset that the database holds."""
        self.offset = offset
        self.offset_read_at = time.monotonic()


def utc_text(moment: datetime) -> str:
    """Return RFC 3339 in UTC with `Z`, to the microsecond where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def utc_micros(moment: datetime) -> str:
    """Return RFC 3339 in UTC with six decimals and `Z`, as audit entries have it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
