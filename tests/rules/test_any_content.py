"""Whatever a well-shaped content says, it can be checked, doubted, judged, compared and patched."""

import re
from datetime import date
from typing import Any

import jsonpatch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefile_api.canonical import canonical_json
from casefile_api.case_files.changes import changes_between, json_patch
from casefile_api.case_files.checks import check_content, named_attachment_ids, warnings
from casefile_api.case_files.checks.catalogue import PROBLEM_CODES
from casefile_api.case_files.content import CaseContent, content_faults
from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.rules import Outcome
from casefile_api.file_standards.standards import NAMES

TODAY = date(2026, 11, 24)
SCHEMA = CaseContent.model_json_schema()
SOME_WORDS = ["s1", "c1", "m1", "l1", "SX03002", "SX03248", "MG11", "CCTV", "1", "4", "a~/é", " x "]


def said_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema lets be said, with words that now and then mean something."""
    if "$ref" in schema:
        return said_by(SCHEMA["$defs"][schema["$ref"].split("/")[-1]])
    if schema.get("type") == "array":
        return st.lists(said_by(schema["items"]), max_size=2)
    return objects_by(schema) if schema.get("type") == "object" else scalars_by(schema)


def scalars_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date":
        return st.dates(date(1, 1, 1), date(9999, 12, 31)).map(str)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20))
    if schema["type"] in {"boolean", "integer"}:
        whole = st.integers(schema.get("minimum"), schema.get("maximum"))
        return whole if schema["type"] == "integer" else st.booleans()
    words = ["0" * 64, "a" * 64] if schema.get("maxLength") == 64 else SOME_WORDS
    fitting = [word for word in words if len(word) <= schema.get("maxLength", 99)]
    of_the_form = [word for word in fitting if re.search(schema.get("pattern", ""), word)]
    return st.sampled_from(of_the_form or schema["examples"])


def objects_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(st.sampled_from(SOME_WORDS), st.sampled_from(SOME_WORDS), max_size=2)
    members = {name: said_by(member) for name, member in schema["properties"].items()}
    required = {name: members.pop(name) for name in schema.get("required", [])}
    return st.fixed_dictionaries(required, optional=members)


contents = st.deferred(lambda: said_by(SCHEMA))
patient = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@patient
@given(contents)
def test_a_well_shaped_content_is_checked_and_doubted_with_places_that_are_there(content: Any) -> None:
    assert content_faults(content) == []
    for fault in check_content(content, attachment_ids=set(), on=TODAY):
        assert PROBLEM_CODES[fault.code].level == "error" and stands_at(content, fault.pointer)
    for warning in warnings(content, on=TODAY):
        assert PROBLEM_CODES[warning["code"]].level == "warning" and stands_at(content, warning["pointer"])


def stands_at(content: Any, pointer: str | None) -> bool:
    value: Any = {"content": content}
    for step in str(pointer).split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return True


@patient
@given(contents, st.sampled_from(NAMES))
def test_a_well_shaped_content_is_judged_by_every_standard(content: Any, standard: str) -> None:
    verdict = evaluate(standard, content, envelope={}, request=None, on=TODAY)
    required = [result for result in verdict.results if result.level == "required"]
    assert verdict.ready == all(result.outcome is not Outcome.MISSING for result in required)
    assert all(bool(result.mend) == (result.outcome is Outcome.MISSING) for result in verdict.results)


@patient
@given(contents, contents)
def test_two_well_shaped_contents_are_compared_and_patched(before: Any, after: Any) -> None:
    patched = jsonpatch.apply_patch({"content": before}, json_patch(before, after))
    assert canonical_json(patched) == canonical_json({"content": after})
    held, holds = ([{"id": name} for name in named_attachment_ids(one)] for one in (before, after))
    told = changes_between(before, after, from_number=1, to_number=2, attachments_before=held, attachments_after=holds)
    changed = {change["id"] for change in told["attachments"]} | {c.get("replaces") for c in told["attachments"]}
    assert changed - {None} == {one["id"] for one in held} ^ {one["id"] for one in holds}
