"""How long something is tried again: with growing pauses, or after the pause that was asked for."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import stamina

from casefile_api.client.endings import Ending, Interrupted, TransferFailed

LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long nothing may get further before the transfer is given up."""

    seconds: float

    def attempts(self) -> Iterator[AbstractContextManager[object]]:
        """Attempts, each to be entered with `with`; Interrupted leads to the next, until the time is over.

        Raises TransferFailed then. The pauses have chance in them, so that many clients do not come back at once.
        """
        try:
            yield from stamina.retry_context(
                on=_pause,
                attempts=None,
                timeout=max(self.seconds, 0.001),
                wait_initial=0.1,
                wait_max=LONGEST_PAUSE_SECONDS,
                wait_jitter=0.4,
            )
        except Interrupted as last:
            raise given_up(last) from last


def given_up(last: Interrupted) -> TransferFailed:
    """What is said when the time is over."""
    return TransferFailed(f"{last}. Nothing is lost: the same command goes on from here.", Ending.UNREACHABLE)


def _pause(fault: Exception) -> bool | float:
    """Whether it may pass by itself; the pause in seconds where the other end named one (Retry-After)."""
    if not isinstance(fault, Interrupted):
        return False
    asked = fault.again_in_seconds
    return True if asked is None else min(asked, LONGEST_PAUSE_SECONDS)
