"""Bodies as the OpenAPI document describes them: each object by name, and what of it is in an answer.

An object described once for all has the name of its schema; one described where it is answered has the name of the
operation (`list_units`) or of the object it is in and the member (`list_units.items`). The data of an event has the
name of the event's type. What is described as open (a version's content, a schema) has no members here.
"""

from collections.abc import Iterator
from typing import Any

Json = Any
Left = tuple[str, str, Json]
"""body, member and its value"""


def objects(schemas: Json, schema: Json, name: str, met: set[str]) -> Iterator[tuple[str, Json]]:
    """Every object that a schema leads to, with what it says of its members; each named one once."""
    for body, variant in _variants(schemas, schema, name):
        if body in schemas and body in met:
            continue
        met.add(body)
        members = variant.get("properties", {})
        if members:
            yield body, members
        for member, of_member in members.items():
            yield from objects(schemas, of_member, f"{body}.{member}", met)
        for part in _parts(variant):
            yield from objects(schemas, part, body, met)


def left(schemas: Json, schema: Json, name: str, value: Json) -> Iterator[Left]:
    """Every member of every described object in a value, whether the schema knows it or not."""
    variants = _variants(schemas, schema, name)
    if isinstance(value, list):
        for body, variant in variants:
            for each in value if "items" in variant else ():
                yield from left(schemas, variant["items"], body, each)
    elif isinstance(value, dict):
        yield from _left_of_object(schemas, variants, value)


def _left_of_object(schemas: Json, variants: list[tuple[str, Json]], value: Json) -> Iterator[Left]:
    described = [(body, variant) for body, variant in variants if variant.get("properties")]
    if described:
        body, variant = min(described, key=lambda one: _misfit(one[1], value))
        for member, of_member in value.items():
            yield body, member, of_member
            yield from left(schemas, variant["properties"].get(member, {}), f"{body}.{member}", of_member)
        if body == "EventBody":
            yield from ((value["type"], member, of_member) for member, of_member in value["data"].items())
    for body, variant in variants if not described else ():
        for part in _parts(variant):
            for of_member in value.values():
                yield from left(schemas, part, body, of_member)


def _variants(schemas: Json, schema: Json, name: str) -> list[tuple[str, Json]]:
    """The plain schemas of which one describes a value, each with its name."""
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _variants(schemas, schemas[name], name)
    choices = [one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word, ())]
    found = [variant for one in choices for variant in _variants(schemas, one, name)]
    return found if not schema.get("properties") and found else [(name, schema)]


def _parts(variant: Json) -> list[Json]:
    return [part for word in ("items", "additionalProperties") if isinstance(part := variant.get(word), dict)]


def _misfit(variant: Json, value: Json) -> int:
    return len(value.keys() - variant["properties"]) + len(set(variant.get("required", ())) - value.keys())


def answers(operation: Json) -> Iterator[tuple[str, str, Json]]:
    """Status, media type and schema of every answer of success that an operation documents."""
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items() if status.startswith("2") else ():
            yield status, media_type, content.get("schema", {})
