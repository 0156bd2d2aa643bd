"""Doubts about people: who they are, how old, their numbers, and what a complainant or witness needs."""

import re
from collections.abc import Callable, Collection
from datetime import date

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.reading import Members, day, items, part, text, texts
from casefile_api.case_files.urn import is_asn, is_cro, is_driver_number, is_pnc_id

OLDEST_YEARS = 115
ADULT, RESPONSIBLE = 18, 10

_IDENTIFIERS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("pnc_id", "pnc_id_doubtful", is_pnc_id),
    ("asn", "asn_doubtful", is_asn),
    ("cro", "cro_doubtful", is_cro),
    ("driver_number", "driver_number_doubtful", is_driver_number),
)
_TWICE = (("suspects", "suspect_twice"), ("complainants", "complainant_twice"), ("witnesses", "witness_twice"))
_OF_ONE_PERSON = (("pnc_id", "pnc_id_shared"), ("cro", "cro_shared"), ("asn", "asn_shared"))


def years_between(born: date, then: date) -> int:
    """Return the age on a day."""
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def doubts(content: Members, on: date, base: str) -> Found:
    """Find what is doubtful about anybody in the content."""
    yield from _named_where_nobody_is(content, base)
    yield from _suspects(content, base)
    yield from _same_people(content, base)
    yield from _ages(content, on, base)
    for index, person in items(content, "complainants"):
        yield from _complainant(content, person, f"{base}/complainants/{index}")
    for name in ("complainants", "witnesses"):
        for index, person in items(content, name):
            own_right = name == "complainants" and text(content, "case_type") == "rasso"
            yield from _measures(person, f"{base}/{name}/{index}", entitled=own_right)


def _named_where_nobody_is(content: Members, base: str) -> Found:
    """A complainant is anonymous for life, and titles and summaries are what most people see."""
    names = {text(person, "family_name").casefold() for _, person in items(content, "complainants")}
    names = {name for name in names if len(name) > 2}
    if _names_one(text(content, "summary"), names):
        yield "complainant_named_in_summary", f"{base}/summary"
    for name in ("material", "media_elsewhere"):
        for index, item in items(content, name):
            if _names_one(text(item, "title"), names):
                yield "complainant_named_in_title", f"{base}/{name}/{index}/title"


def _names_one(words: str, names: Collection[str]) -> bool:
    return bool(names) and not set(re.findall(r"\w+", words.casefold())).isdisjoint(names)


def _suspects(content: Members, base: str) -> Found:
    for index, suspect in items(content, "suspects"):
        place = f"{base}/suspects/{index}"
        if not text(suspect, "family_name") and not text(suspect, "description"):
            yield "suspect_unnamed", place
        if text(suspect, "family_name") and not texts(suspect, "given_names"):
            yield "given_names_missing", place
        identifiers = part(suspect, "identifiers")
        for name, code, is_right in _IDENTIFIERS:
            given = text(identifiers, name)
            if given and not is_right(given):
                yield code, f"{place}/identifiers/{name}"
        if suspect.get("repeat_suspect") is True and not text(suspect, "repeat_suspect_basis"):
            yield "repeat_suspect_without_basis", f"{place}/repeat_suspect"
    for name, code in _OF_ONE_PERSON:
        numbers = [text(part(suspect, "identifiers"), name) for _, suspect in items(content, "suspects")]
        firsts = {number: index for index, number in reversed(list(enumerate(numbers)))}
        for index, number in enumerate(numbers):
            if number and firsts[number] < index:
                yield code, f"{base}/suspects/{index}/identifiers/{name}"


def _who(person: Members) -> tuple[str, ...] | None:
    name, born = text(person, "family_name").casefold(), text(person, "date_of_birth")
    return (name, *(one.casefold() for one in texts(person, "given_names")), born) if name else None


def _same_people(content: Members, base: str) -> Found:
    first_role: dict[tuple[str, ...], str] = {}
    for name, twice in _TWICE:
        for index, person in items(content, name):
            who = _who(person)
            role = first_role.get(who, "") if who else ""
            if role:
                yield twice if role == name else "person_in_two_roles", f"{base}/{name}/{index}"
            elif who:
                first_role[who] = name


def _first_days(content: Members, member: str) -> dict[str, list[date]]:
    """Return the first days of the offences that name a person, by the person's id."""
    found: dict[str, list[date]] = {}
    for _, offence in items(content, "offences"):
        first = day(part(offence, "dates"), "from")
        for named in set(texts(offence, member)) if first else ():
            found.setdefault(named, []).append(first or date.min)
    return found


def _ages(content: Members, on: date, base: str) -> Found:
    alleged = _first_days(content, "suspect_ids")
    suffered = _first_days(content, "complainant_ids")
    for name, days in (("suspects", alleged), ("complainants", suffered), ("witnesses", {})):
        for index, person in items(content, name):
            place, born = f"{base}/{name}/{index}", day(person, "date_of_birth")
            offences = days.get(text(person, "id"), [])
            if born and years_between(born, on) > OLDEST_YEARS:
                yield "age_implausible", f"{place}/date_of_birth"
            if born and offences and min(offences) < born:
                yield "born_after_offence", f"{place}/date_of_birth"
            elif born and name == "suspects":
                yield from _age_of_suspect(person, born, offences, place)


def _age_of_suspect(suspect: Members, born: date, offences: list[date], place: str) -> Found:
    if offences and years_between(born, max(offences)) < RESPONSIBLE:
        yield "under_ten", f"{place}/date_of_birth"
        return
    if offences and "youth" in suspect:
        is_young = years_between(born, max(offences)) < ADULT
        if bool(suspect["youth"]) is not is_young:
            yield "youth_flag_differs", f"{place}/youth"
    for index, interview in items(suspect, "interviews"):
        held = day(interview, "on")
        if held and RESPONSIBLE <= years_between(born, held) < ADULT and interview.get("appropriate_adult") is False:
            yield "youth_without_appropriate_adult", f"{place}/interviews/{index}/appropriate_adult"


def _complainant(content: Members, person: Members, place: str) -> Found:
    if text(content, "case_type") == "rasso" and text(person, "family_name") and not text(person, "pseudonym"):
        yield "complainant_without_pseudonym", place
    if person.get("vps_offered") is False and "vps_made_on" in person:
        yield "statement_made_yet_not_offered", f"{place}/vps_made_on"
    withdrawal = part(person, "withdrawal")
    if withdrawal and not text(withdrawal, "reason"):
        yield "withdrawal_without_reason", f"{place}/withdrawal"
    for adviser in ("isva", "idva"):
        support = part(person, adviser)
        if support.get("accepted") is True and "offered_on" not in support:
            yield "support_accepted_without_offer", f"{place}/{adviser}"
        if support.get("accepted") is False and "referred_on" in support:
            yield "referral_without_acceptance", f"{place}/{adviser}/referred_on"


def _measures(person: Members, place: str, *, entitled: bool) -> Found:
    """Complainants of sexual offences are eligible as such (YJCEA 1999 s.17(4)); others by a need."""
    measures, given = texts(person, "special_measures"), "special_measures" in person
    wanted = [measure for measure in measures if measure != "none"]
    if wanted and "none" in measures:
        yield "special_measures_and_none", f"{place}/special_measures"
    if wanted and not texts(person, "needs") and not entitled:
        yield "special_measures_without_needs", f"{place}/special_measures"
    born = day(person, "date_of_birth")
    heard = day(person, "interviewed_on") or day(person, "statement_signed_on")
    if given and not wanted and born and heard and 0 <= years_between(born, heard) < ADULT:
        yield "child_without_special_measures", f"{place}/special_measures"
    for index, interview in items(person, "interviews"):
        if interview.get("intermediary") is True and "intermediary" not in measures:
            yield "intermediary_without_measure", f"{place}/interviews/{index}/intermediary"
        if interview.get("interpreter") is True and not text(person, "interpreter_language"):
            yield "interpreter_without_language", f"{place}/interviews/{index}/interpreter"
