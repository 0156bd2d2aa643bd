"""Days and times in their order: what cannot be refuses, what is out of the usual order is doubtful.

The tables name the members; each order has a code of its own, because each has another mend.
"""

from collections.abc import Collection, Iterator
from datetime import date

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.reading import Members, day, items, moment, part, text

BETWEEN = "4"
ADVISERS = ("isva", "idva")

# Days that have come: list, members.
PAST_DAYS = (
    ("suspects", ("date_of_birth", "first_identified_on")),
    ("complainants", ("date_of_birth", "first_account_on", "interviewed_on", "vps_made_on", "needs_assessed_on")),
    ("witnesses", ("date_of_birth", "needs_assessed_on", "statement_signed_on")),
    ("other_people", ("date_of_birth",)),
    ("lines_of_enquiry", ("completed_on",)),
    ("material", ("created_on", "requested_on", "received_on", "provided_on")),
    ("unused_material", ("created_on",)),
    ("media_elsewhere", ("recorded_on", "shared_on")),
    (
        "devices",
        (
            "seized_on",
            "notice_given_on",
            "agreed_on",
            "extraction_requested_on",
            "extracted_on",
            "examined_on",
            "returned_on",
        ),
    ),
    ("third_party_requests", ("notice_given_on", "approved_on", "requested_on", "received_on")),
    ("forensic_submissions", ("submitted_on", "returned_on")),
    ("orders", ("made_on",)),
    ("opinions", ("on",)),
)
# Periods: list, first day, last day.
PERIODS = (
    ("devices", "date_from", "date_to"),
    ("third_party_requests", "date_from", "date_to"),
    ("orders", "made_on", "expires_on"),
)
# Order within an item: list, what comes first, what follows, code.
ORDERS = (
    ("devices", "seized_on", "extraction_requested_on", "extraction_requested_before_seized"),
    ("devices", "seized_on", "extracted_on", "extracted_before_seized"),
    ("devices", "seized_on", "returned_on", "returned_before_seized"),
    ("devices", "extraction_requested_on", "extracted_on", "extracted_before_requested"),
    ("devices", "extracted_on", "examined_on", "examined_before_extracted"),
    ("devices", "extracted_on", "returned_on", "returned_before_extracted"),
    ("devices", "notice_given_on", "agreed_on", "agreed_before_notice"),
    ("devices", "agreed_on", "extracted_on", "extracted_before_agreement"),
    ("material", "requested_on", "received_on", "received_before_requested"),
    ("material", "created_on", "provided_on", "provided_before_created"),
    ("media_elsewhere", "recorded_on", "shared_on", "shared_before_recorded"),
    ("third_party_requests", "requested_on", "received_on", "records_before_request"),
    ("third_party_requests", "approved_on", "requested_on", "request_before_approval"),
    ("forensic_submissions", "submitted_on", "returned_on", "result_before_submission"),
    ("complainants", "first_account_on", "interviewed_on", "interview_before_first_account"),
)
# What was expected and has not come: list, day, the member that says that it has, states in which it is awaited, code.
AWAITED = (
    ("lines_of_enquiry", "expected_on", "completed_on", ("ongoing", "contemplated"), "line_overdue"),
    ("material", "expected_on", "received_on", ("requested", "outstanding"), "material_overdue"),
    ("devices", "extraction_expected_on", "extracted_on", ("held", "extraction_requested"), "extraction_overdue"),
    ("third_party_requests", "expected_on", "received_on", ("requested", "partially_received"), "records_overdue"),
    ("forensic_submissions", "expected_on", "returned_on", ("",), "forensic_result_overdue"),
    ("outstanding_evidence", "expected_on", "", ("",), "outstanding_evidence_overdue"),
)


def errors(content: Members, on: date, base: str) -> Found:
    """Find days that have not come, days before birth, and ends before beginnings."""
    yield from _not_future(content, ("reported_on", "crimed_on", "digital_strategy_agreed_on"), on, base)
    yield from _not_future(part(content, "gatekeeper"), ("on",), on, f"{base}/gatekeeper")
    yield from _not_future(part(content, "disclosure"), ("signed_on",), on, f"{base}/disclosure")
    for name, members in PAST_DAYS:
        for index, item in items(content, name):
            yield from _not_future(item, members, on, f"{base}/{name}/{index}")
    for place, dates in _offence_dates(content, base):
        yield from _dates_of_offence(dates, on, place)
    for name, first, last in PERIODS:
        for index, item in items(content, name):
            yield from _reversed(item, first, last, f"{base}/{name}/{index}")
    for index, suspect in items(content, "suspects"):
        yield from _suspect(suspect, on, f"{base}/suspects/{index}")
    for name in ("complainants", "witnesses"):
        for index, person in items(content, name):
            yield from _heard(person, on, f"{base}/{name}/{index}")


def doubts(content: Members, on: date, base: str) -> Found:
    """Find days out of the usual order, and what was expected by now and has not come."""
    for name, first, later, code in ORDERS:
        for index, item in items(content, name):
            if _before(day(item, later), day(item, first)):
                yield code, f"{base}/{name}/{index}/{later}"
    for name, expected, came, states, code in AWAITED:
        for index, item in items(content, name):
            due = day(item, expected)
            if due and due < on and came not in item and (states == ("",) or text(item, "status") in states):
                yield code, f"{base}/{name}/{index}/{expected}"
    yield from _since_report(content, base)
    for index, entry in items(content, "chronology"):
        if _before(on, day(entry, "on")):
            yield "chronology_in_future", f"{base}/chronology/{index}/on"
        at = moment(entry, "at")
        if at and abs((at.date() - (day(entry, "on") or at.date())).days) > 1:
            yield "time_on_another_day", f"{base}/chronology/{index}/at"


def _since_report(content: Members, base: str) -> Found:
    reported = day(content, "reported_on")
    if _before(day(content, "crimed_on"), reported):
        yield "crimed_before_report", f"{base}/crimed_on"
    if _before(day(part(content, "gatekeeper"), "on"), reported):
        yield "gatekeeper_before_report", f"{base}/gatekeeper/on"
    for index, person in items(content, "complainants"):
        place = f"{base}/complainants/{index}"
        if _before(day(part(person, "withdrawal"), "on"), reported):
            yield "withdrawal_before_report", f"{place}/withdrawal/on"
        if _before(day(person, "interviewed_on"), reported):
            yield "heard_before_report", f"{place}/interviewed_on"
        for adviser in ADVISERS:
            support = part(person, adviser)
            if _before(day(support, "referred_on"), day(support, "offered_on")):
                yield "referral_before_offer", f"{place}/{adviser}/referred_on"


def _offence_dates(content: Members, base: str) -> Iterator[tuple[str, Members]]:
    for index, offence in items(content, "offences"):
        yield f"{base}/offences/{index}/dates", part(offence, "dates")
    for number, suspect in items(content, "suspects"):
        for index, charge in items(suspect, "proposed_charges"):
            yield f"{base}/suspects/{number}/proposed_charges/{index}/dates", part(charge, "dates")


def _dates_of_offence(dates: Members, on: date, base: str) -> Found:
    yield from _not_future(dates, ("from",), on, base)
    if text(dates, "code") == BETWEEN and day(dates, "to") is None:
        yield "end_date_missing", base
    yield from _reversed(dates, "from", "to", base)


def _suspect(suspect: Members, on: date, base: str) -> Found:
    born = day(suspect, "date_of_birth")
    if _before(day(suspect, "first_identified_on"), born):
        yield "before_birth", f"{base}/first_identified_on"
    for index, interview in items(suspect, "interviews"):
        place = f"{base}/interviews/{index}"
        yield from _not_future(interview, ("on",), on, place)
        if _before(day(interview, "on"), born):
            yield "before_birth", f"{place}/on"
        yield from _times_reversed(interview, "started_at", "ended_at", place)
    for index, conviction in items(suspect, "convictions"):
        place = f"{base}/convictions/{index}"
        yield from _not_future(conviction, ("on",), on, place)
        if _before(day(conviction, "on"), born):
            yield "before_birth", f"{place}/on"
    for index, charge in items(suspect, "proposed_charges"):
        yield from _not_future(charge, ("charged_on",), on, f"{base}/proposed_charges/{index}")
    custody = part(suspect, "custody")
    yield from _not_future(custody, ("arrested_on", "voluntary_attendance_on"), on, f"{base}/custody")
    yield from _reversed(custody, "bail_from", "bail_until", f"{base}/custody")
    yield from _times_reversed(custody, "arrested_at", "released_at", f"{base}/custody")
    for index, extension in items(custody, "extensions"):
        yield from _times_reversed(extension, "authorised_at", "until", f"{base}/custody/extensions/{index}")


def _heard(person: Members, on: date, base: str) -> Found:
    born = day(person, "date_of_birth")
    for index, interview in items(person, "interviews"):
        yield from _not_future(interview, ("on",), on, f"{base}/interviews/{index}")
        if _before(day(interview, "on"), born):
            yield "before_birth", f"{base}/interviews/{index}/on"


def _not_future(members: Members, names: Collection[str], on: date, base: str) -> Found:
    for name in names:
        if _before(on, day(members, name)):
            yield "future_date", f"{base}/{name}"


def _reversed(members: Members, first: str, last: str, base: str) -> Found:
    if _before(day(members, last), day(members, first)):
        yield "dates_reversed", f"{base}/{last}"


def _times_reversed(members: Members, first: str, last: str, base: str) -> Found:
    starts, ends = moment(members, first), moment(members, last)
    if starts and ends and ends < starts:
        yield "times_reversed", f"{base}/{last}"


def _before(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one < other
