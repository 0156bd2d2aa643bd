"""What leaves for whom, tried live: every answer to every kind of organisation is held against the one table.

Each operation that reads, and each that answers a well-formed call with success, is called as each kind that may.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.field_policy import FIELDS, Leaves
from tests.contract import calls, leaving
from tests.contract.leaving import NDJSON, Member, wrong
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene, everybody_of, guarded

AT_A_TIME = 6
ENDS_WHAT_OTHERS_USE = {"advance_sandbox_clock"}


@pytest.fixture(scope="module")
def told(scene: Scene) -> list[Member]:
    """Every member of every answer to every kind."""

    def ask(who: tuple[Row, OrganisationKind]) -> list[Member]:
        row, kind = who
        answer = calls.make(scene, scene.person(row.may(kind)[0], kind), row.operation, row.call, kind)
        return list(leaving.members(ORGANISATIONS[kind], answer))

    asked = [
        (row, kind)
        for row in read_matrix()
        for kind in OrganisationKind
        if not row.open and row.may(kind) and row.operation not in ENDS_WHAT_OTHERS_USE
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [one for found in pool.map(ask, asked) for one in found]


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


def test_of_whom_a_restriction_admits_the_cps_is_told_of_its_own_alone(scene: Scene) -> None:
    path = f"/v1/case-files/{scene.case['id']}/restriction"
    guarded(scene, "restrict", everybody_of(scene))
    told = [
        list(leaving.members(ORGANISATIONS[kind], scene.person(role, kind).get(path, expect=200)))
        for kind, role in (("police", "officer"), ("cps", "prosecutor"))
    ]
    guarded(scene, "lift-restriction")
    assert all(any(one.body == "AdmittedView" for one in members) for members in told)
    assert not wrong([one for members in told for one in members], FIELDS)


def test_the_lines_of_the_log_hold_what_its_items_hold(scene: Scene) -> None:
    auditor = scene.person("auditor", "oversight")
    answer = auditor.get("/v1/audit-log/entries", expect=200, headers={"Accept": NDJSON}, params={"limit": "20"})
    told = list(leaving.members(ORGANISATIONS["oversight"], answer))
    assert {one.body for one in told} >= {"EntryItem", "Entry"} and not wrong(told, FIELDS)
