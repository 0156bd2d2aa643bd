"""Sets of leaves, written the way people write them (`0-5,7`) and the way PostgreSQL does (`{[0,6),[7,8)}`). Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_STORED = re.compile(r"\[(\d+),(\d+)\)")


@dataclass(frozen=True, slots=True)
class LeafRanges:
    """Leaves as ranges: ascending, apart from each other, each from a first to a last leaf."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, leaves: Iterable[int]) -> "LeafRanges":
        """The ranges that hold these leaves and no other."""
        ranges: list[tuple[int, int]] = []
        for leaf in sorted(set(leaves)):
            if ranges and ranges[-1][1] == leaf - 1:
                ranges[-1] = (ranges[-1][0], leaf)
            else:
                ranges.append((leaf, leaf))
        return cls(tuple(ranges))

    @classmethod
    def stored(cls, text: str) -> "LeafRanges":
        """The ranges of an `int8multirange`."""
        return cls(tuple((int(low), int(high) - 1) for low, high in _STORED.findall(text)))

    def to_store(self) -> str:
        """The ranges as an `int8multirange`."""
        return "{" + ",".join(f"[{first},{last + 1})" for first, last in self.ranges) + "}"

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in self.ranges)

    def __contains__(self, leaf: int) -> bool:
        low, high = 0, len(self.ranges)
        while low < high:
            middle = (low + high) // 2
            if self.ranges[middle][1] < leaf:
                low = middle + 1
            else:
                high = middle
        return low < len(self.ranges) and self.ranges[low][0] <= leaf

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)
