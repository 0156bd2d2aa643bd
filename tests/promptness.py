"""Promises about time, kept on a machine that does other things too.

What takes a second by its design, by a pause or a poll that is too long, takes it each time. What is late because
others had the processor is not late five times in a row.
"""

from collections.abc import Callable


def quickest(attempt: Callable[[], float], *, within: float, times: int = 5) -> float:
    """The shortest of so many durations; no more are taken once one is short enough."""
    taken: list[float] = []
    while len(taken) < times and not (taken and min(taken) < within):
        taken.append(attempt())
    return min(taken)
