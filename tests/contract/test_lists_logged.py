"""A list is logged with the shape of what was asked for and the case files that came back, whichever list it is."""

from typing import Any

import orjson
import psycopg
import pytest

from casefile_api.access.permissions import OPERATIONS, Logged
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.tenancy import AS_WORKER
from tests.contract import calls, coverage
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import ORGANISATIONS, Scene
from tests.outside.client import Sandbox

PAGED = {"limit", "cursor"}
LISTS = {
    item["get"]["operationId"]
    for item in coverage.read_document()["paths"].values()
    if "get" in item and PAGED & {parameter["name"] for parameter in item["get"].get("parameters", [])}
}
ROWS = [row for row in read_matrix() if row.operation in LISTS and OPERATIONS[row.operation].logged is not Logged.NEVER]


def answer_of(row: Row, scene: Scene) -> tuple[str, dict[str, Any]]:
    """The answer to one who may ask, and the number it has in the log."""
    kind = next(kind for kind in ORGANISATIONS if row.may(kind))
    method, template = row.call.split(" ", 1)
    how = {"params": call.params(scene)} if (call := calls.CALLS[row.operation]).params else {}
    answer = scene.person(row.may(kind)[0], kind).call(method, scene.path(template, kind), **how)
    assert answer.status_code == 200, (row.operation, answer.text)
    return answer.headers["request-id"], answer.json()


def cases_in(operation: str, items: list[dict[str, Any]]) -> set[str]:
    """The case files that a list of things of many cases shows."""
    if operation == "list_audit_entries":
        items = [item["entry"] for item in items]
    named = "id" if operation == "list_case_files" else "case_file_id"
    return {item[named] for item in items if item.get(named)}


def test_there_are_lists() -> None:
    assert {row.operation for row in ROWS} >= {"list_case_files", "list_messages", "list_events", "get_timeline"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_a_list_is_logged_with_its_question_and_what_came_back(row: Row, scene: Scene, sandbox: Sandbox) -> None:
    request_id, body = answer_of(row, scene)
    worker = PostgreSQL(DataDirectory(sandbox.directory)).addresses().worker
    with psycopg.connect(worker, options=AS_WORKER) as connection:
        found = connection.execute(
            "select entry, erasable from audit_entry where action = %s order by occurred_at desc limit 50",
            [row.operation],
        ).fetchall()
    logged = [(orjson.loads(bytes(entry)), erasable) for entry, erasable in found]
    [(entry, erasable)] = [pair for pair in logged if pair[0]["request_id"] == request_id]
    details = orjson.loads(bytes(erasable))["details"]
    assert details["query"]["limit"] >= 1 and details["query"]["continued"] is False
    if entry["case_file_id"] is None and row.operation not in ("list_unit_staff", "list_webhook_endpoints"):
        assert cases_in(row.operation, body["items"]) <= set(details["case_file_ids"])
        if row.operation in ("list_case_files", "list_early_advice_requests", "list_events"):
            assert details["case_file_ids"]
