"""Doubts about what is alleged: offences, who is named in them, and what the file is sent for."""

import re
from datetime import date

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.checks.people import years_between
from casefile_api.case_files.content.clocks import SUMMARY_ONLY, category_of, months_after, reach
from casefile_api.case_files.content.reading import Members, day, items, moment, part, text, texts
from casefile_api.organisations.code_lists import CODE_LISTS

INDICTABLE = "CI"
SEXUAL = ("SX",)
DOMESTIC = frozenset({"partner", "ex_partner", "spouse"})
DOMESTIC_MARKS = frozenset({"domestic_abuse", "controlling_or_coercive_behaviour"})
_FEMALE = re.compile(r"\b(female|woman|women|girl)\b", re.IGNORECASE)
_MALE = re.compile(r"\b(male|man|men|boy)\b", re.IGNORECASE)
_UNDER = re.compile(r"\bunder (?:the age of )?(13|16|18)\b", re.IGNORECASE)


def doubts(content: Members, on: date, base: str) -> Found:
    """Find what is doubtful in the offences, and in what the file asks for."""
    complainants = {text(one, "id"): one for _, one in items(content, "complainants")}
    seen: set[tuple[object, ...]] = set()
    for index, offence in items(content, "offences"):
        place = f"{base}/offences/{index}"
        yield from _named(offence, complainants, place)
        yield from _dated(content, offence, on, place)
        yield from _said_by_the_code(offence, complainants, place)
        same = _likeness(offence)
        if same in seen:
            yield "offence_twice", place
        seen.add(same)
    yield from _suspects(content, base)
    yield from _case(content, base)
    yield from _referral(content, on, base)


def _likeness(offence: Members) -> tuple[object, ...]:
    dates = part(offence, "dates")
    return (
        text(offence, "cjs_code"),
        *sorted(texts(offence, "suspect_ids")),
        *sorted(texts(offence, "complainant_ids")),
        text(dates, "code"),
        text(dates, "from"),
        text(dates, "to"),
        text(offence, "particulars"),
        text(offence, "location"),
    )


def _named(offence: Members, complainants: dict[str, Members], place: str) -> Found:
    if not texts(offence, "suspect_ids"):
        yield "offence_without_suspect", place
    if complainants and not texts(offence, "complainant_ids"):
        yield "offence_without_complainant", place


def _dated(content: Members, offence: Members, on: date, place: str) -> Found:
    dates, reported = part(offence, "dates"), day(content, "reported_on")
    first = day(dates, "from")
    if not dates:
        yield "offence_without_dates", place
    if dates.get("to") and text(dates, "code") != "4":
        yield "end_date_unused", f"{place}/dates/to"
    if first and reported and reported < first:
        yield "offence_after_report", f"{place}/dates/from"
    last = day(dates, "to") or first
    months = reach("legal_clock", "summary_information", "months", last) if last else None
    if last and months and category_of(offence) in SUMMARY_ONLY and months_after(last, months) < on:
        yield "summary_time_limit_passed", f"{place}/dates"
    if (outcome := day(offence, "outcome_on")) and not text(offence, "home_office_outcome"):
        yield "outcome_day_without_outcome", f"{place}/outcome_on"
    if outcome and first and outcome < first:
        yield "outcome_before_offence", f"{place}/outcome_on"


def _said_by_the_code(offence: Members, complainants: dict[str, Members], place: str) -> Found:
    """Hold the offence against what its code's title says of whom it can be committed against."""
    value = CODE_LISTS["offence"].by_code.get(text(offence, "cjs_code"))
    if value is None:
        return
    category = text(offence, "category")
    if category and category != value.extra.get("category"):
        yield "offence_category_differs", f"{place}/category"
    female, male = bool(_FEMALE.search(value.title)), bool(_MALE.search(value.title))
    under = _UNDER.search(value.title)
    first = day(part(offence, "dates"), "from")
    for position, named in enumerate(texts(offence, "complainant_ids")):
        person = complainants.get(named, {})
        gender, born = text(person, "gender"), day(person, "date_of_birth")
        where = f"{place}/complainant_ids/{position}"
        if (gender == "male" and female and not male) or (gender == "female" and male and not female):
            yield "complainant_sex_differs", where
        if under and born and first and years_between(born, first) >= int(under.group(1)):
            yield "complainant_age_differs", where


def _suspects(content: Members, base: str) -> Found:
    firsts: dict[str, list[date | None]] = {}
    for _, offence in items(content, "offences"):
        for suspect_id in set(texts(offence, "suspect_ids")):
            firsts.setdefault(suspect_id, []).append(day(part(offence, "dates"), "from"))
    for index, suspect in items(content, "suspects"):
        place, dated = f"{base}/suspects/{index}", firsts.get(text(suspect, "id"))
        if dated is None:
            yield "suspect_without_offence", place
        known, days = day(suspect, "first_identified_on"), [one for one in dated or () if one]
        if known and days and known < min(days):
            yield "identified_before_offence", f"{place}/first_identified_on"


def _case(content: Members, base: str) -> Found:
    offences = [offence for _, offence in items(content, "offences")]
    sexual = any(text(offence, "cjs_code").startswith(SEXUAL) for offence in offences)
    if text(content, "case_type") == "rasso" and offences and not sexual:
        yield "no_sexual_offence", f"{base}/case_type"
    if text(content, "charging_authority") == "police" and any(category_of(one) == INDICTABLE for one in offences):
        yield "police_may_not_charge", f"{base}/charging_authority"
    if DOMESTIC_MARKS.isdisjoint(texts(content, "monitoring_codes")):
        for index, suspect in items(content, "suspects"):
            if text(suspect, "relationship_to_complainant") in DOMESTIC:
                yield "domestic_abuse_unmarked", f"{base}/suspects/{index}/relationship_to_complainant"
    lead, second = (text(part(content, role), "staff_id") for role in ("officer_in_charge", "supervisor"))
    if lead and lead == second:
        yield "supervises_own_file", f"{base}/supervisor/staff_id"


def _referral(content: Members, on: date, base: str) -> Found:
    referral, test = part(content, "referral"), part(content, "threshold_test")
    positions = {text(part(suspect, "custody"), "status") for _, suspect in items(content, "suspects")}
    held = bool(positions & {"in_custody", "remanded", "in_prison"})
    if text(referral, "colour") == "red" and not held:
        yield "red_without_custody", f"{base}/referral/colour"
    if text(referral, "colour") in {"green", "green_priority"} and "in_custody" in positions:
        yield "custody_without_red", f"{base}/referral/colour"
    if (wanted := moment(referral, "required_by")) and wanted.date() < on:
        yield "decision_overdue", f"{base}/referral/required_by"
    if (text(referral, "test") == "THRESHOLD_TEST" or test) and not held:
        yield "threshold_test_without_custody", f"{base}/{'threshold_test' if test else 'referral/test'}"
    if text(referral, "test") == "THRESHOLD_TEST" and not test:
        yield "threshold_test_missing", f"{base}/referral/test"
    expected, review = day(test, "expected_on"), day(test, "review_on")
    if expected and review and review < expected:
        yield "review_before_evidence", f"{base}/threshold_test/review_on"
