"""Medians from counts by value: exact, as PostgreSQL's percentile_cont would have them. Pure."""

from collections.abc import Mapping


class Histogram:
    """How often each number occurred."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts = dict(sorted((counts or {}).items()))
        self.total = sum(self.counts.values())
        self.sum = sum(value * count for value, count in self.counts.items())

    @property
    def mean(self) -> float | None:
        """Return the average, or None over nothing."""
        return self.sum / self.total if self.total else None

    def percentile(self, share: float) -> float | None:
        """Return the value below which this share lies, interpolated, or None over nothing."""
        if not self.total:
            return None
        place = share * (self.total - 1)
        below = int(place)
        low, high = self._at(below), self._at(min(below + 1, self.total - 1))
        return low + (high - low) * (place - below)

    def _at(self, place: int) -> int:
        """Return the value at a place, from 0, in ascending order."""
        for value, count in self.counts.items():
            if place < count:
                return value
            place -= count
        raise IndexError(place)

    def ages(self, today: int) -> "Histogram":
        """Return the days from each day of the calendar to today."""
        return Histogram({today - day: count for day, count in self.counts.items()})
