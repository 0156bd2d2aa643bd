"""The shape of a content: what is taken as it is, what is refused and where."""

import pytest

from casefile_api.case_files.content import CaseContent, content_faults
from casefile_api.organisations.code_lists import CODE_LISTS
from tests.rules.content_samples import EXAMPLE, changed, without


def faults_of(content) -> list[tuple[str, str | None]]:
    return [(fault.code, fault.pointer) for fault in content_faults(content)]


def test_the_example_of_the_description_is_well_shaped():
    assert content_faults(EXAMPLE) == []


def test_the_least_that_can_be_sent_is_six_members():
    least = {"summary": "", "case_type": "rasso", "classification": "official"}
    assert content_faults({**least, "suspects": [], "complainants": [], "offences": []}) == []


@pytest.mark.parametrize("name", ["summary", "case_type", "classification", "suspects", "complainants", "offences"])
def test_a_required_member_is_missed_by_its_pointer(name):
    assert faults_of(without(name)) == [("required", f"/content/{name}")]


@pytest.mark.parametrize("name", [name for name in EXAMPLE if not CaseContent.model_fields[name].is_required()])
def test_every_other_member_may_be_left_out(name):
    assert content_faults(without(name)) == []


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("colour", 1, "unknown_field"),
        ("suspects/0/colour", 1, "unknown_field"),
        ("suspects/0/custody/colour", 1, "unknown_field"),
        ("suspects/0/gender", "1", "unknown_code"),
        ("suspects/0/relationship_to_complainant", "enemy", "unknown_code"),
        ("suspects/0/custody/status", "free", "unknown_code"),
        ("complainants/0/special_measures/0", "smoke", "unknown_code"),
        ("lines_of_enquiry/0/status", "abandoned", "unknown_code"),
        ("material/0/status", "lost", "unknown_code"),
        ("material/0/disclosable_to_defence", "maybe", "unknown_code"),
        ("case_type", "RASSO", "unknown_code"),
        ("classification", "secret", "too_sensitive"),
        ("classification", "top_secret", "too_sensitive"),
        ("material/0/sensitivity", "highly_sensitive", "too_sensitive"),
        ("reported_on", "2026-02-30", "impossible_date"),
        ("reported_on", "14/09/2026", "string_pattern_mismatch"),
        ("reported_on", "2026-09-14T00:00:00Z", "string_pattern_mismatch"),
        ("reported_on", 20260914, "wrong_type"),
        ("suspects/0/repeat_suspect", "no", "wrong_type"),
        ("suspects/0/given_names", "Peter", "wrong_type"),
        ("suspects/0/id", "", "string_too_short"),
        ("suspects/0/family_name", "M" * 36, "string_too_long"),
        ("offences/0/location", "x" * 81, "string_too_long"),
        ("offences/0/dates/from_", "2026-09-12", "unknown_field"),
    ],
)
def test_each_misshapen_member_is_refused_at_its_pointer(path, value, code):
    assert faults_of(changed(path, value)) == [(code, f"/content/{path}")]


def test_a_higher_classification_is_told_where_to_go():
    (fault,) = content_faults(changed("classification", "top_secret"))
    assert "means approved for its classification" in fault.detail


def test_extensions_keep_anything_and_nothing_else_does():
    assert content_faults(changed("extensions", {"niche": {"beat": None, "list": [1, {"deep": None}]}})) == []
    assert faults_of(changed("extensions", [1])) == [("wrong_type", "/content/extensions")]


def test_no_refusal_repeats_what_was_sent():
    content = changed("suspects/0/family_name", "Featherstonehaugh" * 3)
    content["suspects"][0]["gender"] = "Featherstonehaugh"
    assert "Featherstone" not in str([fault.as_member() for fault in content_faults(content)])


def test_the_description_offers_the_words_of_the_lists_and_no_null():
    schema = CaseContent.model_json_schema()
    assert '"null"' not in str(schema).replace("'", '"')
    status = schema["$defs"]["LineOfEnquiry"]["properties"]["status"]
    assert status["enum"] == [value.code for value in CODE_LISTS["line_of_enquiry_status"].values]
    assert "from" in schema["$defs"]["OffenceDates"]["required"]


def test_every_member_of_every_part_is_described():
    schema = CaseContent.model_json_schema()
    for part in [schema, *schema["$defs"].values()]:
        if part.get("type") == "object":
            assert part["description"]
            for name, member in part["properties"].items():
                assert "description" in member or "$ref" in member, name
