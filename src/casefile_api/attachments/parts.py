"""How a file is cut into parts for its way to storage. Pure.

One number decides: a file of up to 8 MiB goes in one part; a larger one in parts of 8 MiB, or of as many whole MiB as
keep it within the 10,000 parts that S3 allows. So a bad line never has to repeat more than it must.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024
PART_FLOOR_BYTES = 8 * MIB
PART_LIMIT = 10_000
FILE_LIMIT_BYTES = 5 * 1024**4


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The parts of one file: all of one size but the last."""

    file_size_bytes: int
    part_size_bytes: int
    part_count: int

    @property
    def is_multipart(self) -> bool:
        """Say whether storage has to join the file from several parts."""
        return self.part_count > 1

    def size_of(self, number: int) -> int:
        """Return the size in bytes of a part; numbers count from 1."""
        if number < self.part_count:
            return self.part_size_bytes
        return self.file_size_bytes - self.part_size_bytes * (self.part_count - 1)

    def missing(self, received: Iterable[int]) -> list[int]:
        """Return the numbers of the parts that are not there yet, ascending."""
        return sorted(set(range(1, self.part_count + 1)).difference(received))


def turn_of(file_size_bytes: int) -> int:
    """Return how much of its organisation's turn the verification of a file takes: its MiB, and one for the asking."""
    return 1 + file_size_bytes // MIB


def plan_parts(file_size_bytes: int) -> PartPlan:
    """Choose the parts of a file of this size; an empty file has one empty part."""
    if not 0 <= file_size_bytes <= FILE_LIMIT_BYTES:
        raise ValueError(f"no file has {file_size_bytes} bytes here")
    smallest = -(-file_size_bytes // PART_LIMIT)
    part_size = max(PART_FLOOR_BYTES, -(-smallest // MIB) * MIB)
    return PartPlan(file_size_bytes, part_size, max(1, -(-file_size_bytes // part_size)))
