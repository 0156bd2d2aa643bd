"""What changed between two versions: by item for people, by position and exactly for machines."""

import json
import random
import time

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.canonical import canonical_json
from casefile_api.case_files.changes import changes_between, json_patch
from tests.rules.content_samples import EXAMPLE, changed, example, without

words = st.text("abc~/é", max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
suspects = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abcdef")}, optional={"family_name": words, "youth": st.booleans()}),
    unique_by=lambda suspect: suspect["id"],
)
contents = st.fixed_dictionaries(
    {}, optional={"summary": words, "suspects": suspects, "extensions": st.dictionaries(words, values)}
)


def between(before, after, held=(), holds=()):
    return changes_between(
        before, after, from_number=1, to_number=2, attachments_before=list(held), attachments_after=list(holds)
    )


def shown(before, after) -> list[tuple]:
    return [
        (section["section"], change["kind"], change["id"], change["pointer"])
        for section in between(before, after)["sections"]
        for change in section["changes"]
    ]


@given(contents, contents)
def test_a_patch_turns_one_content_into_the_other_byte_for_byte(before, after):
    patched = jsonpatch.apply_patch({"content": before}, json_patch(before, after))
    assert canonical_json(patched) == canonical_json({"content": after})


@given(contents)
def test_a_content_has_no_changes_to_itself(content):
    assert json_patch(content, content) == []
    assert between(content, content)["sections"] == []


@given(suspects, st.randoms(use_true_random=False))
def test_re_ordering_items_is_no_change(listed, chance: random.Random):
    moved = list(listed)
    chance.shuffle(moved)
    assert between({"suspects": listed}, {"suspects": moved})["sections"] == []


@given(contents, contents)
def test_there_and_back_swaps_added_and_removed(before, after):
    there, back = between(before, after)["summary"], between(after, before)["summary"]
    assert (there["added"], there["removed"], there["changed"]) == (back["removed"], back["added"], back["changed"])


@given(contents, contents)
def test_the_summary_counts_what_the_sections_show(before, after):
    body = between(before, after)
    kinds = [change["kind"] for section in body["sections"] for change in section["changes"]]
    assert body["summary"] == {kind: kinds.count(kind) for kind in ("added", "removed", "changed")}


def test_a_changed_item_shows_the_fields_before_and_after():
    after = changed("suspects/0/previous_convictions", "One in 2019.")
    after["suspects"][0]["custody"] = {"status": "on_bail", "return_on": "2027-01-04"}
    assert between(EXAMPLE, after)["sections"] == [
        {
            "section": "suspects",
            "counts": {"added": 0, "removed": 0, "changed": 1},
            "changes": [
                {
                    "kind": "changed",
                    "id": "s1",
                    "pointer": "/content/suspects/0",
                    "sentence": "Suspect s1: custody and previous convictions changed.",
                    "fields": [
                        {
                            "name": "custody",
                            "before": {"status": "released_under_investigation"},
                            "after": {"status": "on_bail", "return_on": "2027-01-04"},
                        },
                        {"name": "previous_convictions", "before": "none", "after": "One in 2019."},
                    ],
                }
            ],
        }
    ]


def test_a_new_item_points_into_the_newer_version_and_a_lost_one_into_the_older():
    after = example()
    after["lines_of_enquiry"] = [{"id": "l2", "description": "Phone", "status": "contemplated"}]
    assert shown(EXAMPLE, after) == [
        ("lines_of_enquiry", "added", "l2", "/content/lines_of_enquiry/0"),
        ("lines_of_enquiry", "removed", "l1", "/content/lines_of_enquiry/0"),
    ]


def test_a_list_left_out_is_an_empty_one():
    assert shown(without("witnesses"), EXAMPLE) == []
    assert shown(EXAMPLE, without("material")) == [("material", "removed", "m1", "/content/material/0")]


def test_texts_and_parts_outside_lists_are_sections_of_their_own():
    after = changed("issues", "The phone is examined.")
    after["officer_in_charge"] = {**after["officer_in_charge"], "phone": "01452 000009"}
    del after["defence_case"]
    body = between(EXAMPLE, after)
    assert [(s["section"], s["changes"][0]["kind"], s["changes"][0]["sentence"]) for s in body["sections"]] == [
        ("officer_in_charge", "changed", "Officer in charge: phone changed."),
        ("issues", "changed", "Issues changed."),
        ("defence_case", "removed", "Defence case taken out."),
    ]
    assert body["sections"][0]["changes"][0]["fields"] == [
        {"name": "phone", "before": "01452 000001", "after": "01452 000009"}
    ]


def test_a_section_that_would_take_thousands_of_operations_is_replaced_whole():
    before, after = ({"extensions": {"counts": [number + by for number in range(10_001)]}} for by in (0, 1_000_000))
    assert json_patch(before, after) == [{"op": "replace", "path": "/content/extensions", "value": after["extensions"]}]


def test_an_added_item_shows_all_its_fields_but_the_id_it_goes_by():
    after = example()
    after["witnesses"] = [{"id": "w1", "kind": "eye_witness"}]
    [section] = between(without("witnesses"), after)["sections"]
    assert section["changes"][0]["fields"] == [{"name": "kind", "before": None, "after": "eye_witness"}]


def test_a_member_that_is_null_is_another_than_one_that_is_not_there():
    assert shown({"extensions": {"a": None}}, {"extensions": {}}) == [
        ("extensions", "changed", None, "/content/extensions")
    ]


def test_true_is_not_one():
    assert shown({"extensions": {"a": True}}, {"extensions": {"a": 1}}) != []


def test_no_sentence_names_a_person():
    after = changed("suspects/0/family_name", "Featherstone")
    sentences = [c["sentence"] for s in between(EXAMPLE, after)["sections"] for c in s["changes"]]
    assert sentences == ["Suspect s1: family name changed."]


def test_attachments_are_added_removed_and_replaced():
    held = [{"id": name, "sha256": name * 64, "size": 1} for name in "abc"]
    before = changed(
        "material",
        [{"id": "m1", "kind": "MG11", "attachment_ids": ["a"]}, {"id": "m2", "kind": "CCTV", "attachment_ids": ["b"]}],
    )
    after = changed(
        "material",
        [{"id": "m1", "kind": "MG11", "attachment_ids": ["c"]}, {"id": "m3", "kind": "BWV", "attachment_ids": ["d"]}],
    )
    body = between(before, after, held[:2], [held[2], {"id": "d", "sha256": "d" * 64, "size": 2}])
    assert body["attachments"] == [
        {"kind": "added", "id": "d", "sha256": "d" * 64, "size": 2, **by("m3", "An attachment came to")},
        {"kind": "removed", "id": "b", "sha256": "b" * 64, "size": 1, **by("m2", "An attachment was taken out of")},
        {
            "kind": "replaced",
            "id": "c",
            "sha256": "c" * 64,
            "size": 1,
            "replaces": "a",
            **by("m1", "An attachment was replaced in"),
        },
    ]


def by(material: str, words: str) -> dict[str, object]:
    return {"material_ids": [material], "sentence": f"{words} material {material}."}


def test_an_attachment_that_two_items_name_is_told_with_both() -> None:
    after = changed("material", [{"id": name, "kind": "MG11", "attachment_ids": ["a"]} for name in ("m1", "m2")])
    [told] = between(EXAMPLE, after, (), [{"id": "a", "sha256": "a" * 64, "size": 1}])["attachments"]
    assert told["sentence"] == "An attachment came to material m1 and m2."


def test_contents_of_a_mebibyte_are_compared_quickly():
    before = changed("material", [{"id": f"m{n}", "kind": "MG11", "title": "x" * 480} for n in range(2000)])
    after = json.loads(json.dumps(before))
    after["material"] = [*after["material"][1:], {"id": "new", "kind": "MG11"}]
    after["material"][1000]["title"] = "y"
    started = time.thread_time()
    assert between(before, after)["summary"] == {"added": 1, "removed": 1, "changed": 1}
    assert [step["op"] for step in json_patch(before, after)] == ["remove", "add", "replace"]
    assert time.thread_time() - started < 0.5
