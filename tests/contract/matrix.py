"""Reads the golden permission matrix: who may call what, in a table a non-engineer can check against the rules.

`yes`: may call it. `no`: refused with 403 whatever they ask for. In the last six columns: how somebody is answered who
holds a role that may, but belongs elsewhere (`404` as if it did not exist; `unlisted`: the list does not show it;
`uncounted`: no figure counts it), whose token lacks the scope (`403`), or who is or is not admitted to a restricted
case file (`yes` as if it were not restricted; `opens`: the emergency that this call is for). `-`: does not apply.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("permission_matrix.csv")


@dataclass(frozen=True)
class Row:
    """One operation."""

    operation: str
    call: str
    scope: str
    cells: dict[tuple[str, str], str]
    another_force: str
    another_area: str
    another_unit: str
    without_scope: str
    admitted: str
    not_admitted: str

    @property
    def open(self) -> bool:
        """Whether it can be called without a token."""
        return self.scope == "open to all"

    def may(self, kind: str) -> list[str]:
        """The roles of a kind of organisation that may."""
        return [role for (of, role), cell in self.cells.items() if of == kind and cell == "yes"]


def read_matrix() -> list[Row]:
    """All rows, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def _row(line: dict[str, str]) -> Row:
    roles = {
        (name.split(" ", 1)[0], name.split(" ", 1)[1]): cell
        for name, cell in line.items()
        if name.split(" ", 1)[0] in ("police", "cps", "oversight", "operator")
    }
    assert set(roles.values()) <= {"yes", "no"}, f"{line['operation']} has a cell that is neither yes nor no"
    return Row(
        line["operation"],
        line["call"],
        line["scope"],
        roles,
        line["another force"],
        line["another Area"],
        line["another unit"],
        line["without the scope"],
        line["restricted, admitted"],
        line["restricted, not admitted"],
    )
