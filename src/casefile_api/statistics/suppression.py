"""Small numbers are left out for oversight, so that they cannot be worked out from what is left either. Pure.

Counts from 1 to 4 go; of parts whose sum is told, the next smallest goes with a single one that went, within a group
and across groups (the sum over groups is the answer without groups). A group of few requests goes as a whole.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

SMALL = 5
Cell: TypeAlias = tuple[str, str, str]
"""A group, a measure and a key."""

PARTS_OF_A_SUM = frozenset(
    {"state", "first_decision", "submissions", "holding", "late", "case_files", "not_sought", "charge", "charge_told"}
)
"""Measures whose keys add up to a figure that is told as well."""

TOLD_AS_A_SUM = frozenset({"first_decision", "late", "received", "returned", "answered"})
"""Measures of which the sum over their keys is told."""


def whole(measure: str) -> str:
    """Return the name of the cell that holds the sum over the keys of a measure."""
    return f"whole {measure}"


def with_sums(counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """Return the counts together with the sums that are told."""
    sums: dict[Cell, int] = {}
    for (group, measure, _), count in counts.items():
        if measure in TOLD_AS_A_SUM:
            cell = (group, whole(measure), "")
            sums[cell] = sums.get(cell, 0) + count
    return {**counts, **sums}


def hidden_cells(counts: Mapping[Cell, int]) -> frozenset[Cell]:
    """Return the cells that are left out."""
    hidden: set[Cell] = set()
    while True:
        more = _small(counts) | _whole_groups(counts, hidden) | _beside(counts, hidden) | _parts(counts, hidden)
        if more <= hidden:
            return frozenset(hidden)
        hidden |= more


def _small(counts: Mapping[Cell, int]) -> set[Cell]:
    return {cell for cell, count in counts.items() if 0 < count < SMALL}


def _whole_groups(counts: Mapping[Cell, int], hidden: set[Cell]) -> set[Cell]:
    groups = {group for group, measure, _ in hidden if measure == "requests"}
    return {cell for cell in counts if cell[0] in groups}


def _parts(counts: Mapping[Cell, int], hidden: set[Cell]) -> set[Cell]:
    """Return the reasons of those case files without a request whose number is left out: they add up to it."""
    groups = {group for group, measure, key in hidden if (measure, key) == ("case_files", "without")}
    return {cell for cell in counts if cell[0] in groups and cell[1] == "not_sought"}


def _beside(counts: Mapping[Cell, int], hidden: set[Cell]) -> set[Cell]:
    """Return what goes with a cell that is the only one missing from a sum."""
    families: dict[tuple[str, ...], list[Cell]] = {}
    for cell in counts:
        group, measure, key = cell
        families.setdefault(("across", measure, key), []).append(cell)
        if measure in PARTS_OF_A_SUM:
            families.setdefault(("within", group, measure), []).append(cell)
    found = (_companion(counts, cells, hidden) for cells in families.values())
    return {cell for cell in found if cell is not None}


def _companion(counts: Mapping[Cell, int], cells: Iterable[Cell], hidden: set[Cell]) -> Cell | None:
    cells = [cell for cell in cells if counts[cell]]
    left = [cell for cell in cells if cell not in hidden]
    if len(cells) - len(left) != 1 or not left:
        return None
    return min(left, key=lambda cell: (counts[cell], cell))
