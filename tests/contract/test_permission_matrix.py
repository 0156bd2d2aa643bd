"""Every cell of the golden permission matrix, tried with real calls.

One test for each question that is asked of all operations, several operations at a time: what is wrong is listed by
operation. The calls of one operation come one after the other.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract import calls, foreign_ids, id_positions
from tests.contract.coverage import read_document
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, UNITS, Scene, build_scene, everybody_of, few_of, guarded
from tests.outside.client import Party, Sandbox, check_problem

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
AT_A_TIME = 6


def ask_all(question: Callable[[Row], Iterator[str]]) -> None:
    """Asks the same of every operation, and fails with all that came out wrong."""

    def ask(row: Row) -> list[str]:
        try:
            return [f"{row.operation}: {wrong}" for wrong in question(row)]
        except AssertionError as unexpected:
            return [f"{row.operation}: {unexpected}"]

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        wrong = [line for lines in pool.map(ask, ROWS) for line in lines]
    assert not wrong, "\n".join(wrong)


def committed_operations() -> dict[str, str]:
    """Operation id to `METHOD /path` of the committed OpenAPI document."""
    return {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in read_document()["paths"].items()
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


def test_each_role_is_answered_as_its_cell_says(scene: Scene) -> None:
    def question(row: Row) -> Iterator[str]:
        for (kind, role), cell in row.cells.items():
            answer = calls.make(scene, scene.person(role, kind), row.operation, row.call, kind)
            if cell == "no":
                check_problem(answer, 403, "not-permitted")
            elif answer.status_code not in calls.CALLS[row.operation].may:
                yield f"{kind} {role}: {answer.status_code} {answer.text[:300]}"

    ask_all(question)


def test_a_refused_role_is_refused_whatever_the_id(scene: Scene) -> None:
    def question(row: Row) -> Iterator[str]:
        method, template = row.call.split(" ", 1)
        places = re.findall(r"\{(\w+)\}", template)
        for (kind, role), cell in row.cells.items() if places and not row.open and "{tile}" not in template else ():
            if cell == "no":
                path = template.format(**{place: str(uuid.uuid4()) for place in places})
                scene.person(role, kind).refused(method, path, 403, "not-permitted")
        yield from ()

    ask_all(question)


def test_another_force_and_another_area_find_nothing(scene: Scene) -> None:
    def question(row: Row) -> Iterator[str]:
        for kind, expected in (("police", row.another_force), ("cps", row.another_area)):
            organisation, unit = ELSEWHERE[kind]
            for role in row.may(kind) if expected != "-" else ():
                yield from as_a_stranger(scene, row, scene.caller(kind, role, organisation, unit), kind, expected)

    ask_all(question)


def test_another_unit_finds_nothing(scene: Scene) -> None:
    def question(row: Row) -> Iterator[str]:
        for kind, unit in OTHER_UNIT.items():
            for role in row.may(kind) if row.another_unit != "-" else ():
                if role not in SEE_THE_WHOLE_ORGANISATION:
                    party = scene.caller(kind, role, ORGANISATIONS[kind], unit)
                    yield from as_a_stranger(scene, row, party, kind, row.another_unit)

    ask_all(question)


def as_a_stranger(scene: Scene, row: Row, party: Party, kind: str, expected: str) -> Iterator[str]:
    """What is wrong where somebody is not answered as a stranger is: 404, or a list without it."""
    answer = calls.make(scene, party, row.operation, row.call, kind)
    if expected == "404":
        check_problem(answer, 404, "not-found")
        return
    own = (scene.case["id"], scene.request["id"], scene.by_kind[kind]["endpoint_id"])
    if answer.status_code != 200 or any(identifier in answer.text for identifier in own):
        yield f"{party.name} is shown what is another's: {answer.status_code} {answer.text[:300]}"


@pytest.fixture(scope="module")
def restricted(sandbox: Sandbox) -> Scene:
    """The same case once more, to be restricted."""
    return build_scene(sandbox)


def of_either_side(row: Row) -> list[tuple[str, str]]:
    return [(kind, role) for kind in ("police", "cps") for role in row.may(kind)]


def test_a_restricted_case_file_is_there_for_who_is_admitted_and_for_nobody_else(restricted: Scene) -> None:
    guarded(restricted, "restrict", everybody_of(restricted))
    ask_all(lambda row: as_on_any(restricted, row))
    guarded(restricted, "change-restriction", few_of(restricted))
    ask_all(lambda row: as_if_it_did_not_exist(restricted, row))
    assert [row.operation for row in ROWS if row.not_admitted == "opens"] == ["break_glass"]
    for kind, role in (("police", "senior_officer"), ("cps", "unit_head")):
        opened_in_an_emergency(restricted, restricted.person(role, kind))


def as_on_any(scene: Scene, row: Row) -> Iterator[str]:
    """What is wrong where who is admitted does not work on it as on any case file."""
    for kind, role in of_either_side(row) if row.admitted != "-" else ():
        answer = calls.make(scene, scene.person(role, kind), row.operation, row.call, kind)
        if answer.status_code not in calls.CALLS[row.operation].may:
            yield f"{kind} {role}: {answer.status_code} {answer.text[:300]}"
        shown = scene.case["id"] in answer.text or scene.request["id"] in answer.text
        if row.not_admitted == "unlisted" and row.operation != "list_events" and not shown:
            yield f"{kind} {role}: it is not listed"


def as_if_it_did_not_exist(scene: Scene, row: Row) -> Iterator[str]:
    """What is wrong where who is not admitted is told anything of it."""
    for kind, role in of_either_side(row) if row.not_admitted in ("404", "unlisted") else ():
        yield from as_a_stranger(scene, row, scene.person(role, kind), kind, row.not_admitted)


def opened_in_an_emergency(scene: Scene, party: Party) -> None:
    path = f"/v1/case-files/{scene.case['id']}"
    opened = party.post(f"{path}/break-glass", {"reason": "She is in danger."}, expect=201).json()
    assert party.get(path).json()["restricted"] is True
    party.post(f"{path}/break-glass/{opened['id']}/end", expect=200)
    party.refused("GET", path, 404, "not-found")


def test_a_token_without_the_scope_is_refused(scene: Scene) -> None:
    def question(row: Row) -> Iterator[str]:
        for kind in ORGANISATIONS if row.without_scope != "-" else ():
            for role in row.may(kind):
                scope = OTHER_SCOPE[kind] if OTHER_SCOPE[kind] not in row.scope else SECOND_SCOPE[kind]
                party = scene.caller(kind, role, ORGANISATIONS[kind], UNITS[kind], scope)
                check_problem(calls.make(scene, party, row.operation, row.call, kind), 403, "not-permitted")
        yield from ()

    ask_all(question)


def test_without_a_token_only_what_is_open_answers(scene: Scene) -> None:
    readable = {"get_checkpoint", "get_public_key", "get_tile"}  # open without a token in the sandbox

    def question(row: Row) -> Iterator[str]:
        method, template = row.call.split(" ", 1)
        path = scene.path(template, "police")
        answer = scene.sandbox.http.request(method, scene.sandbox.base_url + path)
        if row.open or row.operation in readable:
            if answer.status_code == 401 and row.operation not in ("issue_token", "revoke_token", "introspect_token"):
                yield f"401 {answer.text[:300]}"
            return
        check_problem(answer, 401, "not-authenticated")
        if not answer.headers["www-authenticate"].startswith("Bearer"):
            yield str(answer.headers)

    ask_all(question)


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
