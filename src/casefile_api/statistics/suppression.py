"""Small numbers are left out for oversight, so that they cannot be worked out from what is left either. Pure.

Counts from 1 to 4 go; of parts whose sum is told, the next smallest goes with a single one that went, and with several
that are few together, within a group and across groups (the sum over groups is the answer without groups). A group of
few requests goes as a whole. One unit's figures are those that it has among all units: what is told of another unit, or
of all together, is told too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

SMALL = 5
Cell: TypeAlias = tuple[str, str, str]
"""A group, a measure and a key."""
Sum: TypeAlias = tuple[str, str, str]
"""A larger group that groups are parts of, a measure and a key."""
_APART = "\x1f"

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


def hidden_cells(
    counts: Mapping[Cell, int],
    parts_of: Callable[[str], tuple[str, ...]] = lambda _: ("all",),
    untold: frozenset[Sum] = frozenset(),
) -> frozenset[Cell]:
    """Return the cells that are left out; groups are parts of larger ones, some of whose sums are not told either."""
    families, groups = _families(counts, parts_of), _groups(counts)
    sums: dict[Cell, list[Sum]] = {}
    for name, cells in families.items():
        for cell in cells:
            sums.setdefault(cell, []).append(name)
    hidden: set[Cell] = set()
    more, touched = _small(counts), untold & families.keys()
    while more or touched:
        hidden |= more
        touched |= {name for cell in more for name in sums.get(cell, ())}
        found = _whole_groups(groups, more) | _parts(groups, more)
        found |= {cell for name in touched for cell in _beside(counts, families[name], hidden, name in untold)}
        more, touched = found - hidden, frozenset()
    return frozenset(hidden)


def within(unit: str, group: str) -> str:
    """Return the name of a group within a unit."""
    return f"{unit}{_APART}{group}"


def hidden_within_units(counts: Mapping[Cell, int]) -> frozenset[Cell]:
    """Return what is left out of the figures of each unit by a second grouping, whose sums over either are told.

    What is left out of the sums over either stays out: no row and no column tells it.
    """
    sums: dict[Cell, int] = {}
    for (group, measure, key), count in counts.items():
        for larger in _unit_and_other(group):
            sums[larger, measure, key] = sums.get((larger, measure, key), 0) + count
    rows = {cell: count for cell, count in sums.items() if cell[0].startswith(_UNIT)}
    columns = {cell: count for cell, count in sums.items() if not cell[0].startswith(_UNIT)}
    return hidden_cells(counts, _unit_and_other, hidden_cells(rows) | hidden_cells(columns))


_UNIT, _OTHER = "unit ", "other "


def _unit_and_other(group: str) -> tuple[str, str]:
    unit, other = group.split(_APART)
    return _UNIT + unit, _OTHER + other


def _small(counts: Mapping[Cell, int]) -> set[Cell]:
    return {cell for cell, count in counts.items() if 0 < count < SMALL}


def _groups(counts: Mapping[Cell, int]) -> dict[str, list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in counts:
        groups.setdefault(cell[0], []).append(cell)
    return groups


def _whole_groups(groups: Mapping[str, list[Cell]], gone: set[Cell]) -> set[Cell]:
    few = {group for group, measure, _ in gone if measure == "requests"}
    return {cell for group in few for cell in groups[group]}


def _parts(groups: Mapping[str, list[Cell]], gone: set[Cell]) -> set[Cell]:
    """Return the reasons of those case files without a request whose number is left out: they add up to it."""
    of = {group for group, measure, key in gone if (measure, key) == ("case_files", "without")}
    return {cell for group in of for cell in groups[group] if cell[1] == "not_sought"}


def _families(counts: Mapping[Cell, int], parts_of: Callable[[str], tuple[str, ...]]) -> dict[Sum, list[Cell]]:
    """Return the cells that add up to something that is told: across groups, and within each."""
    families: dict[Sum, list[Cell]] = {}
    for cell, count in counts.items():
        if not count:
            continue
        group, measure, key = cell
        for larger in parts_of(group):
            families.setdefault((larger, measure, key), []).append(cell)
        if measure in PARTS_OF_A_SUM:
            families.setdefault((f"within {group}", measure, ""), []).append(cell)
    return families


def _beside(counts: Mapping[Cell, int], cells: Iterable[Cell], hidden: set[Cell], untold: bool) -> list[Cell]:
    """Return what else goes of the parts of a sum, so that the sum does not tell what went; none where it need not."""
    gone = [cell for cell in cells if cell in hidden]
    left = [cell for cell in cells if cell not in hidden]
    safe = bool(gone) if untold else not gone or (len(gone) > 1 and sum(counts[cell] for cell in gone) >= SMALL)
    return [] if safe or not left else [min(left, key=lambda cell: (counts[cell], cell))]
