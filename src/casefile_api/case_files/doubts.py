"""What in a content is doubtful: recorded with the version as warnings, for police to mend when they can.

A record system's history is full of invented PNC ids and missing links; stopping the exchange for them would only
send officers back to e-mail. So these stop nothing, and each says what to look at. No warning repeats what was sent.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date

from casefile_api.case_files.content.reading import Members, day, items, part, text, texts
from casefile_api.case_files.urn import is_asn, is_cro, is_driver_number, is_pnc_id, parse_urn

MOST_WARNINGS = 200

WARNINGS: dict[str, str] = {
    "pnc_id_doubtful": "The PNC id has not the form YYYY/NNNNNNNC, or its check letter is wrong.",
    "asn_doubtful": "The arrest/summons number has not the usual form, or its check letter is wrong.",
    "cro_doubtful": "The CRO number has not the form NNNNNN/YYC.",
    "driver_number_doubtful": "The driver number has not the usual form.",
    "urn_doubtful": "The URN of the linked case has not the usual form.",
    "suspect_unnamed": "The suspect has neither a family name nor a description.",
    "suspect_without_offence": "No offence names this suspect.",
    "suspect_twice": "Another suspect has the same name and date of birth.",
    "under_ten": "The suspect was under ten, the age of criminal responsibility, on the day of the offence.",
    "born_after_offence": "The date of birth is after the day of an offence that names the person.",
    "offence_without_suspect": "The offence names no suspect.",
    "offence_without_complainant": "The offence names no complainant, though the case has one.",
    "offence_without_dates": "The offence has no dates.",
    "end_date_unused": "An end date is given, though the date code is not 4 (between).",
    "offence_after_report": "The offence is dated after the crime was reported.",
    "identified_before_offence": "The suspect was identified before the first day of every offence that names them.",
    "interview_before_identified": "The interview is dated before the suspect was first identified.",
    "bail_without_end": "The suspect is on bail, and neither the end of the bail period nor a return date is given.",
    "not_pursued_without_rationale": "The line of enquiry is not pursued, and the rationale is missing.",
    "sensitive_and_disclosable": "The material is sensitive and at once disclosable to the defence.",
    "schedule_never_disclosed": "An MG6D is never disclosed to the defence, yet it is marked disclosable.",
    "complainant_named_in_summary": "The summary holds a complainant's family name. Use a pseudonym.",
}

_IDENTIFIERS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("pnc_id", "pnc_id_doubtful", is_pnc_id),
    ("asn", "asn_doubtful", is_asn),
    ("cro", "cro_doubtful", is_cro),
    ("driver_number", "driver_number_doubtful", is_driver_number),
)
_ON_BAIL = frozenset({"on_bail", "conditional_bail", "unconditional_bail"})

Found = Iterator[tuple[str, str]]


def warnings(content: Members, *, on: date, base: str = "/content") -> list[dict[str, str]]:
    """List what is doubtful (200 places at most), in the order of the content's sections."""
    found: list[dict[str, str]] = []
    for look in (_summary, _suspects, _offences, _enquiries, _material, _links):
        for code, pointer in look(content, base):
            if len(found) < MOST_WARNINGS:
                found.append({"code": code, "pointer": pointer, "detail": WARNINGS[code]})
    return found


def _summary(content: Members, base: str) -> Found:
    words = set(re.findall(r"\w+", text(content, "summary").casefold()))
    names = {text(person, "family_name").casefold() for _, person in items(content, "complainants")}
    if any(len(name) > 2 and name in words for name in names):
        yield "complainant_named_in_summary", f"{base}/summary"


def _suspects(content: Members, base: str) -> Found:
    seen: set[tuple[str, ...]] = set()
    named_by = _offences_by_suspect(content)
    for index, suspect in items(content, "suspects"):
        place = f"{base}/suspects/{index}"
        name = text(suspect, "family_name")
        if not name and not text(suspect, "description"):
            yield "suspect_unnamed", place
        who = (
            name.casefold(),
            *(one.casefold() for one in texts(suspect, "given_names")),
            text(suspect, "date_of_birth"),
        )
        if name and who in seen:
            yield "suspect_twice", place
        seen.add(who)
        yield from _identifiers(part(suspect, "identifiers"), f"{place}/identifiers")
        yield from _suspect_dates(suspect, named_by.get(text(suspect, "id"), []), place)
        custody = part(suspect, "custody")
        if text(custody, "status") in _ON_BAIL and not (custody.get("bail_until") or custody.get("return_on")):
            yield "bail_without_end", f"{place}/custody"


def _identifiers(identifiers: Members, base: str) -> Found:
    for name, code, is_right in _IDENTIFIERS:
        given = text(identifiers, name)
        if given and not is_right(given):
            yield code, f"{base}/{name}"


def _offences_by_suspect(content: Members) -> dict[str, list[Members]]:
    found: dict[str, list[Members]] = {}
    for _, offence in items(content, "offences"):
        for suspect in set(texts(offence, "suspect_ids")):
            found.setdefault(suspect, []).append(offence)
    return found


def _suspect_dates(suspect: Members, offences: list[Members], base: str) -> Found:
    if not offences:
        yield "suspect_without_offence", base
    firsts = [first for offence in offences if (first := day(part(offence, "dates"), "from"))]
    born, known = day(suspect, "date_of_birth"), day(suspect, "first_identified_on")
    if born and firsts and min(firsts) < born:
        yield "born_after_offence", f"{base}/date_of_birth"
    elif born and firsts and _years(born, max(firsts)) < 10:
        yield "under_ten", f"{base}/date_of_birth"
    if known and firsts and known < min(firsts):
        yield "identified_before_offence", f"{base}/first_identified_on"
    for index, interview in items(suspect, "interviews"):
        held = day(interview, "on")
        if known and held and held < known:
            yield "interview_before_identified", f"{base}/interviews/{index}/on"


def _years(born: date, then: date) -> int:
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def _offences(content: Members, base: str) -> Found:
    reported = day(content, "reported_on")
    births = {text(person, "id"): (at, day(person, "date_of_birth")) for at, person in items(content, "complainants")}
    for index, offence in items(content, "offences"):
        place, dates = f"{base}/offences/{index}", part(offence, "dates")
        first = day(dates, "from")
        if not texts(offence, "suspect_ids"):
            yield "offence_without_suspect", place
        if births and not texts(offence, "complainant_ids"):
            yield "offence_without_complainant", place
        if not dates:
            yield "offence_without_dates", place
        if dates.get("to") and text(dates, "code") != "4":
            yield "end_date_unused", f"{place}/dates/to"
        if first and reported and reported < first:
            yield "offence_after_report", f"{place}/dates/from"
        for named in texts(offence, "complainant_ids"):
            at, born = births.get(named, (0, None))
            if first and born and first < born:
                yield "born_after_offence", f"{base}/complainants/{at}/date_of_birth"


def _enquiries(content: Members, base: str) -> Found:
    for index, line in items(content, "lines_of_enquiry"):
        if text(line, "status") == "not_pursued" and not text(line, "rationale"):
            yield "not_pursued_without_rationale", f"{base}/lines_of_enquiry/{index}"


def _material(content: Members, base: str) -> Found:
    for index, item in items(content, "material"):
        if text(item, "disclosable_to_defence") == "yes":
            place = f"{base}/material/{index}/disclosable_to_defence"
            if text(item, "kind") == "MG6D":
                yield "schedule_never_disclosed", place
            elif text(item, "sensitivity") == "sensitive":
                yield "sensitive_and_disclosable", place


def _links(content: Members, base: str) -> Found:
    for index, link in items(content, "links"):
        if text(link, "urn"):
            try:
                parse_urn(text(link, "urn"))
            except ValueError:
                yield "urn_doubtful", f"{base}/links/{index}/urn"
