"""Reading a content as it was parsed: plain dictionaries and lists, with what is left out read as empty.

The checks, the changes and the file standards all read a content like this, because models are never turned back into
it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from casefile_api.web.strict_json import JsonValue

Members: TypeAlias = Mapping[str, JsonValue]

LISTS = (
    "suspects",
    "complainants",
    "witnesses",
    "offences",
    "lines_of_enquiry",
    "material",
    "chronology",
    "links",
    "other_contacts",
    "other_people",
    "unused_material",
    "media_elsewhere",
    "devices",
    "third_party_requests",
    "forensic_submissions",
    "outstanding_evidence",
    "orders",
    "case_outline",
    "opinions",
)


def items(members: Members, name: str) -> Sequence[tuple[int, Members]]:
    """Return the items of a list with their positions; the checks ask a hundred times for each content."""
    found = members.get(name)
    if not isinstance(found, list):
        return ()
    return [(index, item) for index, item in enumerate(found) if isinstance(item, dict)]


def part(members: Members, name: str) -> Members:
    """Return a part, empty where it is left out."""
    found = members.get(name)
    return found if isinstance(found, dict) else {}


def text(members: Members, name: str) -> str:
    """Return a text without the white space around it, empty where it is left out."""
    found = members.get(name)
    return found.strip() if isinstance(found, str) else ""


def texts(members: Members, name: str) -> list[str]:
    """Return a list of texts, empty where it is left out."""
    found = members.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def day(members: Members, name: str) -> date | None:
    """Return a day, or None where it is left out."""
    found = members.get(name)
    return date.fromisoformat(found) if isinstance(found, str) else None


def moment(members: Members, name: str) -> datetime | None:
    """Return a time, or None where it is left out."""
    found = members.get(name)
    return datetime.fromisoformat(found) if isinstance(found, str) else None
