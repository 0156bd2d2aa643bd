"""Where each suspect stands, and from it where the case does: status is per suspect, and the case's is derived. Pure.

What a content says of charges decides first (a charge laid, or authorised or dropped, or no further action); a request
for early advice that names the suspect and is with the CPS goes before it, since the case is with the CPS then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from casefile_api.case_files.content.reading import Members, items, part, text


class Status(StrEnum):
    """What the status of a suspect or a case file can be; the last four come with charging."""

    REGISTERED = "registered"
    IN_INVESTIGATION = "in_investigation"
    REFERRED = "referred"
    DECIDED = "decided"
    POST_CHARGE = "post_charge"
    FINALISED = "finalised"
    ADMINISTRATIVELY_FINALISED = "administratively_finalised"


OPEN = "open"
"""What a content says of a suspect against whom nothing was decided."""

Standing = Mapping[str, str]
_AFTER_CHARGE = ("charged", "remanded")


def standings_of(content: Members) -> list[dict[str, str]]:
    """Return where a content says that each suspect stands, in the order of their ids."""
    found = {str(suspect["id"]): _stage(suspect) for _, suspect in items(content, "suspects")}
    return [{"id": identifier, "stage": stage} for identifier, stage in sorted(found.items())]


def _stage(suspect: Members) -> str:
    charges = [charge for _, charge in items(suspect, "proposed_charges")]
    states = [text(charge, "state") or ("charged" if _dated(charge) else "proposed") for charge in charges]
    custody = text(part(suspect, "custody"), "status")
    if "charged" in states or custody in _AFTER_CHARGE:
        return Status.POST_CHARGE.value
    dropped = bool(states) and set(states) == {"withdrawn"}
    if "authorised" in states or dropped or custody == "no_further_action":
        return Status.DECIDED.value
    return OPEN


def _dated(charge: Members) -> bool:
    return bool(text(charge, "charged_at") or text(charge, "charged_on"))


def beyond_investigation(standing: Iterable[Standing]) -> dict[str, str]:
    """Return the suspects about whom something was decided, and what: a change of it is told."""
    return {one["id"]: one["stage"] for one in standing if one["stage"] != OPEN}


def statuses(standing: Iterable[Standing], referred: Collection[str], *, begun: bool) -> list[dict[str, str]]:
    """Return the status of each suspect; `begun` is whether there is more than the report."""
    waiting = Status.IN_INVESTIGATION if begun else Status.REGISTERED
    return [
        {
            "id": one["id"],
            "status": Status.REFERRED.value
            if one["id"] in referred
            else (waiting.value if one["stage"] == OPEN else one["stage"]),
        }
        for one in standing
    ]


def status_of_case(suspects: Sequence[Mapping[str, Any]], *, referred: bool, begun: bool) -> str:
    """Return the status of the case: with the CPS, else that of the suspect who is furthest, decided where all are."""
    found = [one["status"] for one in suspects]
    if referred:
        return Status.REFERRED.value
    if Status.POST_CHARGE in found:
        return Status.POST_CHARGE.value
    if found and set(found) == {Status.DECIDED}:
        return Status.DECIDED.value
    return (Status.IN_INVESTIGATION if begun else Status.REGISTERED).value
