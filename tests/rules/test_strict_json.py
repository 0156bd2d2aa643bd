"""Only documents with one meaning are taken, and every refusal says where."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.errors import Invalid
from casefile_api.web.strict_json import (
    LIMITS,
    check_value,
    json_patch_nulls,
    merge_patch_nulls,
    parse,
    pointer_of,
)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
sound = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(words, inner, max_size=5),
    max_leaves=30,
)


def faults_of(raw: bytes | str, **options) -> list[tuple[str, str | None]]:
    with pytest.raises(Invalid) as refusal:
        parse(raw.encode() if isinstance(raw, str) else raw, **options)
    return [(fault.code, fault.pointer) for fault in refusal.value.faults]


@given(sound)
def test_a_sound_document_is_parsed_to_exactly_its_value(value):
    for ascii_only in (True, False):
        assert parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
    check_value(value)


quoted = st.sampled_from(['"', "\\", '\\"', '"\\', "\\\\", "\\u0022", 'é"', "\n"]) | words


@given(st.lists(st.tuples(quoted, quoted | sound), min_size=1, max_size=4), st.booleans(), st.data())
def test_a_repeated_name_is_found_whatever_its_spelling(members, ascii_only, data):
    name, _ = data.draw(st.sampled_from(members))
    pairs = data.draw(st.permutations([*members, (name, data.draw(quoted))]))
    written = ", ".join(f"{json.dumps(k, ensure_ascii=ascii_only)} :{json.dumps(v)}" for k, v in pairs)

    assert {code for code, _ in faults_of(f'[{{"{chr(92)}"":"{chr(92) * 2}"}},{{{written}}}]')} == {"duplicate_name"}


@given(st.binary(max_size=60))
def test_any_bytes_are_either_json_or_refused_by_us(raw):
    try:
        value = parse(raw)
    except Invalid:
        return
    assert json.loads(raw) == value


@given(sound, st.sampled_from([1.5, None, 2**53, "a\0", "\ud800"]), st.data())
def test_one_bad_value_anywhere_is_found_at_its_pointer(value, bad, data):
    if not isinstance(value, dict | list) or not value:
        value = [value]
    place = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    value[place] = bad
    found = faults_of(json.dumps(value))
    assert [pointer for _, pointer in found] == [pointer_of([place])]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", ("malformed", "")),
        (b"{", ("malformed", "")),
        (b"{'a': 1}", ("malformed", "")),
        (b'{"a": 01}', ("malformed", "")),
        (b'{"a": 1} {}', ("malformed", "")),
        (b'"a\x00"', ("malformed", "")),
        (b"\xef\xbb\xbf{}", ("byte_order_mark", "")),
        (b'"\xff"', ("not_utf8", "")),
        (b'"\xed\xa0\x80"', ("not_utf8", "")),
        ("{}".encode("utf-16"), ("not_utf8", "")),
        (b'{"a": {"b": 1, "b": 1}}', ("duplicate_name", "/a/b")),
        (b'{"a": {"\\u0062": 1, "b": 1}}', ("duplicate_name", "/a/b")),
        (b'[{"a~/": null}]', ("null", "/0/a~0~1")),
        (b"null", ("null", "")),
        (b"[1.0]", ("fraction", "/0")),
        (b"[1e3]", ("fraction", "/0")),
        (b"[9007199254740992]", ("integer_too_large", "/0")),
        (b"[-9007199254740992]", ("integer_too_large", "/0")),
        (b"[" + b"9" * 5000 + b"]", ("integer_too_large", "/0")),
        (b"[NaN]", ("not_a_number", "/0")),
        (b"[-Infinity]", ("not_a_number", "/0")),
        (b'["\\u0000"]', ("nul", "/0")),
        (b'{"a": {"\\u0000": 1}}', ("nul", "/a")),
        (b'["\\udc00"]', ("lone_surrogate", "/0")),
        (b'{"a": {"\\ud83d": 1}}', ("lone_surrogate", "/a")),
        (b'{"' + b"n" * 257 + b'": 1}', ("name_too_long", "")),
        (b'["' + b"x" * 100_001 + b'"]', ("too_long", "/0")),
        (b"[" + b"1," * 2000 + b"1]", ("too_many_items", "")),
        (b"{" + b",".join(b'"%d":1' % n for n in range(2001)) + b"}", ("too_many_items", "")),
    ],
)
def test_each_fault_is_named_with_its_place(raw, fault):
    assert faults_of(raw) == [fault]


def test_largest_values_within_the_limits_are_accepted():
    value = {"n" * 256: ["x" * 100_000, 2**53 - 1, -(2**53) + 1, "\U0001f600", "null", "\\u0000"], "l": [1] * 2000}
    assert parse(json.dumps(value).encode()) == value


def test_nesting_up_to_the_limit_is_accepted_and_one_more_refused():
    assert parse(b"[" * LIMITS.depth + b"]" * LIMITS.depth)
    assert faults_of(b'{"a":' * LIMITS.depth + b"[]" + b"}" * LIMITS.depth) == [("too_deep", "/a" * LIMITS.depth)]


@pytest.mark.parametrize("depth", [500, 5_000, 500_000])
def test_no_depth_of_nesting_breaks_the_reader(depth):
    for raw in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        assert [code for code, _ in faults_of(raw)] == ["too_deep"]


def test_all_faults_are_listed_in_order_and_no_more_than_fifty():
    assert faults_of('{"a": [null, 1.5], "b": "\\u0000"}') == [("null", "/a/0"), ("fraction", "/a/1"), ("nul", "/b")]
    assert len(faults_of(json.dumps([None] * 80))) == 50


def test_null_is_kept_below_extensions_of_the_content_alone():
    raw = b'{"content": {"extensions": {"niche": {"beat": null, "tags": [null]}}}}'
    assert parse(raw) == json.loads(raw)
    assert faults_of(b'{"content": {"extensions": null}}') == [("null", "/content/extensions")]
    assert faults_of(b'{"extensions": {"a": null}}') == [("null", "/extensions/a")]


def test_a_merge_patch_may_remove_members_with_null_but_not_fill_lists_with_it():
    raw = b'{"content": {"issues": null, "extensions": {"a": [null]}}}'
    assert parse(raw, allow_null=merge_patch_nulls) == json.loads(raw)
    found = faults_of(b'{"content": {"links": [{"urn": null}]}}', allow_null=merge_patch_nulls)
    assert found == [("null", "/content/links/0/urn")]
    assert faults_of(b"null", allow_null=merge_patch_nulls) == [("null", "")]


def test_a_json_patch_may_carry_null_in_its_values_alone():
    raw = b'[{"op": "add", "path": "/content/extensions/a", "value": {"b": null}}]'
    assert parse(raw, allow_null=json_patch_nulls) == json.loads(raw)
    assert faults_of(b'[{"op": null}]', allow_null=json_patch_nulls) == [("null", "/0/op")]


def test_a_computed_value_is_held_to_the_same_rules():
    with pytest.raises(Invalid) as refusal:
        check_value({"content": {"issues": None, "summary": "\ud800"}})
    assert [fault.pointer for fault in refusal.value.faults] == ["/content/issues", "/content/summary"]


def test_a_refusal_does_not_repeat_what_was_sent():
    with pytest.raises(Invalid) as refusal:
        parse(b'{"summary": "Jane Doe\\u0000"}')
    assert "Jane" not in str(refusal.value.detail) + "".join(fault.detail for fault in refusal.value.faults)


def test_a_body_of_a_mebibyte_takes_milliseconds():
    raw = json.dumps([{"id": f"m{n}", "title": "x" * 300, "attachment_ids": []} for n in range(2000)]).encode()
    started = time.thread_time()
    for _ in range(5):
        parse(raw)
    assert (time.thread_time() - started) / 5 < 0.2


def test_a_body_full_of_repeated_names_is_refused_at_once():
    few, many = (b"{" + b",".join(b'"%d":1,"%d":1' % (n, n) for n in range(count)) + b"}" for count in (1_900, 50_000))
    started = time.thread_time()
    assert len(faults_of(few)) == 50
    assert faults_of(many) == [("too_many_items", "")]
    assert time.thread_time() - started < 2
