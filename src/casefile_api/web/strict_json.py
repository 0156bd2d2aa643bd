"""What counts as JSON here: one meaning for every document, whoever reads it.

RFC 8259 leaves duplicate names, huge numbers and lone surrogates to the reader; a case file that two record systems
read differently is worthless as evidence, and RFC 8785 has no canonical form for some of it. So all of it is refused
(I-JSON, RFC 7493, is the model), each with a pointer (RFC 6901) to the place. The one thing to know: a sound document
costs one quick parse and a shallow walk over its containers; only one that looks faulty is read closely and walked
again to say where.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

import orjson

from casefile_api.errors import Fault, Invalid

JsonValue: TypeAlias = "None | bool | int | str | list[JsonValue] | dict[str, JsonValue]"
Path: TypeAlias = tuple[str | int, ...]
NullPolicy: TypeAlias = Callable[[Path], bool]

LARGEST_INTEGER = 2**53 - 1
MOST_FAULTS = 50

_SURROGATE = re.compile("[\ud800-\udfff]")
_TROUBLE = re.compile("[\0\ud800-\udfff]")
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True)
class Limits:
    """The largest document accepted; stated in the OpenAPI document."""

    depth: int = 32
    items: int = 2_000
    characters: int = 100_000
    name_characters: int = 256


LIMITS = Limits()


def only_in_extensions(path: Path) -> bool:
    """An ordinary body: no null, except below `/content/extensions`, which is kept as sent."""
    return len(path) > 2 and path[0] == "content" and path[1] == "extensions"


def merge_patch_nulls(path: Path) -> bool:
    """A merge patch: null removes a member (RFC 7396 §2). Inside an array it would be a value and is refused."""
    return only_in_extensions(path) or not any(isinstance(step, int) for step in path) and len(path) > 0


def json_patch_nulls(path: Path) -> bool:
    """A JSON Patch: null may be (part of) the `value` of an operation; the result is checked in turn."""
    return len(path) > 1 and path[1] == "value"


def parse(raw: bytes, *, allow_null: NullPolicy = only_in_extensions, limits: Limits = LIMITS) -> JsonValue:
    """The one meaning of `raw`, or Invalid naming every place (50 at most) that has none."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise _refusal([Fault("byte_order_mark", "JSON is sent without a byte order mark.", pointer="")])
    strings = len(raw) > limits.characters or _SUSPECT_ESCAPE.search(raw) is not None
    value = _read_quickly(raw)
    if value is None or not _is_sound(value, allow_null, limits, strings=strings):
        value = _read_closely(raw, limits)
        if not _is_sound(value, allow_null, limits, strings=strings):
            _refuse_faults(value, allow_null, limits)
    return cast(JsonValue, value)


def _read_quickly(raw: bytes) -> object:
    """The value by a reader that takes the last of repeated names; None where it is to be read closely.

    A name that was lost leaves fewer quotes in what is written of the value than there are in the document.
    """
    try:
        value: object = orjson.loads(raw)
        return value if _quotes(orjson.dumps(value)) == _quotes(raw) else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _quotes(raw: bytes) -> int:
    """How many quotes begin or end a string."""
    if b"\\" in raw:
        raw = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    return raw.count(b'"')


def _read_closely(raw: bytes, limits: Limits) -> object:
    """The value with a mark wherever something has no single meaning."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8: see the byte at offset {error.start}."
        raise _refusal([Fault("not_utf8", detail, pointer="")]) from None
    try:
        return json.loads(
            text, object_pairs_hook=_members, parse_int=_integer, parse_float=_Fraction, parse_constant=_NotANumber
        )
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: see line {error.lineno}, column {error.colno}."
        raise _refusal([Fault("malformed", detail, pointer="")]) from None
    except RecursionError:
        raise _refusal([Fault("too_deep", _depth_detail(limits), pointer="")]) from None


def check_value(value: JsonValue, *, allow_null: NullPolicy = only_in_extensions, limits: Limits = LIMITS) -> None:
    """The same rules for a value that was computed, such as the result of a patch."""
    if not _is_sound(value, allow_null, limits, strings=True):
        _refuse_faults(value, allow_null, limits)


def pointer_of(path: Iterable[str | int]) -> str:
    """RFC 6901. A name that cannot be written in UTF-8 is shown with U+FFFD in its place."""
    return "".join("/" + _SURROGATE.sub("\ufffd", str(step)).replace("~", "~0").replace("/", "~1") for step in path)


class _Fraction(str):
    """A number token with a fraction or an exponent: kept as a mark, never as a float."""


class _NotANumber(str):
    """NaN, Infinity or -Infinity, which Python's parser would take and JSON does not have."""


class _TooLarge(str):
    """An integer that other readers would round."""


class _Repeating(dict[str, object]):
    """An object in which a name stands more than once."""

    repeated: list[str]


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    marked = _Repeating(members)
    marked.repeated = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    return marked


def _integer(text: str) -> int | str:
    if len(text) <= 17 and -LARGEST_INTEGER <= (number := int(text)) <= LARGEST_INTEGER:
        return number
    return _TooLarge(text)


def _is_sound(root: object, allow_null: NullPolicy, limits: Limits, *, strings: bool) -> bool:
    """The quick look: whether all is well, not what is wrong. `strings`: they have to be looked into as well."""
    waiting: list[tuple[Path, object]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        children = _sound_children(node, path, limits, strings=strings)
        if children is None:
            return False
        for step, child in children:
            kind = type(child)
            if kind is dict or kind is list:
                waiting.append(((*path, step), child))
            elif kind is bool or (kind is str and not strings):
                continue
            elif child is None:
                if not allow_null((*path, step)):
                    return False
            elif not _is_sound_scalar(child, limits):
                return False
    return True


def _sound_children(
    node: object, path: Path, limits: Limits, *, strings: bool
) -> Iterable[tuple[str | int, object]] | None:
    """Give what stands in an object or list, or None where something is wrong with the thing itself."""
    if len(path) >= limits.depth:
        return None
    if type(node) is dict:
        members = cast(dict[str, object], node)
        if len(members) > limits.items:
            return None
        named = not members or max(map(len, members)) <= limits.name_characters
        return members.items() if named and not (strings and any(map(_TROUBLE.search, members))) else None
    items = cast(list[object], node) if type(node) is list else None
    return None if items is None or len(items) > limits.items else enumerate(items)


def _is_sound_scalar(value: object, limits: Limits) -> bool:
    if type(value) is str:
        return len(value) <= limits.characters and _TROUBLE.search(value) is None
    return type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER


def _refuse_faults(value: object, allow_null: NullPolicy, limits: Limits) -> None:
    faults: list[Fault] = []
    for fault in _faults(value, allow_null, limits):
        faults.append(fault)
        if len(faults) == MOST_FAULTS:
            break
    if faults:
        raise _refusal(faults)


def _refusal(faults: list[Fault]) -> Invalid:
    return Invalid("The body is not JSON that this service accepts.", *faults)


def _faults(root: object, allow_null: NullPolicy, limits: Limits) -> Iterator[Fault]:
    """Every fault in document order. A stack of its own, so that no depth of nesting can exhaust Python's."""
    waiting: list[tuple[Path, object]] = [((), root)]
    while waiting:
        path, value = waiting.pop()
        if value is None:
            if not allow_null(path):
                detail = "null is not accepted here. Leave the member out where there is nothing to say."
                yield Fault("null", detail, pointer=pointer_of(path))
        elif isinstance(value, str | int | float):
            yield from _scalar_faults(path, value, limits)
        elif len(path) >= limits.depth:
            yield Fault("too_deep", _depth_detail(limits), pointer=pointer_of(path))
        elif isinstance(value, dict) and len(value) > limits.items:
            detail = f"An object may hold {limits.items} members at most."
            yield Fault("too_many_items", detail, pointer=pointer_of(path))
        elif isinstance(value, dict):
            yield from _name_faults(path, value, limits)
            waiting += [((*path, name), value[name]) for name in reversed(value) if len(name) <= limits.name_characters]
        elif isinstance(value, list):
            if len(value) > limits.items:
                detail = f"A list may hold {limits.items} items at most."
                yield Fault("too_many_items", detail, pointer=pointer_of(path))
            else:
                waiting += [((*path, index), value[index]) for index in range(len(value) - 1, -1, -1)]
        else:
            yield Fault("malformed", "This is not a JSON value.", pointer=pointer_of(path))


def _scalar_faults(path: Path, value: object, limits: Limits) -> Iterator[Fault]:
    pointer = pointer_of(path)
    if isinstance(value, _Fraction | float):
        yield Fault("fraction", "Only whole numbers are accepted, without fraction or exponent.", pointer=pointer)
    elif isinstance(value, _NotANumber):
        yield Fault("not_a_number", "NaN and Infinity are not JSON.", pointer=pointer)
    elif isinstance(value, _TooLarge) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
        yield Fault("integer_too_large", "Integers go from -(2^53-1) to 2^53-1.", pointer=pointer)
    elif isinstance(value, str):
        if len(value) > limits.characters:
            detail = f"A string may hold {limits.characters} characters at most."
            yield Fault("too_long", detail, pointer=pointer)
        yield from _text_faults(value, pointer, "This string")


def _name_faults(path: Path, members: dict[str, object], limits: Limits) -> Iterator[Fault]:
    """Faults of names point at the object they stand in, a repeated name at the member."""
    for name in getattr(members, "repeated", ()):
        detail = "This name stands more than once in its object."
        yield Fault("duplicate_name", detail, pointer=pointer_of((*path, name[: limits.name_characters])))
    for name in members:
        if len(name) > limits.name_characters:
            detail = f"A member's name here is longer than {limits.name_characters} characters."
            yield Fault("name_too_long", detail, pointer=pointer_of(path))
        yield from _text_faults(name, pointer_of(path), "A member's name here")


def _text_faults(text: str, pointer: str, what: str) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault("nul", f"{what} holds the character NUL.", pointer=pointer)
    if _SURROGATE.search(text):
        yield Fault("lone_surrogate", f"{what} holds half of a surrogate pair.", pointer=pointer)


def _depth_detail(limits: Limits) -> str:
    return f"Objects and lists may be nested {limits.depth} levels deep at most."
