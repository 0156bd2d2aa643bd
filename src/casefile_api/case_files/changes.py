"""What changed between two versions, in a prosecutor's terms: by section and item, with before and after.

Items are matched by the `id` that police gave them, so an item that only moved is no change, and one that was
renumbered in the list is still itself. `json_patch` gives the same difference for machines, exactly and by position.
Pure.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import cast

import orjson

from casefile_api.case_files.attachment_changes import attachment_changes
from casefile_api.case_files.content.reading import LISTS, Members
from casefile_api.web.strict_json import JsonValue, pointer_of

NAMES = {
    "suspects": "Suspect",
    "complainants": "Complainant",
    "witnesses": "Witness",
    "offences": "Offence",
    "lines_of_enquiry": "Line of enquiry",
    "material": "Material",
    "chronology": "Chronology entry",
    "links": "Linked case",
    "other_contacts": "Contact",
    "other_people": "Other person",
    "unused_material": "Unused material",
    "media_elsewhere": "Media held elsewhere",
    "devices": "Device",
    "third_party_requests": "Third-party request",
    "forensic_submissions": "Forensic submission",
    "outstanding_evidence": "Outstanding evidence",
    "orders": "Order",
    "case_outline": "Case outline",
    "opinions": "Opinion",
}

Body = dict[str, JsonValue]
_MOST_OPERATIONS = 10_000
_AT_ONCE = 500


def changes_between(
    before: Members,
    after: Members,
    *,
    from_number: int,
    to_number: int,
    attachments_before: Sequence[Mapping[str, JsonValue]],
    attachments_after: Sequence[Mapping[str, JsonValue]],
) -> Body:
    """Say what is new in `after`: counts, changes by section, and attachments added, removed and replaced."""
    sections: list[JsonValue] = []
    counts = {"added": 0, "removed": 0, "changed": 0}
    for section in _sections(before, after):
        changes = _section_changes(section, before.get(section), after.get(section))
        if changes:
            own = {kind: sum(change["kind"] == kind for change in changes) for kind in counts}
            counts = {kind: counts[kind] + own[kind] for kind in counts}
            sections.append({"section": section, "counts": {**own}, "changes": list(changes)})
    return {
        "from": from_number,
        "to": to_number,
        "summary": dict(counts),
        "sections": sections,
        "attachments": attachment_changes(before, after, attachments_before, attachments_after),
    }


def json_patch(before: Members, after: Members) -> list[Body]:
    """Give the operations (RFC 6902) that turn `{"content": before}` exactly into `{"content": after}`.

    A section that would take thousands of them is replaced whole: nobody reads so many, and they are longer than it.
    """
    found: list[Body] = [{"op": "remove", "path": _below("/content", name)} for name in before if name not in after]
    for name, value in after.items():
        path = _below("/content", name)
        if name not in before:
            found.append({"op": "add", "path": path, "value": value})
            continue
        some = list(islice(_operations(path, before[name], value), _MOST_OPERATIONS + 1))
        found += some if len(some) <= _MOST_OPERATIONS else [{"op": "replace", "path": path, "value": value}]
    return found


def _sections(before: Members, after: Members) -> list[str]:
    """List every member of either content, in the order of the newer one."""
    return [*after, *(name for name in before if name not in after)]


def _section_changes(section: str, before: JsonValue, after: JsonValue) -> list[Body]:
    if _same(before, after):
        return []
    if section in LISTS:
        return list(_item_changes(section, before or [], after or []))
    kind = "added" if before is None else "removed" if after is None else "changed"
    name = _words(section).capitalize()
    fields = [_field(section, before, after)]
    if isinstance(before, dict) and isinstance(after, dict):
        fields = _fields(before, after)
        name = f"{name}: {_listed(fields)}"
    return [_change(kind, None, pointer_of(("content", section)), f"{name} {_VERBS[kind]}.", fields)]


_VERBS = {"added": "added", "removed": "taken out", "changed": "changed"}


def _item_changes(section: str, before: JsonValue, after: JsonValue) -> Iterator[Body]:
    """Compare two lists by item. Added and changed items point into the newer version, removed ones into the older."""
    old, new = _by_id(before), _by_id(after)
    for key, (index, item) in new.items():
        pointer = f"/content/{section}/{index}"
        if key not in old:
            yield _change("added", key, pointer, _sentence(section, key, "added"), _fields({}, item))
        elif not _same(was := dict(old[key][1]), now := dict(item)) and (fields := _fields(was, now)):
            yield _change("changed", key, pointer, _sentence(section, key, "changed", fields), fields)
    for key, (index, item) in old.items():
        if key not in new:
            pointer = f"/content/{section}/{index}"
            yield _change("removed", key, pointer, _sentence(section, key, "removed"), _fields(item, {}))


def _by_id(found: JsonValue) -> dict[str, tuple[int, Members]]:
    listed = found if isinstance(found, list) else []
    return {str(item["id"]): (index, item) for index, item in enumerate(listed) if isinstance(item, dict)}


def _change(kind: str, key: str | None, pointer: str, sentence: str, fields: list[Body]) -> Body:
    return {"kind": kind, "id": key, "pointer": pointer, "sentence": sentence, "fields": list(fields)}


def _fields(before: Members, after: Members) -> list[Body]:
    """Compare two objects member by member; one that is not there is null."""
    names = [*after, *(name for name in before if name not in after)]
    found = [
        name for name in names if (name in before) != (name in after) or not _same(before.get(name), after.get(name))
    ]
    return [_field(name, before.get(name), after.get(name)) for name in found if name != "id"]


def _field(name: str, before: JsonValue, after: JsonValue) -> Body:
    return {"name": name, "before": before, "after": after}


def _sentence(section: str, key: str, kind: str, fields: Sequence[Body] = ()) -> str:
    """Say it to a prosecutor. Items go by their ids, never by a person's name."""
    what = f"{NAMES[section]} {key}"
    return f"{what}: {_listed(fields)} {_VERBS[kind]}." if fields else f"{what} {_VERBS[kind]}."


def _listed(fields: Sequence[Body]) -> str:
    names = [_words(str(field["name"])) for field in fields]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _words(name: str) -> str:
    return name.replace("_", " ")


_PLAIN = (str, int, bool)


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Compare as JSON: `true` is not 1, and the order of an object's members says nothing.

    What is written alike is the same, and stored contents are written in one order; only then is it worth sorting.
    """
    if type(one) in _PLAIN and type(other) in _PLAIN:
        return type(one) is type(other) and one == other
    if orjson.dumps(one) == orjson.dumps(other):
        return True
    return one == other and _sorted_text(one) == _sorted_text(other)


def _sorted_text(value: JsonValue) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _below(path: str, name: str | int) -> str:
    """Return the pointer (RFC 6901) to a member or item below a pointer."""
    if isinstance(name, str) and ("~" in name or "/" in name):
        return path + pointer_of((name,))
    return f"{path}/{name}"


def _operations(path: str, before: JsonValue, after: JsonValue) -> Iterator[Body]:
    if _same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before:
            if name not in after:
                yield {"op": "remove", "path": _below(path, name)}
        for name, value in after.items():
            if name not in before:
                yield {"op": "add", "path": _below(path, name), "value": value}
            else:
                yield from _operations(_below(path, name), before[name], value)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _by_unique_id(before), _by_unique_id(after)
        yield from _list_operations(path, before, after) if old is None or new is None else _moves(path, old, new)
    else:
        yield {"op": "replace", "path": path, "value": after}


def _list_operations(path: str, before: list[JsonValue], after: list[JsonValue]) -> Iterator[Body]:
    """Keep what both lists begin and end with; between, go pair by pair, then drop or add what is left over."""
    start = _in_common(before, after)
    kept = min(_in_common(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    old, new = before[start : len(before) - kept], after[start : len(after) - kept]
    paired = min(len(old), len(new))
    for index in range(paired):
        yield from _operations(f"{path}/{start + index}", old[index], new[index])
    for index in range(len(old) - 1, paired - 1, -1):
        yield {"op": "remove", "path": f"{path}/{start + index}"}
    for index in range(paired, len(new)):
        yield {"op": "add", "path": f"{path}/{start + index}", "value": new[index]}


def _in_common(one: list[JsonValue], other: list[JsonValue]) -> int:
    """Return how many items both lists begin with; many are compared at once while they are written alike."""
    count, shorter = 0, min(len(one), len(other))
    while count < shorter and orjson.dumps(one[count : count + _AT_ONCE]) == orjson.dumps(
        other[count : count + _AT_ONCE]
    ):
        count = min(count + _AT_ONCE, shorter)
    while count < shorter and _same(one[count], other[count]):
        count += 1
    return count


def _by_unique_id(listed: list[JsonValue]) -> dict[str, JsonValue] | None:
    """Return the items by id, or None where they are no objects, each with an id of its own."""
    found = {item["id"]: item for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)}
    return cast(dict[str, JsonValue], found) if len(found) == len(listed) else None


def _moves(path: str, old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> Iterator[Body]:
    """Drop the items that are gone, put each of the new list in its place, then change what stayed.

    Whatever is in its place stands in front; behind it the others wait in their old order, so where one is now follows
    from how many wait before it.
    """
    for index, key in reversed(list(enumerate(old))):
        if key not in new:
            yield {"op": "remove", "path": f"{path}/{index}"}
    places = {key: place for place, key in enumerate(key for key in old if key in new)}
    waiting = list(places.values())
    for index, (key, item) in enumerate(new.items()):
        if key not in places:
            yield {"op": "add", "path": f"{path}/{index}", "value": item}
            continue
        before = bisect_left(waiting, places[key])
        del waiting[before]
        if before:
            yield {"op": "move", "from": f"{path}/{index + before}", "path": f"{path}/{index}"}
    for index, (key, item) in enumerate(new.items()):
        if key in old:
            yield from _operations(f"{path}/{index}", old[key], item)
