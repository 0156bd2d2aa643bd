"""Doubts about enquiries and material: what was done, what is to hand, what is said twice."""

from collections.abc import Iterable
from datetime import date

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.reading import Members, day, items, text, texts
from casefile_api.case_files.urn import is_asn, is_pnc_id, parse_urn

FOOTAGE = frozenset({"CCTV", "BWV", "ABE_RECORDING", "INTERVIEW_RECORDING", "EMERGENCY_CALL", "DIGITAL_DOWNLOAD"})
NEVER_DISCLOSED = frozenset({"MG3", "MG3A", "MG6", "MG6A", "MG6B", "MG6E"})


def doubts(content: Members, on: date, base: str) -> Found:
    """Find what is doubtful in lines of enquiry, material, opinions and links."""
    for index, line in items(content, "lines_of_enquiry"):
        yield from _line(line, on, f"{base}/lines_of_enquiry/{index}")
    for index, item in items(content, "material"):
        yield from _state(item, on, f"{base}/material/{index}")
        yield from _disclosable(item, f"{base}/material/{index}")
    yield from _twice(content, base)
    for index, opinion in items(content, "opinions"):
        if not text(opinion, "basis"):
            yield "opinion_without_basis", f"{base}/opinions/{index}"
    for index, order in items(content, "orders"):
        if order.get("breached") is True and not texts(order, "suspect_ids"):
            yield "breach_without_suspect", f"{base}/orders/{index}/breached"
    for index, link in items(content, "links"):
        yield from _link(link, f"{base}/links/{index}")


def _line(line: Members, on: date, place: str) -> Found:
    status = text(line, "status")
    if status == "not_pursued" and not text(line, "rationale"):
        yield "not_pursued_without_rationale", place
    if status == "done" and not text(line, "result") and not texts(line, "material_ids"):
        yield "done_without_result", place
    if status == "done" and (expected := day(line, "expected_on")) and expected > on:
        yield "done_yet_expected", f"{place}/expected_on"
    if status in {"ongoing", "contemplated"} and "completed_on" in line:
        yield "completed_yet_open", f"{place}/completed_on"


def _state(item: Members, on: date, place: str) -> Found:
    status = text(item, "status")
    if status == "available" and (expected := day(item, "expected_on")) and expected > on:
        yield "available_yet_expected", f"{place}/expected_on"
    if status in {"requested", "outstanding"} and "received_on" in item:
        yield "received_yet_outstanding", f"{place}/status"
    if status in {"requested", "outstanding"} and texts(item, "attachment_ids"):
        yield "attached_yet_outstanding", f"{place}/status"
    if text(item, "kind") not in FOOTAGE and ("clipped" in item or "playable" in item):
        yield "clipped_but_no_footage", f"{place}/{'clipped' if 'clipped' in item else 'playable'}"


def _disclosable(item: Members, base: str) -> Found:
    answer, place = text(item, "disclosable_to_defence"), f"{base}/disclosable_to_defence"
    if answer == "yes" and text(item, "kind") == "MG6D":
        yield "schedule_never_disclosed", place
    elif answer == "yes" and text(item, "kind") in NEVER_DISCLOSED:
        yield "form_never_disclosed", place
    elif answer == "yes" and text(item, "sensitivity") == "sensitive":
        yield "sensitive_and_disclosable", place
    if answer == "no" and text(item, "rebuttable_presumption") not in {"", "none_exists"}:
        yield "presumption_yet_not_disclosable", place


def _twice(content: Members, base: str) -> Found:
    material = list(items(content, "material"))
    references = ((f"{base}/material/{at}/reference", text(item, "reference")) for at, item in material)
    yield from _repeated("material_reference_twice", references)
    attachments = (
        (f"{base}/material/{at}/attachment_ids/{position}", attachment)
        for at, item in material
        for position, attachment in enumerate(texts(item, "attachment_ids"))
    )
    yield from _repeated("attachment_twice", attachments)
    links = ((f"{base}/links/{at}/urn", text(link, "urn").upper()) for at, link in items(content, "links"))
    yield from _repeated("link_twice", links)


def _repeated(code: str, said: Iterable[tuple[str, str]]) -> Found:
    seen: set[str] = set()
    for place, value in said:
        if value and value in seen:
            yield code, place
        seen.add(value)


def _link(link: Members, place: str) -> Found:
    urn, asn, pnc_id = (text(link, name) for name in ("urn", "asn", "pnc_id"))
    if urn:
        try:
            parse_urn(urn)
        except ValueError:
            yield "urn_doubtful", f"{place}/urn"
    if asn and not is_asn(asn):
        yield "linked_asn_doubtful", f"{place}/asn"
    if pnc_id and not is_pnc_id(pnc_id):
        yield "linked_pnc_id_doubtful", f"{place}/pnc_id"
    if not any((urn, asn, pnc_id, text(link, "crime_reference"))):
        yield "link_leads_nowhere", place
