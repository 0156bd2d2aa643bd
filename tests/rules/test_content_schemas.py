"""The published schemas: complete, with examples that validate, and never taken back."""

from typing import Any

import jsonschema_rs
import orjson
import pytest

from casefile_api.case_files.content import complete_example, content_faults, example
from casefile_api.case_files.content.publishing import NEWEST, VERSIONS, described, published

Schema = dict[str, Any]


def read(version: str) -> Schema:
    found: Schema = orjson.loads(published(version) or b"null")
    return found


def parts_of(schema: Schema) -> dict[str, Schema]:
    return {"CaseContent": schema} | {name: part for name, part in schema["$defs"].items() if "properties" in part}


MEMBERS = [(name, member) for name, part in parts_of(read(NEWEST)).items() for member in part["properties"]]


def test_the_newest_schema_is_what_the_models_say_so_that_a_change_needs_a_new_number() -> None:
    assert read(NEWEST) == described()
    assert published("99") is None and max(VERSIONS, key=int) == NEWEST


@pytest.mark.parametrize("version", VERSIONS)
def test_a_schema_accepts_its_own_examples_and_refuses_what_it_does_not_know(version: str) -> None:
    schema = read(version)
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert schema["examples"] and all(validator.is_valid(one) for one in schema["examples"])
    assert not validator.is_valid(example() | {"colour": "red"})
    assert schema["$id"] == f"/v1/schemas/case-file-content/{version}"


def test_the_complete_example_is_sound() -> None:
    assert content_faults(complete_example()) == content_faults(example()) == []


@pytest.mark.parametrize("part", sorted({name for name, _ in MEMBERS}))
def test_every_member_has_a_description_a_limit_a_source_and_an_example(part: str) -> None:
    for name, schema in parts_of(read(NEWEST))[part]["properties"].items():
        target = read(NEWEST)["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
        assert (schema.get("description") or target.get("description", "")).strip(), name
        assert schema["x-source"] and schema["x-nature"] in {"fact", "opinion"}, name
        assert schema["examples"], name
        assert is_limited(target), name


def is_limited(schema: Schema) -> bool:
    """Whether there is a bound; `extensions` and parts are bounded by what every JSON of this service is."""
    kind = schema["type"]
    if kind == "integer":
        return "minimum" in schema and "maximum" in schema
    if kind == "array":
        return "maxItems" in schema
    return kind in {"boolean", "object"} or not {"enum", "maxLength", "format"}.isdisjoint(schema)


@pytest.mark.parametrize("older", [version for version in VERSIONS if version != NEWEST])
def test_a_schema_only_gains_members_so_that_older_contents_stay_readable(older: str) -> None:
    was, now = parts_of(read(older)), parts_of(read(NEWEST))
    for name, part in was.items():
        assert set(part["properties"]) <= set(now[name]["properties"]), name
        assert set(now[name].get("required", [])) <= set(part.get("required", [])), name
        for member, schema in part["properties"].items():
            is_wider(schema, now[name]["properties"][member])
    for content in read(older)["examples"]:
        assert content_faults(content) == []


def is_wider(was: Schema, now: Schema) -> None:
    assert was.get("type") == now.get("type") and was.get("pattern") == now.get("pattern")
    assert set(was.get("enum", [])) <= set(now.get("enum", []))
    for bound in ("maxLength", "maxItems"):
        assert was.get(bound, 0) <= now.get(bound, 0)


def test_people_are_told_apart_by_category_and_opinions_from_facts() -> None:
    parts = parts_of(read(NEWEST))
    told = {name: part["x-data-subject"] for name, part in parts.items() if "x-data-subject" in part}
    assert told == {
        "Complainant": "victim",
        "Conviction": "convicted",
        "OtherPerson": "other",
        "Suspect": "suspect",
        "Witness": "witness",
    }
    opinions = {
        (name, m) for name, part in parts.items() for m, s in part["properties"].items() if s["x-nature"] == "opinion"
    }
    assert {("CaseContent", "supervisor_comments"), ("ThirdPartyRequest", "necessity")} <= opinions
    assert ("Suspect", "date_of_birth") not in opinions
