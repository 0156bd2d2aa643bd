"""What a turn has in hand, in the order in which it may go: a lane for each case file, one thing after the other. Pure.

What is found in the queue is taken up into the lane of its case file; the next of a lane follows when the one before
was taken. Where one fails, what else is in its lane goes back to the queue, which holds it until the failed one has
had its turn; what a look found of that lane before the failure was written comes too early, and is left there too.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from casefile_api.webhooks.queue import Due


@dataclass
class Lanes:
    """The lanes of one turn."""

    in_hand: set[UUID] = field(default_factory=set)
    """Deliveries that were taken out of the queue and of which the outcome is not written yet."""
    under_way: int = 0
    _waiting: dict[UUID, deque[Due]] = field(default_factory=dict)
    """By lane what waits behind the one that goes; a lane is here as long as anything of it waits or is under way."""
    _ready: deque[UUID] = field(default_factory=deque)
    """Lanes of which nothing is under way, in the order of their turns."""
    _broken: set[UUID] = field(default_factory=set)
    _mended: set[UUID] = field(default_factory=set)
    """Broken lanes of which it is written: the next look goes by it."""
    _look_is_void: bool = False

    def look_begins(self) -> None:
        """A look into the queue begins: it sees what is written by now."""
        self._broken -= self._mended
        self._mended.clear()
        self._look_is_void = False

    def take_up(self, found: Iterable[Due]) -> None:
        """Take what a look has found into its lanes, unless all was to be let go since the look began."""
        for due in () if self._look_is_void else found:
            if due.lane in self._broken:
                continue
            self.in_hand.add(due.id)
            if due.lane not in self._waiting:
                self._waiting[due.lane] = deque()
                self._ready.append(due.lane)
            self._waiting[due.lane].append(due)

    @property
    def ready(self) -> bool:
        """Whether anything may go now."""
        return bool(self._ready)

    def go(self) -> Due:
        """The next that goes: lanes take turns."""
        self.under_way += 1
        return self._waiting[self._ready.popleft()].popleft()

    def taken(self, due: Due) -> None:
        """It was taken: the next of its lane may go."""
        self.under_way -= 1
        if self._waiting.get(due.lane):
            self._ready.append(due.lane)
        else:
            self._waiting.pop(due.lane, None)

    def failed(self, due: Due) -> None:
        """It was not taken: what is behind it goes back to the queue."""
        self.under_way -= 1
        self._broken.add(due.lane)
        self.in_hand -= {behind.id for behind in self._waiting.pop(due.lane, ())}

    def failure_written(self, due: Due) -> None:
        """From now on the queue itself holds back what is behind it."""
        self._mended.add(due.lane)

    def written(self, done: Iterable[Due]) -> None:
        """What was written is in nobody's hand any more."""
        self.in_hand -= {due.id for due in done}

    def let_go(self) -> None:
        """Give everything back to the queue that is not under way, and what a look finds that began before."""
        self._look_is_void = True
        for waiting in self._waiting.values():
            self.in_hand -= {due.id for due in waiting}
            waiting.clear()
        for lane in self._ready:
            self._waiting.pop(lane, None)
        self._ready.clear()
