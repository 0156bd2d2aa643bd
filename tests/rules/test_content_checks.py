"""What a content may not say, and what is only doubtful."""

from datetime import date

import pytest

from casefile_api.case_files.checks import check_content, named_attachment_ids, warnings
from casefile_api.case_files.content import content_faults
from tests.rules.content_samples import EXAMPLE, changed

TODAY = date(2026, 11, 24)

FORBIDDEN = [
    ("suspects/0/interviews", [{"id": "i", "on": "2026-09-20", "kind": "voluntary"}] * 2, "duplicate_id", "/1/id"),
    ("material", [EXAMPLE["material"][0]] * 2, "duplicate_id", "/1/id"),
    ("offences/0/suspect_ids", ["s1", "s2"], "unresolved_reference", "/1"),
    ("offences/0/complainant_ids", ["c2"], "unresolved_reference", "/0"),
    ("lines_of_enquiry/0/suspect_ids", ["c1"], "unresolved_reference", "/0"),
    ("lines_of_enquiry/0/material_ids", ["m2"], "unresolved_reference", "/0"),
    ("material/0/suspect_ids", ["s2"], "unresolved_reference", "/0"),
    ("material/0/line_ids", ["l2"], "unresolved_reference", "/0"),
    (
        "chronology",
        [{"id": "e", "on": "2026-09-12", "description": "x", "suspect_ids": ["s9"]}],
        "unresolved_reference",
        "/0/suspect_ids/0",
    ),
    (
        "chronology",
        [{"id": "e", "on": "2026-09-12", "description": "x", "material_ids": ["m9"]}],
        "unresolved_reference",
        "/0/material_ids/0",
    ),
    ("witnesses", [{"id": "w", "material_ids": ["m9"]}], "unresolved_reference", "/0/material_ids/0"),
    ("suspects/0/interviews/0/material_ids", ["m9"], "unresolved_reference", "/0"),
    ("material/0/attachment_ids", ["a1", "a2"], "unknown_attachment", "/1"),
    ("offences/0/cjs_code", "XX99999", "unknown_code", ""),
    ("offences/0/dates/code", "7", "unknown_code", ""),
    ("material/0/kind", "MG99", "unknown_code", ""),
    ("offences/0/dates/code", "4", "end_date_missing", None),
    ("offences/0/dates/to", "2026-09-11", "dates_reversed", ""),
    (
        "suspects/0/custody",
        {"status": "on_bail", "bail_from": "2026-09-20", "bail_until": "2026-09-19"},
        "dates_reversed",
        "/bail_until",
    ),
    ("reported_on", "2026-11-25", "future_date", ""),
    ("suspects/0/date_of_birth", "2026-12-01", "future_date", ""),
    ("suspects/0/interviews/0/on", "2027-01-01", "future_date", ""),
    ("offences/0/dates/from", "2027-01-01", "future_date", ""),
    ("complainants/0/first_account_on", "2027-01-01", "future_date", ""),
    ("suspects/0/interviews/0/on", "1990-01-01", "before_birth", ""),
    ("suspects/0/first_identified_on", "1989-01-01", "before_birth", ""),
    ("offences/0/dates/from", "2003-09-12", "not_in_force", None),
]


def faults_of(content) -> list[tuple[str, str | None]]:
    assert content_faults(content) == []
    return [(fault.code, fault.pointer) for fault in check_content(content, attachment_ids={"a1"}, on=TODAY)]


def test_the_example_may_be_said_and_nothing_in_it_is_doubtful():
    assert faults_of(EXAMPLE) == []
    assert warnings(EXAMPLE, on=TODAY) == []


@pytest.mark.parametrize(("path", "value", "code", "below"), FORBIDDEN)
def test_each_forbidden_statement_is_named_with_its_place(path, value, code, below):
    elsewhere = {"end_date_missing": "/content/offences/0/dates", "not_in_force": "/content/offences/0/cjs_code"}
    pointer = elsewhere[code] if below is None else f"/content/{path}{below}"
    assert (code, pointer) in faults_of(changed(path, value))


def test_an_offence_without_end_or_date_is_not_held_to_the_day_its_act_came_into_force():
    for dates in ({"code": "3", "from": "2003-01-01"}, {"code": "4", "from": "2003-01-01", "to": "2005-01-01"}):
        assert faults_of(changed("offences/0/dates", dates)) == []


def test_no_more_than_fifty_faults_are_listed():
    content = changed("offences/0/suspect_ids", ["nobody"] * 80)
    assert len(check_content(content, attachment_ids=set(), on=TODAY)) == 50


def test_attachments_are_named_once_and_in_order():
    content = changed("material/0/attachment_ids", ["b", "a", "b"])
    assert named_attachment_ids(content) == ["a", "b"]


@pytest.mark.parametrize("section", ["devices", "third_party_requests"])
def test_an_id_is_what_was_sent_with_the_spaces_in_it(section):
    kind = {"devices": {"kind": "tablet"}, "third_party_requests": {"holder_kind": "gp", "status": "requested"}}
    content = changed("suspects/0/id", " s 1 ")
    content["offences"][0]["suspect_ids"] = content["lines_of_enquiry"][0]["suspect_ids"] = [" s 1 "]
    content["suspects"][0]["proposed_charges"] = [{"id": "p1", "cjs_code": "SX03002", "offence_id": "o1 "}]
    content["offences"][0]["id"] = "o1 "
    content[section] = [{"id": "x1", "suspect_id": " s 1 ", **kind[section]}]
    assert faults_of(content) == []
    content[section][0]["suspect_id"] = "s 1"
    content["suspects"][0]["proposed_charges"][0]["offence_id"] = "o1"
    assert {code for code, _ in faults_of(content)} == {"unresolved_reference"} and len(faults_of(content)) == 2
