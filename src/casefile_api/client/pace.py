"""No faster than told: what several threads send together keeps within so many bytes a second."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pace:
    """Takes turns on one line; without a limit it costs nothing."""

    bytes_per_second: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, size: int) -> None:
        """Wait until a piece of this size may go."""
        if self.bytes_per_second is None:
            return
        with self._lock:
            now = self.clock()
            mine = max(self._free_at, now)
            self._free_at = mine + size / self.bytes_per_second
        if mine > now:
            self.sleep(mine - now)
