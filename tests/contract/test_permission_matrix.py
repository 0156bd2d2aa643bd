"""Every cell of the golden permission matrix, tried with real calls."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract import calls, foreign_ids, id_positions
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, UNITS, Scene, build_scene, everybody_of, few_of, guarded
from tests.outside.client import Sandbox, check_problem

OPENAPI = Path(__file__).parents[2] / "openapi" / "openapi.yaml"
ROWS = read_matrix()
ELSEWHERE = {"police": ("police-52", "police-52-rasso"), "cps": ("cps-west-midlands", "cps-west-midlands-rasso")}
OTHER_UNIT = {"police": "police-53-cid", "cps": "cps-south-west-crown-court"}
SEE_THE_WHOLE_ORGANISATION = {"senior_officer", "unit_head", "system"}
OTHER_SCOPE = {
    "police": "attachments:read",
    "cps": "attachments:read",
    "oversight": "audit:read",
    "operator": "staff:manage",
}
SECOND_SCOPE = {
    "police": "events:read",
    "cps": "events:read",
    "oversight": "statistics:read",
    "operator": "events:read",
}
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)


def committed_operations() -> dict[str, str]:
    """Operation id to `METHOD /path` of the committed OpenAPI document."""
    document = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def without_names(call: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", call)


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    committed = {name: without_names(call) for name, call in committed_operations().items()}
    golden = {row.operation: without_names(row.call) for row in ROWS}
    assert golden == committed


def test_every_row_says_how_it_is_called() -> None:
    assert {row.operation for row in ROWS} == set(calls.CALLS)


@each_row
def test_each_role_is_answered_as_its_cell_says(row: Row, scene: Scene) -> None:
    wrong = []
    for (kind, role), cell in row.cells.items():
        party = scene.person(role, kind)
        answer = calls.make(scene, party, row.operation, row.call, kind)
        if cell == "no":
            check_problem(answer, 403, "not-permitted")
        elif answer.status_code not in calls.CALLS[row.operation].may:
            wrong.append(f"{kind} {role}: {answer.status_code} {answer.text[:300]}")
    assert not wrong, f"{row.operation}: " + "\n".join(wrong)


@each_row
def test_a_refused_role_is_refused_whatever_the_id(row: Row, scene: Scene) -> None:
    if row.open or "{" not in row.call or "{tile}" in row.call:
        return
    places = re.findall(r"\{(\w+)\}", row.call)
    for (kind, role), cell in row.cells.items():
        if cell == "no":
            method, template = row.call.split(" ", 1)
            path = template.format(**{place: str(uuid.uuid4()) for place in places})
            scene.person(role, kind).refused(method, path, 403, "not-permitted")


@each_row
def test_another_force_and_another_area_find_nothing(row: Row, scene: Scene) -> None:
    for kind, expected in (("police", row.another_force), ("cps", row.another_area)):
        organisation, unit = ELSEWHERE[kind]
        for role in row.may(kind) if expected != "-" else ():
            party = scene.caller(kind, role, organisation, unit)
            answered_as_a_stranger(scene, row, party, kind, expected)


@each_row
def test_another_unit_finds_nothing(row: Row, scene: Scene) -> None:
    for kind, unit in OTHER_UNIT.items():
        for role in row.may(kind) if row.another_unit != "-" else ():
            if role not in SEE_THE_WHOLE_ORGANISATION:
                party = scene.caller(kind, role, ORGANISATIONS[kind], unit)
                answered_as_a_stranger(scene, row, party, kind, row.another_unit)


def answered_as_a_stranger(scene: Scene, row: Row, party: Any, kind: str, expected: str) -> None:
    answer = calls.make(scene, party, row.operation, row.call, kind)
    if expected == "404":
        check_problem(answer, 404, "not-found")
    else:
        assert answer.status_code == 200, answer.text
        own = (scene.case["id"], scene.request["id"], scene.by_kind[kind]["endpoint_id"])
        assert not any(identifier in answer.text for identifier in own), f"{party.name} is shown what is another's"


@pytest.fixture(scope="module")
def admitting(sandbox: Sandbox) -> Scene:
    """The same case once more, restricted to the people and systems of the scene by name and role."""
    scene = build_scene(sandbox)
    guarded(scene, "restrict", everybody_of(scene))
    return scene


@pytest.fixture(scope="module")
def closed(sandbox: Sandbox) -> Scene:
    """And once more, restricted to others."""
    scene = build_scene(sandbox)
    guarded(scene, "restrict", few_of(scene))
    return scene


def of_either_side(row: Row) -> list[tuple[str, str]]:
    return [(kind, role) for kind in ("police", "cps") for role in row.may(kind)]


@each_row
def test_who_is_admitted_works_on_a_restricted_case_file_as_on_any(row: Row, admitting: Scene) -> None:
    for kind, role in of_either_side(row) if row.admitted != "-" else ():
        answer = calls.make(admitting, admitting.person(role, kind), row.operation, row.call, kind)
        assert answer.status_code in calls.CALLS[row.operation].may, f"{kind} {role}: {answer.text[:300]}"
        if row.not_admitted == "unlisted" and row.operation != "list_events":
            assert admitting.case["id"] in answer.text or admitting.request["id"] in answer.text


@each_row
def test_to_who_is_not_admitted_a_restricted_case_file_does_not_exist(row: Row, closed: Scene) -> None:
    for kind, role in of_either_side(row) if row.not_admitted in ("404", "unlisted") else ():
        answered_as_a_stranger(closed, row, closed.person(role, kind), kind, row.not_admitted)


@pytest.mark.parametrize(("kind", "role"), [("police", "senior_officer"), ("cps", "unit_head")])
def test_an_emergency_opens_what_does_not_admit(kind: str, role: str, closed: Scene) -> None:
    party, path = closed.person(role, kind), f"/v1/case-files/{closed.case['id']}"
    assert [row.operation for row in ROWS if row.not_admitted == "opens"] == ["break_glass"]
    opened = party.post(f"{path}/break-glass", {"reason": "She is in danger."}, expect=201).json()
    assert party.get(path).json()["restricted"] is True
    party.post(f"{path}/break-glass/{opened['id']}/end", expect=200)
    party.refused("GET", path, 404, "not-found")


@each_row
def test_a_token_without_the_scope_is_refused(row: Row, scene: Scene) -> None:
    if row.without_scope == "-":
        return
    for kind in ORGANISATIONS:
        for role in row.may(kind):
            scope = OTHER_SCOPE[kind] if OTHER_SCOPE[kind] not in row.scope else SECOND_SCOPE[kind]
            party = scene.caller(kind, role, ORGANISATIONS[kind], UNITS[kind], scope)
            check_problem(calls.make(scene, party, row.operation, row.call, kind), 403, "not-permitted")


@each_row
def test_without_a_token_only_what_is_open_answers(row: Row, scene: Scene) -> None:
    method, template = row.call.split(" ", 1)
    path = scene.path(template, "police")
    answer = scene.sandbox.http.request(method, scene.sandbox.base_url + path)
    readable = {"get_checkpoint", "get_public_key", "get_tile"}  # open without a token in the sandbox
    if row.open or row.operation in readable:
        assert answer.status_code != 401 or row.operation in ("issue_token", "revoke_token", "introspect_token")
    else:
        check_problem(answer, 401, "not-authenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer"), answer.headers


def test_every_place_for_an_id_is_listed_with_what_is_tried_there() -> None:
    assert set(id_positions.explained()) == id_positions.positions()


@pytest.fixture(scope="module")
def own_things(scene: Scene) -> dict[str, dict[str, str]]:
    return foreign_ids.own_things(scene)


def test_ids_of_another_tenant_are_answered_as_ids_that_do_not_exist(
    scene: Scene, own_things: dict[str, dict[str, str]]
) -> None:
    pairs = [pair for row in ROWS if not row.open for pair in foreign_ids.in_paths(scene, own_things, row)]
    pairs += foreign_ids.in_queries_and_bodies(scene, own_things)
    tried = set()
    for pair in pairs:
        foreign, unknown = pair.answers()
        assert foreign == unknown, f"{pair.party.name}: {pair.operation} {pair.where} {pair.name}"
        tried.add((pair.operation, pair.where, pair.name))
    assert {place for place, how in id_positions.explained().items() if how == "tried"} <= tried


def test_units_of_the_scene_are_those_of_the_organisations() -> None:
    assert all(unit is None or unit.startswith(ORGANISATIONS[kind]) for kind, unit in UNITS.items())
