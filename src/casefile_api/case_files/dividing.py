"""What of a content goes with some of its suspects: them, what concerns them, and nothing that concerns others alone.

So neither another suspect nor a complainant of theirs goes into a file they have no part in (DPA 2018 s.37). Files of
the first case stay with it: a version names attachments of its own case file. Pure.
"""

import json
from collections.abc import Collection, Iterable
from typing import Any, cast

from casefile_api.case_files.checks.references import OF_ONE, REFERENCES, WITHIN
from casefile_api.case_files.content.reading import LISTS

_PEOPLE = ("suspects", "complainants")
Content = dict[str, Any]
Items = list[dict[str, Any]]


def divided(content: Content, suspect_ids: Collection[str]) -> Content:
    """Return the content for these suspects alone; what is left in it refers to what is left in it."""
    part = cast(Content, json.loads(json.dumps(content)))
    named = _complainants_of(_items(part, "offences"))
    part["suspects"] = [one for one in _items(part, "suspects") if one["id"] in suspect_ids]
    before, left = -1, _size(part)
    while left != before:  # what goes may take along what was about it
        _prune(part, named)
        before, left = left, _size(part)
    for item in _items(part, "material"):
        if "attachment_ids" in item:
            item["attachment_ids"] = []
    return part


def _prune(part: Content, named: Collection[str]) -> None:
    """Take out what concerns others alone, and references that lead nowhere then."""
    for name, member, target in REFERENCES:
        known = _ids(part, target)
        if target in _PEOPLE:
            _keep(part, name, [item for item in _items(part, name) if not _of_others(item.get(member), known)])
        for item in _items(part, name):
            _lead_somewhere(item, member, known)
    for name, member, target in OF_ONE:
        known = _ids(part, target)
        _keep(part, name, [item for item in _items(part, name) if member not in item or item[member] in known])
    left = _complainants_of(_items(part, "offences"))
    complainants = _items(part, "complainants")
    _keep(part, "complainants", [one for one in complainants if one["id"] not in named or one["id"] in left])
    _prune_within(part)


def _prune_within(part: Content) -> None:
    offences, material = _ids(part, "offences"), _ids(part, "material")
    for people, name in WITHIN:
        for item in (item for person in _items(part, people) for item in _items(person, name)):
            _lead_somewhere(item, "material_ids", material)
            if item.get("offence_id") not in offences:
                item.pop("offence_id", None)


def _of_others(about: Collection[str] | None, known: Collection[str]) -> bool:
    """Say whether an item is about people of whom none is left; one that names nobody concerns everybody."""
    return bool(about) and not any(one in known for one in about or ())


def _lead_somewhere(item: dict[str, Any], member: str, known: Collection[str]) -> None:
    if member in item:
        item[member] = [one for one in item[member] if one in known]


def _keep(part: Content, name: str, kept: Items) -> None:
    if name in part:
        part[name] = kept


def _size(part: Content) -> int:
    return sum(len(_items(part, name)) for name in LISTS)


def _items(members: dict[str, Any], name: str) -> Items:
    return cast(Items, members.get(name) or [])


def _ids(part: Content, name: str) -> set[str]:
    return {str(item["id"]) for item in _items(part, name) if "id" in item}


def _complainants_of(offences: Iterable[dict[str, Any]]) -> set[str]:
    return {one for offence in offences for one in offence.get("complainant_ids") or ()}
