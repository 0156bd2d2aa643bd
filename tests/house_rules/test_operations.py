"""What is served, what is permitted and what is described are one list."""

import re
from pathlib import Path

from casefile_api.access.permissions import OPERATIONS, SCOPES
from casefile_api.cli.openapi import rendered
from casefile_api.web.problems import PROBLEMS
from tests.contract import coverage
from tests.house_rules import sources

OPENAPI = sources.ROOT / "openapi" / "openapi.yaml"


def test_the_committed_description_is_what_the_code_says() -> None:
    assert OPENAPI.read_text(encoding="utf-8") == rendered(Path("openapi.yaml")), "run `make openapi` and commit it"


def test_every_operation_served_has_a_permission_and_the_other_way_round() -> None:
    served = {operation.name for operation in coverage.documented(coverage.read_document())}
    assert served == set(OPERATIONS)


def test_every_call_names_its_scope_in_the_description() -> None:
    document = coverage.read_document()
    for item in document["paths"].values():
        for operation in item.values():
            named = {scope for one in operation.get("security", []) for scope in one.get("oauth2", [])}
            assert named == OPERATIONS[operation["operationId"]].scopes, operation["operationId"]
    told = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    assert set(told) == set(SCOPES)


def test_every_refusal_is_explained_in_the_description() -> None:
    codes = coverage.read_document()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == set(PROBLEMS) and all(problem.meaning for problem in PROBLEMS.values())


def test_every_operation_and_body_is_described_in_words() -> None:
    silent = [
        operation["operationId"]
        for item in coverage.read_document()["paths"].values()
        for operation in item.values()
        if not operation.get("summary") or not re.search(r"\w", operation.get("description", ""))
    ]
    assert silent == []
