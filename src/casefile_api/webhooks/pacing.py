"""How fast one receiver is told: never more at a time or in a second than it can bear. Pure; time is given.

Who was away is not flooded with what waited: the first after an outage goes alone, and the pace grows as long as all is
taken. A failure on the way slows it down again.
"""

from dataclasses import dataclass

GENTLE_PER_SECOND = 10.0
"""The pace at which a receiver that was away is told first."""

QUICKER_BY = 0.5
"""What each delivery taken adds to a gentle pace: it doubles about every second and a half."""

GENTLE_UNTIL = 500.0
"""From here on a receiver has shown that it bears what comes; only its own limit holds."""

WIDER_BY = 0.25
"""What each delivery taken adds to how many go at a time."""

CATCHING_UP = 0.05
"""So many seconds behind its pace a turn makes up for: a timer that is a little late does not slow it down."""


@dataclass(slots=True)
class Pace:
    """The pace of one receiver: how many at a time, how many a second, and when the next may go."""

    most_at_once: int
    most_per_second: float | None = None
    at_once: float = 0.0
    gentle: float | None = None
    """While it grows: so many a second."""
    next_at: float = 0.0

    def __post_init__(self) -> None:
        self.at_once = self.at_once or float(self.most_at_once)

    def limit(self, most_at_once: int, most_per_second: float | None) -> None:
        """Take over the limits that the receiver's owner has set by now."""
        if most_at_once != self.most_at_once and self.gentle is None:
            self.at_once = float(most_at_once)
        self.most_at_once, self.most_per_second = most_at_once, most_per_second
        self.at_once = min(self.at_once, float(most_at_once))

    def begin_gently(self) -> None:
        """Begin as with somebody who was away: one at a time, and slowly."""
        self.at_once, self.gentle = 1.0, GENTLE_PER_SECOND

    def taken(self) -> None:
        """One was taken: a little more may go."""
        self.at_once = min(float(self.most_at_once), self.at_once + WIDER_BY)
        if self.gentle is not None:
            quicker = self.gentle + QUICKER_BY
            self.gentle = quicker if quicker < GENTLE_UNTIL else None

    def failed(self) -> None:
        """One was not taken: half as many at a time, and where the pace still grows, half as fast."""
        self.at_once = max(1.0, self.at_once / 2)
        if self.gentle is not None:
            self.gentle = max(GENTLE_PER_SECOND, self.gentle / 2)

    def free(self, under_way: int) -> bool:
        """Whether another may be under way beside so many."""
        return under_way < int(self.at_once)

    def wait(self, now: float) -> float:
        """How many seconds the next must still wait for its time."""
        return max(0.0, self.next_at - now)

    def go(self, now: float) -> None:
        """One goes now: the next follows at the pace that holds."""
        paces = [pace for pace in (self.gentle, self.most_per_second) if pace is not None]
        self.next_at = max(self.next_at, now - CATCHING_UP) + 1 / min(paces) if paces else now
