"""What case files are looked for by, and the conditions that follow. Nothing personal is in a filter of the list:
filters are in URLs. What is personal comes in the body of a search, as `suspect`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.finding_terms import Wanted
from casefile_api.case_files.indexing import wanted_hashes
from casefile_api.case_files.queries import (
    addressed_to,
    not_retracted,
    referred,
    referred_suspects,
    standings,
    visible_shares,
)
from casefile_api.case_files.standing import Status
from casefile_api.case_files.urn import parse_urn
from casefile_api.errors import Fault, Invalid
from casefile_api.vault import Vault


class Sort(StrEnum):
    """Orders of the list."""

    NEWEST_CHANGE = "-updated_at"
    OLDEST_CHANGE = "updated_at"
    NEWEST = "-created_at"
    OLDEST = "created_at"
    URN = "urn"
    URN_FALLING = "-urn"


@dataclass(frozen=True, slots=True)
class CaseFileFilter:
    """What is looked for; every part that is given must be so."""

    urn: str | None = None
    crime_reference: str | None = None
    status: Status | None = None
    suspect_status: Status | None = None
    case_type: str | None = None
    offence: str | None = None
    officer: str | None = None
    police_unit: str | None = None
    cps_unit: str | None = None
    reported_from: date | None = None
    reported_to: date | None = None
    opened_since: datetime | None = None
    updated_since: datetime | None = None
    deadline_before: datetime | None = None
    suspect: Wanted | None = None

    def shape(self) -> dict[str, str]:
        """Return what was looked for, for the log: of a suspect, only by what they were looked for."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "suspect"}
        shape = {name: str(value) for name, value in said.items() if value is not None}
        if self.suspect is not None:
            names = [name for name in Wanted.__dataclass_fields__ if getattr(self.suspect, name)]
            shape["suspect"] = " ".join(names)
        return shape


def status_expression(caller: Caller) -> str:
    """Return the SQL expression of a case file's status, as the caller's side can know it.

    It says what `standing.status_of_case` says of the same rows.
    """
    stands = standings(caller)
    return (
        f"case when {referred(caller)} then 'referred'"
        f" when {stands} @> jsonb_build_array({_STAGE.format('post_charge')}) then 'post_charge'"
        f" when (select bool_and(x @> {_STAGE.format('decided')}) from jsonb_array_elements({stands}) x)"
        f" then 'decided' when {_begun(caller)} then 'in_investigation' else 'registered' end"
    )


def suspect_status_condition(caller: Caller) -> str:
    """Return the SQL condition that a suspect has the status :suspect_status, as `standing.statuses` says it."""
    return (
        f"exists (select from jsonb_array_elements({standings(caller)}) x where :suspect_status = case"
        f" when exists (select from jsonb_array_elements({referred_suspects(caller)}) named"
        " where named @> jsonb_build_array(x->'id')) then 'referred' when x->>'stage' <> 'open' then x->>'stage'"
        f" when {_begun(caller)} then 'in_investigation' else 'registered' end)"
    )


_STAGE = "jsonb_build_object('stage', '{}')"


def _begun(caller: Caller) -> str:
    """Return the SQL condition that there is more than the report."""
    if caller.kind is OrganisationKind.CPS:
        return "true"
    return "(c.newest_number > 1 or exists (select from case_file_request_position r where r.case_file_id = c.id))"


def source(caller: Caller, newest: str) -> str:
    """Return the SQL source of every list: case file, the newest version seen, and what that is found by."""
    return f"""
        case_file c join case_file_version v on v.case_file_id = c.id and v.number = {newest}
        left join lateral (select o.officers, o.reported_on, o.suspects from case_file_finding o
            where o.case_file_id = c.id and o.number <= v.number order by o.number desc limit 1) f on true"""


def conditions(asked: CaseFileFilter, caller: Caller, vault: Vault) -> tuple[list[str], dict[str, Any]]:
    """Return the SQL conditions of what is looked for, and what they bind."""
    named = {name: getattr(asked, name) for name in asked.__dataclass_fields__}
    bind = {name: value for name, value in named.items() if value is not None}
    if asked.urn is not None:
        bind["urn"] = _urn(asked.urn)
    for name in ("status", "suspect_status"):
        if name in bind:
            bind[name] = bind[name].value
    if asked.suspect is not None:
        bind["suspect"] = _suspect(asked.suspect, vault)
    said = _conditions(caller)
    if caller.kind is OrganisationKind.CPS:
        said |= {name: f"({said[name]}) and {not_retracted('v')}" for name in _SAID_BY_CONTENT}
    return [said[name] for name in bind], bind


# What was retracted from the caller's side is found by nothing that it said.
_SAID_BY_CONTENT = ("case_type", "offence", "officer", "reported_from", "reported_to", "suspect")


def _conditions(caller: Caller) -> dict[str, str]:
    return {
        "urn": "c.urn = :urn",
        "crime_reference": "c.crime_references @> array[cast(:crime_reference as character varying)]",
        "status": f"({status_expression(caller)}) = :status",
        "suspect_status": suspect_status_condition(caller),
        "case_type": "v.case_type = :case_type",
        "offence": ":offence = any(v.offence_codes)",
        "officer": ":officer = any(f.officers)",
        "police_unit": "c.police_unit = :police_unit",
        "cps_unit": f"{addressed_to(caller)} = :cps_unit",
        "reported_from": "f.reported_on >= :reported_from",
        "reported_to": "f.reported_on <= :reported_to",
        "opened_since": "p.created_at >= :opened_since",
        "updated_since": "p.updated_at >= :updated_since",
        "deadline_before": _deadline(caller),
        # The index finds case files where any version had such a suspect; that the version seen has is asked of it.
        "suspect": "c.id in (select g.case_file_id from case_file_finding g"
        " where g.suspects @> cast(:suspect as jsonb)) and f.suspects @> cast(:suspect as jsonb)",
    }


def _deadline(caller: Caller) -> str:
    """Return the condition that a clock runs out before a time, on a request that is with the caller's side."""
    mine = ""
    if caller.kind is OrganisationKind.CPS:
        mine = (
            " and exists (select from early_advice_unit u where u.request_id = k.request_id and u.left_at is null"
            f" and {visible_shares(caller, 'u')})"
        )
    return (
        "exists (select from early_advice_clock k where k.case_file_id = c.id and k.stopped_at is null"
        f" and k.paused_at is null and k.due_at < :deadline_before{mine})"
    )


def _urn(written: str) -> str:
    try:
        return str(parse_urn(written))
    except ValueError as found:
        raise Invalid("The URN is malformed.", Fault("malformed", str(found), parameter="urn")) from None


def _suspect(wanted: Wanted, vault: Vault) -> str:
    try:
        return wanted_hashes(vault, wanted)
    except ValueError as found:
        fault = Fault("says_nothing", "Give letters or digits to look for.", pointer=f"/suspect/{found}")
        raise Invalid("What is looked for would find everybody.", fault) from None
