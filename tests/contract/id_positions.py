"""Every place of the OpenAPI document in which a caller can put an id: in a path, a query, or a body.

The document says where; `id_positions.csv` says what each is, so that a new one is seen, and tried or explained.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.contract.coverage import METHODS, read_document

FILE = Path(__file__).with_name("id_positions.csv")
NAMED_LIKE_AN_ID = re.compile(
    r"(^|_)(id|ids|unit|organisation|prosecutor|urn|derived_from|assigned_to|staff|person|client|index|after)$"
)
DEEPEST = 12


def positions() -> set[tuple[str, str, str]]:
    """Operation, where (path, query, body), and name; of a body the members' names from its root."""
    document = read_document()
    found = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS and path.startswith("/v1"):
                found |= {(operation["operationId"], *place) for place in _places(document, item, operation)}
    return found


def _places(document: Any, item: Any, operation: Any) -> Iterator[tuple[str, str]]:
    given = [*item.get("parameters", []), *operation.get("parameters", [])]
    for parameter in (_resolved(document, one) for one in given):
        in_path = parameter["in"] == "path"
        if in_path or (parameter["in"] == "query" and NAMED_LIKE_AN_ID.search(parameter["name"])):
            yield parameter["in"], parameter["name"]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        for place in _members(document, media.get("schema", {}), (), frozenset()):
            yield "body", place


def _members(document: Any, schema: Any, place: tuple[str, ...], above: frozenset[str]) -> Iterator[str]:
    if len(place) > DEEPEST or schema.get("$ref") in above:
        return
    above |= {schema["$ref"]} if "$ref" in schema else set()
    schema = _resolved(document, schema)
    for choice in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])):
        yield from _members(document, choice, place, above)
    if "items" in schema:
        yield from _members(document, schema["items"], place, above)
    for name, member in schema.get("properties", {}).items():
        if NAMED_LIKE_AN_ID.search(name) and _is_text(document, member):
            yield "/".join((*place, name))
        yield from _members(document, member, (*place, name), above)


def _is_text(document: Any, schema: Any) -> bool:
    schema = _resolved(document, schema)
    if "items" in schema:
        return _is_text(document, schema["items"])
    choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return schema.get("type") == "string" or any(_is_text(document, choice) for choice in choices)


def _resolved(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        found = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def explained() -> dict[tuple[str, str, str], str]:
    """What the file says of each position: `tried`, or why there is nothing to try."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {(line["operation"], line["where"], line["name"]): line["how"] for line in csv.DictReader(file)}
