"""What leaves for whom, tried live: every answer to every kind of organisation is held against the one table.

Each operation that reads, and each that answers a well-formed call with success, is called as each kind that may.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.field_policy import FIELDS, Leaves
from tests.contract import bodies, calls
from tests.contract.coverage import METHODS, read_document
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene

Table = Mapping[tuple[str, str], Mapping[OrganisationKind, Leaves]]
AT_A_TIME = 6
ENDS_WHAT_OTHERS_USE = {"advance_sandbox_clock"}


@dataclass(frozen=True)
class Member:
    """A member as it left for somebody."""

    operation: str
    kind: OrganisationKind
    body: str
    member: str
    value: Any

    def wrong(self, table: Table) -> str | None:
        """What the table says against it, if it does."""
        row = table.get((self.body, self.member))
        if row is None:
            return f"{self.operation}: {self.body}.{self.member} has no row"
        kept = row[self.kind] is Leaves.NEVER and self.value is not None
        if kept or (row[self.kind] is Leaves.OWN and not _own(self.value, ORGANISATIONS[self.kind])):
            return f"{self.operation}: {self.body}.{self.member} left for {self.kind}, whose cell is {row[self.kind]}"
        return None


def _own(value: Any, organisation: str) -> bool:
    """Whether a value speaks of one organisation alone: of its unit, of itself, or each of a list does."""
    if isinstance(value, list):
        return all(_own(each, organisation) for each in value)
    return value is None or (value["organisation"] if isinstance(value, dict) else value).startswith(organisation)


def wrong(told: list[Member], table: Table) -> set[str]:
    """All that left and should not have."""
    return {found for one in told if (found := one.wrong(table))}


@pytest.fixture(scope="module")
def told(scene: Scene) -> list[Member]:
    """Every member of every answer to every kind."""
    document = read_document()
    described = {
        operation["operationId"]: list(bodies.answers(operation))
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    }

    def ask(who: tuple[Row, OrganisationKind]) -> list[Member]:
        row, kind = who
        answer = calls.make(scene, scene.person(row.may(kind)[0], kind), row.operation, row.call, kind)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        return [
            Member(row.operation, kind, *of_body)
            for status, of_type, schema in described[row.operation]
            if (status, of_type) == (str(answer.status_code), media_type) and media_type.endswith("json")
            for of_body in bodies.left(document["components"]["schemas"], schema, row.operation, answer.json())
        ]

    asked = [
        (row, kind)
        for row in read_matrix()
        for kind in OrganisationKind
        if not row.open and row.may(kind) and row.operation not in ENDS_WHAT_OTHERS_USE
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [one for members in pool.map(ask, asked) for one in members]


def test_nothing_leaves_for_a_kind_that_the_table_keeps_it_from(told: list[Member]) -> None:
    assert wrong(told, FIELDS) == set()


def test_a_cell_that_is_changed_and_a_row_that_is_gone_are_found(told: list[Member]) -> None:
    number, shared = ("VersionView", "number"), ("VersionView", "shared_with")
    hidden = FIELDS[number] | {OrganisationKind.CPS: Leaves.NEVER}
    assert any("VersionView.number left for cps" in one for one in wrong(told, {**FIELDS, number: hidden}))
    own = FIELDS[shared] | {OrganisationKind.POLICE: Leaves.OWN}
    assert any("VersionView.shared_with left for police" in one for one in wrong(told, {**FIELDS, shared: own}))
    gone = {place: row for place, row in FIELDS.items() if place != number}
    assert "get_version: VersionView.number has no row" in wrong(told, gone)
