"""The check of a content that is not stored: all that a version of it would be told, at once. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypedDict, cast

from casefile_api.case_files.checks import check_content, named_attachment_ids, warnings
from casefile_api.case_files.content import content_faults
from casefile_api.case_files.content.clocks import legal_dates
from casefile_api.case_files.content.publishing import NEWEST
from casefile_api.errors import Fault
from casefile_api.file_standards.readiness import evaluate
from casefile_api.file_standards.rule_sets import Rules
from casefile_api.web.strict_json import JsonValue

ENVELOPE = ("urn", "urn_suffix", "police_unit", "cps_unit", "crime_references")


class Told(TypedDict):
    """What the sender is told."""

    content_schema: str
    acceptable: bool
    errors: list[dict[str, JsonValue]]
    warnings: list[dict[str, str]]
    readiness: list[dict[str, JsonValue]]
    dates: list[dict[str, JsonValue]]


def check_unstored(asked: Mapping[str, JsonValue], standards: Sequence[str], rules: Rules, on: date) -> Told:
    """Say what is wrong, doubtful and missing. A content of the wrong shape is judged by its shape alone.

    Attachments are taken as declared, since there is no case file that could have them.
    """
    content = cast(dict[str, JsonValue], asked["content"])
    misshapen = content_faults(content)
    if misshapen:
        return _told(misshapen)
    known = named_attachment_ids(content)
    envelope = {name: asked[name] for name in ENVELOPE if name in asked}
    request = cast(Mapping[str, JsonValue] | None, asked.get("request"))
    told = _told(check_content(content, attachment_ids=known, on=on))
    told["warnings"] = warnings(content, on=on)
    told["readiness"] = [
        evaluate(name, content, envelope=envelope, request=request, on=on, rules=rules).as_body() for name in standards
    ]
    told["dates"] = legal_dates(content, on)
    return told


def _told(faults: Sequence[Fault]) -> Told:
    errors: list[dict[str, JsonValue]] = [
        {"code": fault.code, "pointer": fault.pointer or "", "detail": fault.detail} for fault in faults
    ]
    return {
        "content_schema": NEWEST,
        "acceptable": not errors,
        "errors": errors,
        "warnings": [],
        "readiness": [],
        "dates": [],
    }
