"""Custody, bail and remand: an arrest/summons number on a charge must be right; clocks that ran out are doubtful."""

from collections.abc import Mapping
from datetime import date

from casefile_api.case_files.checks.catalogue import Found
from casefile_api.case_files.content.clocks import (
    SUMMARY_ONLY,
    arrest_day,
    category_of,
    days_after,
    detention_runs_from,
    hours_after,
    months_after,
    reach,
)
from casefile_api.case_files.content.reading import Members, day, items, moment, part, text, texts
from casefile_api.case_files.urn import is_asn

ON_BAIL = frozenset({"on_bail", "conditional_bail", "unconditional_bail"})
HELD_AFTER_CHARGE = frozenset({"PB", "PR", "LA", "SA"})
ARRESTED = frozenset({"in_custody", *ON_BAIL})
INTERVIEWED_UNDER_ARREST = frozenset({"custody", "under_arrest"})


def errors(content: Members, base: str) -> Found:
    """Find a charged suspect whose arrest/summons number has not the right form: courts refuse it."""
    for index, suspect in items(content, "suspects"):
        asn = text(part(suspect, "identifiers"), "asn")
        charged = any(_charge_day(charge) for _, charge in items(suspect, "proposed_charges"))
        if charged and asn and not is_asn(asn):
            yield "charged_with_wrong_asn", f"{base}/suspects/{index}/identifiers/asn"


def doubts(content: Members, on: date, base: str) -> Found:
    """Find what is doubtful in the custody and bail of each suspect, and in what was charged."""
    named_by: dict[str, list[Members]] = {}
    for _, offence in items(content, "offences"):
        for suspect_id in set(texts(offence, "suspect_ids")):
            named_by.setdefault(suspect_id, []).append(offence)
    by_id = {text(offence, "id"): offence for _, offence in items(content, "offences")}
    for index, suspect in items(content, "suspects"):
        place = f"{base}/suspects/{index}"
        offences = named_by.get(text(suspect, "id"), [])
        custody = part(suspect, "custody")
        yield from _detention(custody, offences, on, f"{place}/custody")
        yield from _position(custody, f"{place}/custody")
        yield from _bail(custody, on, f"{place}/custody")
        yield from _remand(suspect, custody, on, f"{place}/custody")
        yield from _charges(suspect, by_id, place)
        yield from _interviews(suspect, custody, offences, place)


def _detention(custody: Members, offences: list[Members], on: date, base: str) -> Found:
    start, ends = detention_runs_from(custody), moment(custody, "detention_ends_at")
    released = moment(custody, "released_at")
    kinds = {text(extension, "kind") for _, extension in items(custody, "extensions")}
    if "superintendent" in kinds and offences and all(category_of(one) in SUMMARY_ONLY for one in offences):
        yield "extension_for_summary_offence", f"{base}/extensions"
    if start and (last := released or ends):
        place = f"{base}/{'released_at' if released else 'detention_ends_at'}"
        allowed = "detention_96_hours" if kinds & {"warrant", "warrant_extended"} else "detention_24_hours"
        allowed = "detention_36_hours" if kinds == {"superintendent"} else allowed
        hours = reach("legal_clock", allowed, "hours", start.date())
        if hours and last > hours_after(start, hours):
            yield f"{allowed}_exceeded", place
    if text(custody, "status") == "in_custody" and ends and ends.date() < on:
        yield "detention_run_out", f"{base}/detention_ends_at"
    arrested, authorised = moment(custody, "arrested_at"), moment(custody, "detention_authorised_at")
    if arrested and authorised and authorised < arrested:
        yield "detention_before_arrest", f"{base}/detention_authorised_at"


def _position(custody: Members, base: str) -> Found:
    status, arrested = text(custody, "status"), arrest_day(custody)
    if status == "in_custody" and arrested is None:
        yield "custody_without_arrest", base
    if status == "in_custody" and ("released_on" in custody or "released_at" in custody):
        yield "in_custody_yet_released", f"{base}/status"
    if status == "not_arrested" and arrested is not None:
        yield "arrested_yet_not_arrested", f"{base}/status"
    if status == "released_under_investigation" and arrested and "bail_from" in custody:
        yield "bail_without_bail_status", f"{base}/bail_from"
    at, on = moment(custody, "arrested_at"), day(custody, "arrested_on")
    if at and on and abs((at.date() - on).days) > 1:
        yield "arrest_days_differ", f"{base}/arrested_on"
    if arrested and (let_go := day(custody, "released_on")) and let_go < arrested:
        yield "released_before_arrest", f"{base}/released_on"


def _bail(custody: Members, on: date, base: str) -> Found:
    status = text(custody, "status")
    starts, ends, back = day(custody, "bail_from"), day(custody, "bail_until"), day(custody, "return_on")
    if status in ON_BAIL and not ends and not back:
        yield "bail_without_end", base
    if status == "conditional_bail" and not text(custody, "bail_conditions"):
        yield "conditional_bail_without_conditions", base
    if status == "unconditional_bail" and text(custody, "bail_conditions"):
        yield "unconditional_bail_with_conditions", f"{base}/bail_conditions"
    if status in ON_BAIL and ends and ends < on:
        yield "bail_run_out", f"{base}/bail_until"
    if back and ends and back > ends:
        yield "return_after_bail", f"{base}/return_on"
    if starts and (arrested := arrest_day(custody)) and starts < arrested:
        yield "bail_before_arrest", f"{base}/bail_from"
    if starts and ends:
        yield from _bail_stage(custody, starts, ends, base)
    for index, extension in items(custody, "bail_extensions"):
        decided, until = day(extension, "on"), day(extension, "until")
        if decided and until and until < decided:
            yield "bail_extension_ends_before_decision", f"{base}/bail_extensions/{index}/until"


def _bail_stage(custody: Members, starts: date, ends: date, base: str) -> Found:
    stage = text(custody, "bail_stage")
    months = reach("bail_stage", stage or "initial", "months", starts)
    if months and ends > months_after(starts, months):
        yield "bail_beyond_stage" if stage else "bail_stage_missing", f"{base}/bail_until"
    extended = {text(extension, "stage") for _, extension in items(custody, "bail_extensions")}
    if stage not in {"", "initial"} and stage not in extended:
        yield "bail_extension_missing", f"{base}/bail_stage"


def _remand(suspect: Members, custody: Members, on: date, base: str) -> Found:
    remand = part(custody, "remand")
    charged = [laid for _, charge in items(suspect, "proposed_charges") if (laid := _charge_day(charge))]
    held = text(remand, "status") in HELD_AFTER_CHARGE
    if (remand or text(custody, "status") == "remanded") and not charged:
        yield "remand_without_charge", base
    if text(custody, "status") in ON_BAIL and held:
        yield "remand_status_differs", f"{base}/remand/status"
    first, limit = day(remand, "first_appearance_on"), day(remand, "custody_time_limit_on")
    if charged and first and first < min(charged):
        yield "appearance_before_charge", f"{base}/remand/first_appearance_on"
    if held and first and limit is None:
        yield "custody_time_limit_missing", f"{base}/remand"
    most = reach("legal_clock", "custody_time_limit_crown", "days", first) if first else None
    if first and limit and most and limit > days_after(first, most):
        yield "custody_time_limit_too_late", f"{base}/remand/custody_time_limit_on"
    if held and limit and max(limit, day(remand, "extended_until") or limit) < on:
        yield "custody_time_limit_run_out", f"{base}/remand/custody_time_limit_on"


def _charge_day(charge: Members) -> date | None:
    at = moment(charge, "charged_at")
    return day(charge, "charged_on") or (at.date() if at else None)


def _charges(suspect: Members, offences: Mapping[str, Members], base: str) -> Found:
    for index, charge in items(suspect, "proposed_charges"):
        place, charged = f"{base}/proposed_charges/{index}", _charge_day(charge)
        offence = offences.get(text(charge, "offence_id"), {})
        first = day(part(charge, "dates"), "from") or day(part(offence, "dates"), "from")
        if charged and first and charged < first:
            yield "charge_before_offence", place
        if charged and (known := day(suspect, "first_identified_on")) and charged < known:
            yield "charge_before_identified", place
        if offence and text(suspect, "id") not in texts(offence, "suspect_ids"):
            yield "charge_for_another_suspect", f"{place}/offence_id"
        if offence and text(offence, "cjs_code") != text(charge, "cjs_code"):
            yield "charge_code_differs", f"{place}/cjs_code"
        if text(charge, "state") == "charged" and charged is None:
            yield "charged_without_day", place
        if charged and text(charge, "state") == "proposed":
            yield "charged_yet_proposed", f"{place}/state"
        if charged and not text(part(suspect, "identifiers"), "asn"):
            yield "charged_without_asn", base


def _interviews(suspect: Members, custody: Members, offences: list[Members], base: str) -> Found:
    known, arrested = day(suspect, "first_identified_on"), arrest_day(custody)
    firsts = [first for offence in offences if (first := day(part(offence, "dates"), "from"))]
    if arrested and firsts and arrested < min(firsts):
        yield "arrest_before_offence", f"{base}/custody"
    if known and arrested and arrested < known:
        yield "arrest_before_identified", f"{base}/first_identified_on"
    for index, interview in items(suspect, "interviews"):
        place, held = f"{base}/interviews/{index}", day(interview, "on")
        if known and held and held < known:
            yield "interview_before_identified", f"{place}/on"
        elif held and firsts and held < min(firsts):
            yield "interview_before_offence", f"{place}/on"
        if text(interview, "kind") in INTERVIEWED_UNDER_ARREST and arrested is None:
            yield "interview_without_arrest", f"{place}/kind"
        elif text(interview, "kind") in INTERVIEWED_UNDER_ARREST and held and arrested and held < arrested:
            yield "interview_before_arrest", f"{place}/on"
        if interview.get("cautioned") is False:
            yield "interview_without_caution", f"{place}/cautioned"
