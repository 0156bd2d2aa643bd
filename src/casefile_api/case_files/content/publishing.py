"""The content model as JSON Schema (2020-12): the newest as the models say it, and every one there ever was.

A schema that was published never changes: `published/` holds each as it is served, and the newest must be what the
models say. A member may be added under a new number; none is ever taken away, so a version of any schema stays readable
and may be sent again.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import cast

import orjson

from casefile_api.case_files.content.whole import CaseContent, complete_example, example
from casefile_api.web.strict_json import JsonValue

NAME = "case-file-content"
NEWEST = "2"
VERSIONS = {
    "1": "The content as it was first: suspects, complainants, witnesses, offences, enquiries and material.",
    "2": "Adds custody and bail clocks, charges, devices, third-party requests, unused material, media held elsewhere, "
    "forensic work, orders, opinions and the referral.",
}

Schema = dict[str, JsonValue]


@cache
def published(version: str) -> bytes | None:
    """Return a schema as it is served, or None where there is none of that number."""
    if version not in VERSIONS:
        return None
    return _package().joinpath("published", f"{version}.json").read_bytes()


def described() -> Schema:
    """Return the newest schema with each member's source, an example of it, and whether it is fact or opinion."""
    schema = cast(Schema, CaseContent.model_json_schema())
    told = sources()
    parts = cast(dict[str, Schema], schema.pop("$defs"))
    examples = _examples(schema, parts)
    for name, part in {"CaseContent": schema, **parts}.items():
        _annotate(name, part, told, examples)
    head: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/v1/schemas/{NAME}/{NEWEST}",
        "title": "CaseFileContent",
        "x-schema-version": NEWEST,
    }
    body = {name: member for name, member in schema.items() if name not in {"title", "examples"}}
    whole = cast(list[JsonValue], [example(), complete_example()])
    return {**head, **body, "examples": whole, "$defs": cast(JsonValue, parts)}


@cache
def sources() -> Mapping[str, Mapping[str, JsonValue]]:
    """Return the table of sources, opinions and categories of people."""
    return tomllib.loads(_package().joinpath("sources.toml").read_text("utf-8"))


def _annotate(
    name: str, part: Schema, told: Mapping[str, Mapping[str, JsonValue]], examples: Mapping[tuple[str, str], JsonValue]
) -> None:
    if "properties" not in part:
        return
    part["x-source"] = told["parts"][name]
    if name in told["data_subjects"]:
        part["x-data-subject"] = told["data_subjects"][name]
    opinions = cast(list[str], told["opinions"].get(name, []))
    for member, schema in cast(dict[str, Schema], part["properties"]).items():
        schema["x-source"] = told["members"].get(f"{name}.{member}", told["parts"][name])
        schema["x-nature"] = "opinion" if member in opinions else "fact"
        if (name, member) in examples and "examples" not in schema:
            schema["examples"] = [examples[name, member]]


def _examples(schema: Schema, parts: Mapping[str, Schema]) -> dict[tuple[str, str], JsonValue]:
    """Return one example of every member, taken from the complete example."""
    told = {cast(tuple[str, str], tuple(key.split("."))): value for key, value in sources()["examples"].items()}
    found = dict(_said("CaseContent", schema, cast(JsonValue, complete_example()), parts))
    for name in ("family_name", "given_names", "date_of_birth", "gender", "interpreter_language"):
        found.setdefault(("Witness", name), found["Complainant", name])
    for name in ("needs_assessed_on", "interviews", "statement_signed_on", "unavailable"):
        found.setdefault(("Witness", name), found["Complainant", name])
    return {**found, **told}


def _said(
    name: str, part: Schema, value: JsonValue, parts: Mapping[str, Schema]
) -> Iterator[tuple[tuple[str, str], JsonValue]]:
    members = cast(dict[str, Schema], part.get("properties", {}))
    for member, given in reversed(list(value.items())) if isinstance(value, dict) else ():
        if member in members:
            yield (name, member), given[:1] if isinstance(given, list) else given
            yield from _within(members[member], given, parts)


def _within(
    schema: Schema, value: JsonValue, parts: Mapping[str, Schema]
) -> Iterator[tuple[tuple[str, str], JsonValue]]:
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        yield from _said(name, parts[name], value, parts)
    elif isinstance(value, list) and "items" in schema:
        for item in reversed(value):
            yield from _within(cast(Schema, schema["items"]), item, parts)


def _package() -> Traversable:
    return files("casefile_api.case_files.content")


if __name__ == "__main__":
    print(orjson.dumps(described(), option=orjson.OPT_INDENT_2).decode())
