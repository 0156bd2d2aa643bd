"""Who is charged, as a version shows it: noted in the transaction that makes the version, for what counts charges.

A charge that a later version no longer shows stays noted: what is told of a suspect goes before it.
Source: police charge, and send the charges back (MG4); a suspect's status is per charge.
"""

from collections.abc import Iterator
from datetime import date, datetime

from casefile_api.case_files.content.reading import Members, day, items, moment, text
from casefile_api.case_files.queries import CaseFileRow
from casefile_api.clock import LONDON

_INSERT = """
    insert into case_file_charge (case_file_id, suspect_id, organisation, charged_on, number, shown_at)
    values (:id, :suspect, :organisation, :day, :number, :now) on conflict do nothing
"""


def charges_noted(
    case: CaseFileRow, number: int, content: Members, now: datetime
) -> Iterator[tuple[str, dict[str, object]]]:
    """Give the statements that note the charges a new version shows: none for most."""
    for suspect, first in charges_shown(content, on=now.astimezone(LONDON).date()).items():
        known = {"id": case.id, "suspect": suspect, "organisation": case.organisation, "day": first}
        yield _INSERT, {**known, "number": number, "now": now}


def charges_shown(content: Members, *, on: date) -> dict[str, date]:
    """Return the suspects that a content shows as charged, each with the first day; `on` where it gives none."""
    found: dict[str, date] = {}
    for _, suspect in items(content, "suspects"):
        days = [laid for _, charge in items(suspect, "proposed_charges") if (laid := _charged_on(charge, on))]
        if days:
            found[text(suspect, "id")] = min(days)
    return found


def _charged_on(charge: Members, on: date) -> date | None:
    """Return the day of a charge that was laid and not withdrawn."""
    if text(charge, "state") == "withdrawn":
        return None
    at = moment(charge, "charged_at")
    laid = day(charge, "charged_on") or (at.astimezone(LONDON).date() if at else None)
    return laid or (on if text(charge, "state") == "charged" else None)
