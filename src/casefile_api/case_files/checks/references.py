"""Errors of reference: an id used twice, one that leads nowhere, a code that no list has or no longer has."""

from collections.abc import Callable, Iterator, Set
from datetime import date
from functools import cache
from typing import cast

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.reading import LISTS, Members, day, items, part, text, texts
from casefile_api.case_files.content.whole import CaseContent
from casefile_api.organisations.code_lists import CODE_LISTS, find
from casefile_api.web.strict_json import JsonValue

AFTER = "3"
NAMES_SUSPECTS = (
    "offences lines_of_enquiry material chronology links media_elsewhere forensic_submissions outstanding_evidence"
    " orders opinions"
)
NAMES_MATERIAL = (
    "lines_of_enquiry chronology witnesses unused_material media_elsewhere devices third_party_requests"
    " forensic_submissions orders opinions"
)
# list, member, list that the member's ids are of
REFERENCES = (
    *((name, "suspect_ids", "suspects") for name in NAMES_SUSPECTS.split()),
    *((name, "material_ids", "material") for name in NAMES_MATERIAL.split()),
    *((name, "complainant_ids", "complainants") for name in ("offences", "orders", "opinions")),
    *((name, "line_ids", "lines_of_enquiry") for name in ("material", "devices", "third_party_requests")),
    ("outstanding_evidence", "line_ids", "lines_of_enquiry"),
    ("opinions", "witness_ids", "witnesses"),
)
OF_ONE = tuple(
    (name, member, target)
    for name in ("devices", "third_party_requests")
    for member, target in (
        ("suspect_id", "suspects"),
        ("complainant_id", "complainants"),
        ("witness_id", "witnesses"),
    )
)
# people, their own lists
WITHIN = (
    ("suspects", "interviews"),
    ("suspects", "proposed_charges"),
    ("suspects", "convictions"),
    ("complainants", "interviews"),
    ("witnesses", "interviews"),
)


def errors(content: Members, attachment_ids: Set[str], on: date, base: str) -> Found:
    """Find ids that stand twice, references that lead nowhere, and codes that are in no list."""
    known = {name: {str(item.get("id")) for _, item in items(content, name)} for name in LISTS}
    for name in LISTS:
        yield from _duplicates(content, name, f"{base}/{name}")
    for people, name in WITHIN:
        for index, person in items(content, people):
            yield from _duplicates(person, name, f"{base}/{people}/{index}/{name}")
            yield from _within(person, name, known, f"{base}/{people}/{index}/{name}")
    for name, member, target in REFERENCES:
        for index, item in items(content, name):
            yield from _unresolved(item, member, known[target], f"{base}/{name}/{index}/{member}")
    for name, member, target in OF_ONE:
        for index, item in items(content, name):
            if member in item and item[member] not in known[target]:
                yield "unresolved_reference", f"{base}/{name}/{index}/{member}"
    yield from _attachments(content, attachment_ids, base)
    yield from _codes(content, base)
    yield from _expired(content, on, base)


def _duplicates(members: Members, name: str, base: str) -> Found:
    seen: set[str] = set()
    for index, item in items(members, name):
        given = item.get("id")
        if isinstance(given, str):
            if given in seen:
                yield "duplicate_id", f"{base}/{index}/id"
            seen.add(given)


def _within(person: Members, name: str, known: dict[str, set[str]], base: str) -> Found:
    for index, item in items(person, name):
        yield from _unresolved(item, "material_ids", known["material"], f"{base}/{index}/material_ids")
        if "offence_id" in item and item["offence_id"] not in known["offences"]:
            yield "unresolved_reference", f"{base}/{index}/offence_id"


def _unresolved(item: Members, member: str, known: set[str], base: str) -> Found:
    for position, reference in enumerate(texts(item, member)):
        if reference not in known:
            yield "unresolved_reference", f"{base}/{position}"


def _attachments(content: Members, attachment_ids: Set[str], base: str) -> Found:
    for index, item in items(content, "material"):
        for position, attachment in enumerate(texts(item, "attachment_ids")):
            if attachment not in attachment_ids:
                yield "unknown_attachment", f"{base}/material/{index}/attachment_ids/{position}"


def _codes(content: Members, base: str) -> Found:
    for place, offence in _alleged(content, base):
        code, dated = text(offence, "cjs_code"), part(offence, "dates")
        if code not in CODE_LISTS["offence"].by_code:
            yield "unknown_code", f"{place}/cjs_code"
        elif (last := _last_possible_day(dated)) and find("offence", code, last) is None:
            yield "not_in_force", f"{place}/cjs_code"
        if dated and text(dated, "code") not in CODE_LISTS["offence_date_code"].by_code:
            yield "unknown_code", f"{place}/dates/code"
    for index, material in items(content, "material"):
        if text(material, "kind") not in CODE_LISTS["document_kind"].by_code:
            yield "unknown_code", f"{base}/material/{index}/kind"


def _alleged(content: Members, base: str) -> Iterator[tuple[str, Members]]:
    """Give every offence and every proposed charge with its place."""
    yield from ((f"{base}/offences/{index}", offence) for index, offence in items(content, "offences"))
    for number, suspect in items(content, "suspects"):
        for index, charge in items(suspect, "proposed_charges"):
            yield f"{base}/suspects/{number}/proposed_charges/{index}", charge


def _last_possible_day(dates: Members) -> date | None:
    """Return the last day on which the offence can have been committed; None where that is open."""
    return None if text(dates, "code") == AFTER else day(dates, "to") or day(dates, "from")


def _expired(content: Members, on: date, base: str) -> Found:
    """Find words that their list no longer has on this day."""
    for path, name in _coded_members():
        if CODE_LISTS[name].changed_on is not None:
            yield from _expired_at(cast(JsonValue, content), path, _expires(name, on), base)


def _expires(name: str, on: date) -> Callable[[str], bool]:
    listed = CODE_LISTS[name]
    return lambda word: word in listed.by_code and listed.find(word, on) is None


def _expired_at(value: JsonValue, path: tuple[str, ...], gone: Callable[[str], bool], place: str) -> Found:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expired_at(item, path, gone, f"{place}/{index}")
    elif not path:
        if isinstance(value, str) and gone(value):
            yield "expired_code", place
    elif isinstance(value, dict) and path[0] in value:
        yield from _expired_at(value[path[0]], path[1:], gone, f"{place}/{path[0]}")


@cache
def _coded_members() -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return every member that holds a word of a list, by its path; lists are passed through."""
    schema = cast(dict[str, dict[str, JsonValue]], CaseContent.model_json_schema())
    return tuple(_coded(cast(Members, schema), cast(Members, schema["$defs"]), ()))


def _coded(schema: Members, parts: Members, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "$ref" in schema:
        yield from _coded(part(parts, str(schema["$ref"]).rsplit("/", 1)[-1]), parts, path)
    elif "x-code-list" in schema:
        yield path, str(schema["x-code-list"])
    elif "items" in schema:
        yield from _coded(part(schema, "items"), parts, path)
    for name, member in part(schema, "properties").items():
        yield from _coded(cast(Members, member), parts, (*path, name))
