"""A content at the 1 MiB limit is compared and judged in well under a tenth of a second of work."""

import math
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import jsonpatch
import orjson
import pytest

from casefile_api.canonical import canonical_json
from casefile_api.case_files.changes import changes_between, json_patch
from casefile_api.case_files.content import content_faults
from casefile_api.case_files.dividing import divided
from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.standards import NAMES
from tests.outside.cases import case_content
from tests.rules.limit_contents import LIMIT_BYTES, content_at_the_limit, reordered, version_later

TODAY = date(2026, 11, 24)
MOST_SECONDS = 0.1
TRIES = 30
LARGE = content_at_the_limit()
LATER = version_later(LARGE)


def changes(before: Any, after: Any) -> dict[str, Any]:
    return changes_between(before, after, from_number=1, to_number=2, attachments_before=[], attachments_after=[])


def least_work(of: Callable[[], object]) -> float:
    """Return the processor time of the quickest try: what others do on the machine is not counted.

    A processor that is shared works more slowly for a while; so tries end with the first that is quick enough.
    """
    quickest = math.inf
    for _ in range(TRIES):
        started = time.thread_time()
        of()
        quickest = min(quickest, time.thread_time() - started)
        if quickest < MOST_SECONDS:
            break
    return quickest


def test_the_content_is_at_the_limit_and_well_shaped() -> None:
    assert LIMIT_BYTES * 0.99 < len(orjson.dumps(LARGE)) < LIMIT_BYTES
    assert content_faults(LARGE) == []


def test_it_is_compared_in_a_tenth_of_a_second() -> None:
    assert changes(LARGE, LATER)["summary"]["changed"] > 500
    assert least_work(lambda: changes(LARGE, LATER)) < MOST_SECONDS


@pytest.mark.parametrize("standard", NAMES)
def test_it_is_judged_in_a_tenth_of_a_second(standard: str) -> None:
    evaluate(standard, LARGE, envelope={}, request=None, on=TODAY)
    spent = least_work(lambda: evaluate(standard, LARGE, envelope={}, request=None, on=TODAY))
    assert spent < MOST_SECONDS


def test_a_suspect_is_split_off_in_a_tenth_of_a_second() -> None:
    assert least_work(lambda: divided(LARGE, ["s1"])) < MOST_SECONDS


MANY = {
    "numbers turned round": ([0, 1] * 250_000, [1, 0] * 200_000 + [2]),
    "one more at the end": ([0] * 500_000, [0] * 499_999 + [1]),
    "as many lists": ([[number] for number in range(100_000)], [[number + 1] for number in range(100_000)]),
    "as many names": ({f"k{n}": n for n in range(70_000)}, {f"k{n}": n + 1 for n in range(70_000)}),
}


@pytest.mark.parametrize("kind", MANY)
def test_very_many_tiny_things_are_compared_in_a_tenth_of_a_second(kind: str) -> None:
    before, after = (case_content(extensions={"force": value}) for value in MANY[kind])
    assert len(orjson.dumps(before)) > LIMIT_BYTES * 0.7 and content_faults(before) == []
    operations = json_patch(before, after)
    assert operations and len(operations) <= 10_001
    assert least_work(lambda: json_patch(before, after)) < MOST_SECONDS
    assert least_work(lambda: changes(before, after)) < MOST_SECONDS


def test_a_section_that_takes_too_many_operations_is_replaced_whole() -> None:
    before, after = (case_content(extensions={"force": value}) for value in MANY["as many lists"])
    assert json_patch(before, after) == [
        {"op": "replace", "path": "/content/extensions", "value": {"force": MANY["as many lists"][1]}}
    ]


def test_another_order_alone_is_no_change_and_its_patch_still_gives_it_exactly() -> None:
    other = reordered(LARGE)
    assert changes(LARGE, other)["summary"] == {"added": 0, "removed": 0, "changed": 0}
    assert changes(LARGE, other)["sections"] == []
    small = {**LARGE, **{name: LARGE[name][:40] for name in ("material", "devices", "witnesses")}}
    for after in (reordered(small), version_later(small)):
        patched = jsonpatch.apply_patch({"content": small}, json_patch(small, after))
        assert canonical_json(patched) == canonical_json({"content": after})
