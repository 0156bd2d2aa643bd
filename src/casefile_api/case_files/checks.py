"""What a content may not say: references that lead nowhere, codes that no list has, dates that cannot be.

Pure, over the content as parsed, after its shape was found right. An error here means that a prosecutor would be
misled; what is only doubtful is a warning (`warnings`), which is recorded with the version and stops nothing.
"""

from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice

from casefile_api.case_files.content.reading import LISTS, Members, day, items, part, text, texts
from casefile_api.case_files.doubts import warnings
from casefile_api.errors import Fault
from casefile_api.organisations.code_lists import CODE_LISTS, find

__all__ = ["CHECKS", "check_content", "named_attachment_ids", "warnings"]

MOST_FAULTS = 50

CHECKS: dict[str, str] = {
    "duplicate_id": "Another item of this list has the same id. Give each item one of its own.",
    "unresolved_reference": "No item of the content has this id. Add the item, or take the reference out.",
    "unknown_attachment": "This case file has no such attachment. Declare it first, or take it out.",
    "unknown_code": "The code is not in its list. See /v1/code-lists/{list}.",
    "not_in_force": "The offence was not in force when it is said to have been committed. Choose the code that was.",
    "end_date_missing": "Date code 4 (between) needs the last day in `to`.",
    "dates_reversed": "The last day is before the first. Put the two in order.",
    "future_date": "This day has not come yet. Correct the date.",
    "before_birth": "This is before the person was born. Correct one of the dates.",
}

REFERENCES = (
    ("offences", "suspect_ids", "suspects"),
    ("offences", "complainant_ids", "complainants"),
    ("lines_of_enquiry", "suspect_ids", "suspects"),
    ("lines_of_enquiry", "material_ids", "material"),
    ("material", "suspect_ids", "suspects"),
    ("material", "line_ids", "lines_of_enquiry"),
    ("chronology", "suspect_ids", "suspects"),
    ("chronology", "material_ids", "material"),
    ("witnesses", "material_ids", "material"),
)

PAST_DAYS = (
    ("suspects", ("date_of_birth", "first_identified_on")),
    ("complainants", ("date_of_birth", "first_account_on", "interviewed_on", "vps_made_on", "needs_assessed_on")),
    ("witnesses", ("date_of_birth", "needs_assessed_on")),
    ("lines_of_enquiry", ("completed_on",)),
    ("material", ("created_on", "requested_on", "received_on")),
)

BETWEEN, AFTER = "4", "3"


def check_content(
    content: Members, *, attachment_ids: Collection[str], on: date, base: str = "/content"
) -> list[Fault]:
    """Name what the content may not say (50 places at most), given the case file's attachments and today's date."""
    return list(islice(_faults(content, attachment_ids, on, base), MOST_FAULTS))


def named_attachment_ids(content: Members) -> list[str]:
    """Return the attachments that the content's material names, each once, in order of their ids."""
    return sorted({one for _, item in items(content, "material") for one in texts(item, "attachment_ids")})


def _faults(content: Members, attachment_ids: Collection[str], on: date, base: str) -> Iterator[Fault]:
    for name in LISTS:
        yield from _duplicates(content, name, f"{base}/{name}")
    for suspect, members in items(content, "suspects"):
        yield from _duplicates(members, "interviews", f"{base}/suspects/{suspect}/interviews")
    yield from _references(content, attachment_ids, base)
    yield from _codes(content, base)
    yield from _dates(content, on, base)


def _fault(code: str, pointer: str, code_list: str = "") -> Fault:
    return Fault(code, CHECKS[code].replace("{list}", code_list), pointer=pointer)


def _duplicates(members: Members, name: str, base: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in items(members, name):
        given = item.get("id")
        if not isinstance(given, str):
            continue
        if given in seen:
            yield _fault("duplicate_id", f"{base}/{index}/id")
        seen.add(given)


def _references(content: Members, attachment_ids: Collection[str], base: str) -> Iterator[Fault]:
    known = {name: {str(item.get("id")) for _, item in items(content, name)} for name in LISTS}
    for name, member, target in REFERENCES:
        for index, item in items(content, name):
            yield from _unresolved(item, member, known[target], f"{base}/{name}/{index}/{member}")
    for suspect, members in items(content, "suspects"):
        for index, interview in items(members, "interviews"):
            place = f"{base}/suspects/{suspect}/interviews/{index}/material_ids"
            yield from _unresolved(interview, "material_ids", known["material"], place)
    for index, item in items(content, "material"):
        for position, attachment in enumerate(texts(item, "attachment_ids")):
            if attachment not in attachment_ids:
                yield _fault("unknown_attachment", f"{base}/material/{index}/attachment_ids/{position}")


def _unresolved(item: Members, member: str, known: set[str], base: str) -> Iterator[Fault]:
    for position, reference in enumerate(texts(item, member)):
        if reference not in known:
            yield _fault("unresolved_reference", f"{base}/{position}")


def _codes(content: Members, base: str) -> Iterator[Fault]:
    for index, offence in items(content, "offences"):
        code = text(offence, "cjs_code")
        place = f"{base}/offences/{index}"
        if code not in CODE_LISTS["offence"].by_code:
            yield _fault("unknown_code", f"{place}/cjs_code", "offence")
        elif (last := _last_possible_day(part(offence, "dates"))) and find("offence", code, last) is None:
            yield _fault("not_in_force", f"{place}/cjs_code")
        dated = part(offence, "dates")
        if dated and text(dated, "code") not in CODE_LISTS["offence_date_code"].by_code:
            yield _fault("unknown_code", f"{place}/dates/code", "offence_date_code")
    for index, material in items(content, "material"):
        if text(material, "kind") not in CODE_LISTS["document_kind"].by_code:
            yield _fault("unknown_code", f"{base}/material/{index}/kind", "document_kind")


def _last_possible_day(dates: Members) -> date | None:
    """Return the last day on which the offence can have been committed; None where that is open."""
    return None if text(dates, "code") == AFTER else day(dates, "to") or day(dates, "from")


def _dates(content: Members, on: date, base: str) -> Iterator[Fault]:
    yield from _not_future(content, ("reported_on", "crimed_on"), on, base)
    for name, members in PAST_DAYS:
        for index, item in items(content, name):
            yield from _not_future(item, members, on, f"{base}/{name}/{index}")
    for index, offence in items(content, "offences"):
        yield from _offence_dates(part(offence, "dates"), on, f"{base}/offences/{index}/dates")
    for index, suspect in items(content, "suspects"):
        yield from _suspect_dates(suspect, on, f"{base}/suspects/{index}")


def _not_future(members: Members, names: Collection[str], on: date, base: str) -> Iterator[Fault]:
    for name in names:
        given = day(members, name)
        if given and given > on:
            yield _fault("future_date", f"{base}/{name}")


def _offence_dates(dates: Members, on: date, base: str) -> Iterator[Fault]:
    first, last = day(dates, "from"), day(dates, "to")
    yield from _not_future(dates, ("from",), on, base)
    if text(dates, "code") == BETWEEN and last is None:
        yield _fault("end_date_missing", base)
    if first and last and last < first:
        yield _fault("dates_reversed", f"{base}/to")


def _suspect_dates(suspect: Members, on: date, base: str) -> Iterator[Fault]:
    born = day(suspect, "date_of_birth")
    known = day(suspect, "first_identified_on")
    if born and known and known < born:
        yield _fault("before_birth", f"{base}/first_identified_on")
    for index, interview in items(suspect, "interviews"):
        place = f"{base}/interviews/{index}"
        yield from _not_future(interview, ("on",), on, place)
        held = day(interview, "on")
        if born and held and held < born:
            yield _fault("before_birth", f"{place}/on")
    custody = part(suspect, "custody")
    yield from _not_future(custody, ("arrested_on",), on, f"{base}/custody")
    starts, ends = day(custody, "bail_from"), day(custody, "bail_until")
    if starts and ends and ends < starts:
        yield _fault("dates_reversed", f"{base}/custody/bail_until")
