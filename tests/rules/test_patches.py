"""Patches of a case file: applied whole, or refused at the operation that cannot be."""

import time

import pytest

from casefile_api.case_files.patches import apply_json_patch, apply_merge_patch, check_result
from casefile_api.errors import Invalid, TooLarge, WrongState
from tests.rules.content_samples import EXAMPLE, example

LIMIT = 1_048_576


def document():
    return {"content": example(), "note": ""}


def test_a_merge_patch_removes_by_null_and_replaces_lists_whole():
    merged = apply_merge_patch(document(), {"content": {"issues": None, "witnesses": [{"id": "w"}]}, "note": "why"})
    assert "issues" not in merged["content"]
    assert (merged["content"]["witnesses"], merged["note"]) == ([{"id": "w"}], "why")
    assert document()["content"] == EXAMPLE


def test_a_failed_test_is_a_wrong_state_and_an_impossible_path_is_invalid():
    with pytest.raises(WrongState):
        apply_json_patch(document(), [{"op": "test", "path": "/content/issues", "value": "x"}], LIMIT)
    with pytest.raises(Invalid) as refusal:
        apply_json_patch(document(), [{"op": "remove", "path": "/content/suspects/7"}], LIMIT)
    assert refusal.value.faults[0].pointer == "/0"


def test_copies_nested_in_copies_are_refused_before_they_fill_the_memory():
    place = "/content/extensions/a"
    steps = [{"op": "add", "path": place, "value": {"x": "y"}}]
    for doubling in range(30):
        steps.append({"op": "copy", "from": place, "path": place + "/z" * min(2**doubling, 200)})
    with pytest.raises((Invalid, TooLarge)):
        check_result(apply_json_patch(document(), steps, LIMIT), LIMIT)


def test_copies_beside_copies_are_refused_when_they_outgrow_a_body():
    steps = [{"op": "copy", "from": "/content/extensions", "path": f"/content/extensions/{n}"} for n in range(40)]
    started = time.thread_time()
    with pytest.raises((Invalid, TooLarge)):
        check_result(apply_json_patch(document(), steps, LIMIT), LIMIT)
    assert time.thread_time() - started < 2


def test_a_copy_is_a_value_of_its_own():
    steps = [
        {"op": "copy", "from": "/content/suspects/0", "path": "/content/suspects/-"},
        {"op": "replace", "path": "/content/suspects/1/id", "value": "s2"},
    ]
    patched = apply_json_patch(document(), steps, LIMIT)
    assert [suspect["id"] for suspect in patched["content"]["suspects"]] == ["s1", "s2"]


def test_a_thousand_operations_on_a_large_content_take_no_copy_each():
    large = document()
    large["content"]["extensions"] = {f"k{n}": "x" * 400 for n in range(2_000)}
    steps = [{"op": "replace", "path": f"/content/extensions/k{n}", "value": "y"} for n in range(1_000)]
    started = time.thread_time()
    apply_json_patch(large, steps, LIMIT)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("result", [{"content": 1}, {"content": {}, "note": 1}, {"content": {}, "status": "x"}, {}])
def test_what_is_no_longer_a_content_and_a_note_is_refused(result):
    with pytest.raises(Invalid):
        check_result(result, LIMIT)
