"""Every problem code of the catalogue: a content that raises it and nothing else, and the mended one that does not."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casefile_api.case_files.checks import check_content, warnings
from casefile_api.case_files.checks.catalogue import PROBLEM_CODES, ProblemLevel, codes_of
from casefile_api.case_files.content import complete_example, content_faults, example
from casefile_api.errors import Fault
from tests.rules.problem_samples import ELSEWHERE, ERRORS, SHAPES, WARNED, changed

TODAY = date(2026, 11, 24)


def faults_of(content: Any) -> list[Fault]:
    return content_faults(content) or check_content(content, attachment_ids={"a"}, on=TODAY)


def test_the_two_examples_raise_nothing() -> None:
    for content in (example(), complete_example()):
        assert faults_of(content) == warnings(content, on=TODAY) == []


def test_every_code_has_a_sample_and_every_sample_a_code() -> None:
    assert {*SHAPES, *ELSEWHERE} == set(codes_of(ProblemLevel.SHAPE))
    assert set(ERRORS) == set(codes_of(ProblemLevel.ERROR))
    assert set(WARNED) == set(codes_of(ProblemLevel.WARNING))
    assert len(PROBLEM_CODES) >= 200


@pytest.mark.parametrize("code", [*SHAPES, *(code for code in ERRORS if code != "expired_code")])
def test_what_refuses_a_content_is_named_alone_and_with_its_place(code: str) -> None:
    content = changed((SHAPES | ERRORS)[code])
    faults = faults_of(content)
    assert {fault.code for fault in faults} == {code}
    if code in ERRORS:
        assert faults[0].detail == f"{PROBLEM_CODES[code].meaning} {PROBLEM_CODES[code].mend}"
    assert all(code == "required" or stands_at(content, str(fault.pointer)) for fault in faults)


@pytest.mark.parametrize("code", WARNED)
def test_what_is_doubtful_is_named_alone_and_with_its_place_and_refuses_nothing(code: str) -> None:
    content = changed(WARNED[code])
    assert faults_of(content) == []
    found = warnings(content, on=TODAY)
    assert {warning["code"] for warning in found} == {code}
    assert found[0]["detail"] == f"{PROBLEM_CODES[code].meaning} {PROBLEM_CODES[code].mend}"
    assert all(stands_at(content, warning["pointer"]) for warning in found)


def stands_at(content: Any, pointer: str) -> bool:
    value: Any = {"content": content}
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return True


def test_a_word_that_its_list_does_not_have_on_the_day_is_refused() -> None:
    before_the_act = date(2022, 10, 27)
    found = check_content(changed(ERRORS["expired_code"]), attachment_ids={"a"}, on=before_the_act)
    assert ("expired_code", "/content/suspects/1/custody/bail_stage") in {(one.code, one.pointer) for one in found}
    assert "expired_code" not in {one.code for one in faults_of(changed(ERRORS["expired_code"]))}


def test_no_text_of_the_catalogue_is_without_an_end_or_a_source() -> None:
    for row in PROBLEM_CODES.values():
        assert row.meaning.endswith(".") and row.mend.endswith("."), row.code
        assert row.source and re.fullmatch(r"[a-z0-9_]+", row.code)


def test_what_the_checks_say_is_never_what_was_sent() -> None:
    content = changed({"suspects/0/family_name": "Quillfeather", "suspects/0/identifiers/pnc_id": "Quillfeather"})
    said = [str(fault) for fault in faults_of(content)] + [str(one) for one in warnings(content, on=TODAY)]
    assert said and not any("Quillfeather" in text for text in said)


def test_the_page_is_what_the_catalogue_says() -> None:
    from casefile_api.case_files.checks.describing import codes_page

    assert (Path(__file__).parents[2] / "docs" / "problem-codes.md").read_text("utf-8") == codes_page()
