"""Every member of every body that the OpenAPI document answers with success, and to which kinds of organisation."""

from collections import defaultdict
from typing import Any

from casefile_api.access.caller import OrganisationKind
from casefile_api.access.permissions import OPERATIONS
from tests.contract.coverage import METHODS, read_document


def outbound() -> dict[tuple[str, str], set[OrganisationKind]]:
    """Body and member, with the kinds of organisation that some operation answers it to."""
    document, found = read_document(), defaultdict(set)
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for method, operation in item.items():
            if method in METHODS:
                row = OPERATIONS[operation["operationId"]]
                kinds = set(OrganisationKind) if row.open else set(row.grants)
                for name in _answered(schemas, operation):
                    for member in schemas[name].get("properties", {}):
                        found[name, member] |= kinds
    return found


def _answered(schemas: Any, operation: Any) -> set[str]:
    named: set[str] = set()
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            _collect(schemas, answer.get("content", {}), named)
    return named


def _collect(schemas: Any, part: Any, named: set[str]) -> None:
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in named:
            named.add(name)
            _collect(schemas, schemas[name], named)
        for value in part.values():
            _collect(schemas, value, named)
    elif isinstance(part, list):
        for value in part:
            _collect(schemas, value, named)
