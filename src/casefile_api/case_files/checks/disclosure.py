"""Unused material, devices, third parties' records and media held elsewhere: numbers that repeat refuse; the rest is
doubtful.
"""

from collections import Counter
from datetime import date
from itertools import pairwise

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.reading import Members, day, items, part, text, texts

OWNERS = ("suspect_id", "complainant_id", "witness_id")
JUSTIFIED_BY = ("reason_to_believe", "relevance", "necessity", "proportionality")
ASKED = frozenset({"requested", "partially_received", "received", "refused", "reviewed"})
NOTICE_SINCE = date(2026, 1, 12)


def errors(content: Members, base: str) -> Found:
    """Find schedule numbers used twice, items that supersede themselves, and a device of two people."""
    seen: set[tuple[str, object]] = set()
    for index, item in items(content, "unused_material"):
        key = (text(item, "schedule"), item.get("number"))
        if key in seen:
            yield "schedule_number_repeated", f"{base}/unused_material/{index}/number"
        seen.add(key)
        if item.get("supersedes") is not None and item.get("supersedes") == item.get("number"):
            yield "supersedes_itself", f"{base}/unused_material/{index}/supersedes"
    for name in ("devices", "third_party_requests"):
        for index, item in items(content, name):
            if sum(owner in item for owner in OWNERS) > 1:
                yield "belongs_to_two_people", f"{base}/{name}/{index}"


def doubts(content: Members, on: date, base: str) -> Found:
    """Find what is doubtful in the schedules, the devices, the requests and the media."""
    yield from _schedules(content, base)
    for index, item in items(content, "unused_material"):
        yield from _unused(item, f"{base}/unused_material/{index}")
    for index, device in items(content, "devices"):
        yield from _device(device, f"{base}/devices/{index}")
    for index, request in items(content, "third_party_requests"):
        place = f"{base}/third_party_requests/{index}"
        yield from _request(request, place)
        yield from _notice(request, place)
    for index, media in items(content, "media_elsewhere"):
        if (expires := day(media, "expires_on")) and expires < on:
            yield "media_expired", f"{base}/media_elsewhere/{index}/expires_on"
        if not text(media, "sha256"):
            yield "media_without_hash", f"{base}/media_elsewhere/{index}"


def _schedules(content: Members, base: str) -> Found:
    numbers: dict[str, list[int]] = {"MG6C": [], "MG6D": []}
    presumed = False
    for _, item in items(content, "unused_material"):
        number = item.get("number")
        numbers.setdefault(text(item, "schedule"), []).append(number if isinstance(number, int) else 0)
        presumed = presumed or text(item, "rebuttable_presumption") not in {"", "none_exists"}
    for schedule in ("MG6C", "MG6D"):
        listed = sorted(numbers[schedule])
        if listed and (listed[0] != 1 or any(later - number > 1 for number, later in pairwise(listed))):
            yield "schedule_numbers_with_gap", f"{base}/unused_material"
    disclosure = part(content, "disclosure")
    if disclosure.get("nil_sensitive") is True and numbers["MG6D"]:
        yield "nil_schedule_with_items", f"{base}/disclosure/nil_sensitive"
    if text(disclosure, "none_presumed_because") and presumed:
        yield "none_presumed_yet_listed", f"{base}/disclosure/none_presumed_because"
    if "signed_on" in disclosure and not text(disclosure, "signed_by"):
        yield "signed_by_nobody", f"{base}/disclosure/signed_on"
    yield from _on_both(content, base)


def _on_both(content: Members, base: str) -> Found:
    """A document with a sensitive part is listed on the MG6C as its edited version, and not on both in full."""
    plain = Counter(
        material
        for _, item in items(content, "unused_material")
        if text(item, "schedule") == "MG6C" and item.get("edited_version") is not True
        for material in set(texts(item, "material_ids"))
    )
    for index, item in items(content, "unused_material"):
        if text(item, "schedule") == "MG6D" and any(one in plain for one in texts(item, "material_ids")):
            yield "listed_on_both_schedules", f"{base}/unused_material/{index}/material_ids"


def _unused(item: Members, place: str) -> Found:
    if text(item, "schedule") == "MG6D" and not text(item, "sensitivity_reason"):
        yield "sensitive_without_reason", place
    if text(item, "schedule") == "MG6C" and text(item, "sensitivity_reason"):
        yield "reason_on_open_schedule", f"{place}/sensitivity_reason"
    presumed = text(item, "rebuttable_presumption") not in {"", "none_exists"}
    if presumed and text(item, "police_view") == "clearly_not_disclosable" and not text(item, "reason"):
        yield "presumption_rebutted_without_reason", f"{place}/police_view"
    if item.get("block_listed") is True and not text(item, "reason"):
        yield "block_listed_without_reason", f"{place}/block_listed"


def _device(device: Members, place: str) -> Found:
    if not any(owner in device for owner in OWNERS):
        yield "device_of_nobody", place
    extracted = "extracted_on" in device
    if extracted and "suspect_id" not in device and any(owner in device for owner in OWNERS):
        if "agreed_on" not in device:
            yield "extracted_without_agreement", f"{place}/extracted_on"
        if "date_from" not in device and not texts(device, "search_terms"):
            yield "extraction_without_limits", f"{place}/extracted_on"
        if not text(device, "necessity"):
            yield "extraction_without_necessity", f"{place}/extracted_on"
    if extracted and text(device, "status") in {"identified", "held", "extraction_requested"}:
        yield "extracted_yet_waiting", f"{place}/status"
    if text(device, "status") in {"extracted", "examined"} and not extracted:
        yield "extracted_without_day", f"{place}/status"


def _request(request: Members, place: str) -> Found:
    if text(request, "status") not in ASKED:
        return
    if not all(text(request, name) for name in JUSTIFIED_BY):
        yield "request_without_justification", place
    if not texts(request, "line_ids"):
        yield "request_without_line", place
    if not texts(request, "record_types"):
        yield "request_without_record_types", place
    if "date_from" not in request or "date_to" not in request:
        yield "request_without_limits", place
    if "requested_on" not in request:
        yield "request_without_day", place
    if request.get("is_counselling") is True:
        if not (text(request, "approved_by_rank") and "approved_on" in request):
            yield "counselling_without_approval", place
        if not (text(request, "probative_value") and text(request, "rebuttal_reason")):
            yield "counselling_without_rebuttal", place


def _notice(request: Members, place: str) -> Found:
    """Since 12 January 2026 the person is told on or before the day of the request, or why not is recorded."""
    asked, noticed = day(request, "requested_on"), day(request, "notice_given_on")
    if asked is None or asked < NOTICE_SINCE or "suspect_id" in request:
        return
    if noticed is None and not text(request, "notice_exception"):
        yield "request_without_notice", place
    if noticed and noticed > asked and not text(request, "notice_late_reason"):
        yield "notice_after_request", f"{place}/notice_given_on"
    if noticed and not text(request, "notice_recipient_role"):
        yield "notice_to_nobody", f"{place}/notice_given_on"
    if noticed and text(request, "notice_exception"):
        yield "notice_and_exception", f"{place}/notice_exception"
