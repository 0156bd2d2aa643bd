"""Workflows as tables: which step leads from which states to which.

A workflow is a list of transitions. What may follow, the drawing in the documentation and the exhaustive tests all read
the same rows. Pure: no framework, database or network.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum, covariant=True)
Row = TypeVar("Row", bound="Transition[StrEnum]")


@dataclass(frozen=True)
class Transition(Generic[State]):
    """One row: the step, the states it may be taken from, the states it may lead to, and the event that tells of it.

    No target means that the state stays as it is; more than one, that what is sent with the step decides.
    """

    step: str
    operation: str
    sources: tuple[State, ...]
    targets: tuple[State, ...]
    event: str

    def may_follow(self, state: StrEnum) -> bool:
        """Say whether the step may be taken from this state."""
        return state in self.sources


class Workflow(Generic[Row]):
    """All the rows of one workflow, by step."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {row.step: row for row in rows}

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __getitem__(self, step: str) -> Row:
        return self._rows[step]

    def following(self, state: StrEnum) -> tuple[Row, ...]:
        """Return the rows whose step may be taken from this state, in the table's order."""
        return tuple(row for row in self if row.may_follow(state))


def mermaid(workflow: Iterable[Transition[StrEnum]], first: StrEnum, ends: Iterable[StrEnum]) -> str:
    """Draw a workflow as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {first.value}"]
    for row in workflow:
        for source in row.sources:
            lines += [f"    {source.value} --> {target.value}: {row.step}" for target in row.targets or (source,)]
    return "\n".join(lines + [f"    {end.value} --> [*]" for end in ends])
