"""The legal clocks that a content sets going, read from the dated list `legal_clock`: never a number in code.

Arithmetic is bounded: a year 9999 in a content must not break the check that would complain of it.
"""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from casefile_api.case_files.content.reading import Members, day, items, moment, part, text
from casefile_api.organisations.code_lists import CODE_LISTS, find
from casefile_api.web.strict_json import JsonValue

SUMMARY_ONLY = frozenset({"CS", "CM"})
Told = dict[str, JsonValue]


def months_after(start: date, months: int) -> date:
    """Return the same day some months on, or the month's last where it has no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def days_after(start: date, days: int) -> date:
    """Return the day some days on."""
    return date.fromordinal(min(start.toordinal() + days, date.max.toordinal()))


def hours_after(start: datetime, hours: int) -> datetime:
    """Return the moment some hours on."""
    if start.year >= date.max.year:
        return datetime.max.replace(tzinfo=UTC)
    return start + timedelta(hours=hours)


def reach(name: str, code: str, unit: str, on: date) -> int | None:
    """Return how many hours, days or months a clock or stage lasts, as the list says on that day."""
    value = find(name, code, on)
    length = value.extra.get(unit) if value is not None else None
    return length if isinstance(length, int) else None


def detention_runs_from(custody: Members) -> datetime | None:
    """Return when the detention clock began: the relevant time, else the authorisation."""
    return moment(custody, "relevant_time") or moment(custody, "detention_authorised_at")


def arrest_day(custody: Members) -> date | None:
    """Return the day of arrest."""
    at = moment(custody, "arrested_at")
    return day(custody, "arrested_on") or (at.date() if at else None)


def category_of(offence: Members) -> str:
    """Return how an offence can be tried: as its code says, else as the sender does."""
    value = CODE_LISTS["offence"].by_code.get(text(offence, "cjs_code"))
    return str(value.extra.get("category", "")) if value else text(offence, "category")


def legal_dates(content: Members, on: date) -> list[Told]:
    """List the dates that follow from the content: when detention, bail, custody and time to charge run out, and how
    many days the steps took that joint boards ask for.
    """
    found: list[Told] = []
    for index, suspect in items(content, "suspects"):
        base = f"/content/suspects/{index}"
        found += _detention(part(suspect, "custody"), on, f"{base}/custody")
        found += _bail(part(suspect, "custody"), f"{base}/custody")
        found += _custody_limit(part(suspect, "custody"), f"{base}/custody/remand")
        found += _taken(content, suspect, base)
    for index, offence in items(content, "offences"):
        first = day(part(offence, "dates"), "from")
        months = reach("legal_clock", "summary_information", "months", first) if first else None
        if first and months and category_of(offence) in SUMMARY_ONLY:
            due = months_after(first, months)
            sentence = "Proceedings for this summary offence must be begun by this day."
            found.append(_due("summary_information", f"/content/offences/{index}/dates", due.isoformat(), sentence))
    return found


def _detention(custody: Members, on: date, base: str) -> Iterator[Told]:
    start = detention_runs_from(custody)
    if start is None or text(custody, "status") != "in_custody":
        return
    for code, who in (
        ("detention_24_hours", "unless a superintendent extends it"),
        ("detention_36_hours", "where a superintendent extended it"),
        ("detention_96_hours", "where a court issued warrants"),
    ):
        hours = reach("legal_clock", code, "hours", on)
        if hours:
            at = hours_after(start, hours).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield _due(code, base, at, f"Detention without charge ends {hours} hours after the relevant time, {who}.")


def _bail(custody: Members, base: str) -> Iterator[Told]:
    start = day(custody, "bail_from")
    for stage in CODE_LISTS["bail_stage"].values if start else ():
        months = stage.extra.get("months")
        if start and isinstance(months, int) and stage.holds_on(start):
            due = months_after(start, months).isoformat()
            yield _due(f"bail_{stage.code}", base, due, f"{stage.title}: bail can last until this day.")


def _custody_limit(custody: Members, base: str) -> Iterator[Told]:
    start = day(part(custody, "remand"), "first_appearance_on")
    for code, trial in (("custody_time_limit_summary", "summary trial"), ("custody_time_limit_crown", "trial")):
        days = reach("legal_clock", code, "days", start) if start else None
        if start and days:
            due = days_after(start, days).isoformat()
            yield _due(code, base, due, f"Custody can last until this day before {trial} begins, unless extended.")


def _taken(content: Members, suspect: Members, base: str) -> Iterator[Told]:
    reported, known = day(content, "reported_on"), day(suspect, "first_identified_on")
    heard = min((held for _, one in items(suspect, "interviews") if (held := day(one, "on"))), default=None)
    if reported and heard:
        yield _days("report_to_interview", f"{base}/interviews", reported, heard, "From the report to the interview.")
    if reported and known:
        place = f"{base}/first_identified_on"
        yield _days("report_to_identification", place, reported, known, "From the report to knowing the suspect.")


def _due(code: str, pointer: str, due: str, sentence: str) -> Told:
    return {"code": code, "pointer": pointer, "due": due, "days": None, "sentence": sentence}


def _days(code: str, pointer: str, start: date, end: date, sentence: str) -> Told:
    return {"code": code, "pointer": pointer, "due": None, "days": (end - start).days, "sentence": sentence}
