"""When a failed webhook is tried again, and when we stop trying. Data first; pure.

A delivery is retried over at least 75 hours, each wait lengthened by a random share so that retries do not arrive in
step. An endpoint that fails again and again is asked one thing at a time, at growing intervals, until it answers; after
five days of nothing but failures it is disabled. All times are working time.
"""

from datetime import datetime, timedelta

RETRY_WAITS: tuple[timedelta, ...] = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait after the first, second … failed attempt; together a little over 75 hours."""

RETRIED_FOR = timedelta(hours=75)
"""No delivery is given up before it was tried for this long, however often it was tried."""

JITTER_SHARE = 0.2
"""A wait is lengthened by up to this share of itself; never shortened, so the total stays above the promise."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""A receiver's Retry-After is honoured up to this."""

FAILING_AFTER = 3
"""So many failures in a row, of whatever deliveries, and the endpoint counts as failing."""

PROBE_WAITS: tuple[timedelta, ...] = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
)
"""How long a failing endpoint is left alone between two single attempts; the last one repeats."""

DISABLED_AFTER = timedelta(days=5)
"""Nothing but failures for this long disables the endpoint."""

ORDER_KEPT_FOR = 3
"""A delivery that failed so often no longer holds back later events of its case."""


def next_wait(attempts: int, tried_for: timedelta, jitter: float, retry_after: timedelta | None) -> timedelta | None:
    """How long to wait after the `attempts`-th failure, or None when the delivery is given up.

    `jitter` is a random number from 0 to 1; `retry_after` is what the receiver asked for.
    """
    if attempts > len(RETRY_WAITS) and tried_for >= RETRIED_FOR:
        return None
    wait = RETRY_WAITS[min(attempts, len(RETRY_WAITS)) - 1]
    wait += wait * (JITTER_SHARE * jitter)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return wait


def next_probe_wait(failures_in_a_row: int) -> timedelta | None:
    """How long a failing endpoint is left alone, or None while it does not count as failing."""
    if failures_in_a_row < FAILING_AFTER:
        return None
    return PROBE_WAITS[min(failures_in_a_row - FAILING_AFTER, len(PROBE_WAITS) - 1)]


def is_dead(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint has brought nothing but failures for so long that it is disabled."""
    return failing_since is not None and now - failing_since >= DISABLED_AFTER
