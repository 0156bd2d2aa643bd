"""Finding case files: the list, its filters and its order. Nothing personal is a filter: filters are in URLs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.queries import (
    addressed_to,
    newest_visible,
    referred,
    sight_of,
    visible_to,
)
from casefile_api.case_files.urn import parse_urn
from casefile_api.case_files.views import envelopes_of
from casefile_api.errors import Fault, Invalid
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import Page


class Sort(StrEnum):
    """Orders of the list."""

    NEWEST_CHANGE = "-updated_at"
    OLDEST_CHANGE = "updated_at"
    NEWEST = "-created_at"
    OLDEST = "created_at"


class Status(StrEnum):
    """What a case file's status can be; the last four come with charging."""

    REGISTERED = "registered"
    IN_INVESTIGATION = "in_investigation"
    REFERRED = "referred"
    DECIDED = "decided"
    POST_CHARGE = "post_charge"
    FINALISED = "finalised"
    ADMINISTRATIVELY_FINALISED = "administratively_finalised"


@dataclass(frozen=True, slots=True)
class CaseFileFilter:
    """What is looked for."""

    urn: str | None = None
    status: Status | None = None
    cps_unit: str | None = None
    case_type: str | None = None
    offence: str | None = None
    updated_since: datetime | None = None
    sort: Sort = Sort.NEWEST_CHANGE

    def shape(self) -> dict[str, str]:
        """Return the names of the filters in use, for the log."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__ if getattr(self, name) is not None}


def _status_expression(caller: Caller) -> str:
    if caller.kind is OrganisationKind.CPS:
        return f"case when {referred(caller)} then 'referred' else 'in_investigation' end"
    return (
        f"case when {referred(caller)} then 'referred' when c.newest_number > 1 or exists (select from"
        " case_file_request_position r where r.case_file_id = c.id) then 'in_investigation' else 'registered' end"
    )


def _conditions(asked: CaseFileFilter, caller: Caller) -> tuple[list[str], dict[str, Any]]:
    said: list[str] = []
    bind: dict[str, Any] = {}
    if asked.urn is not None:
        try:
            bind["urn"] = str(parse_urn(asked.urn))
        except ValueError as found:
            raise Invalid("The URN is malformed.", Fault("malformed", str(found), parameter="urn")) from None
        said.append("c.urn = :urn")
    if asked.status is not None:
        said.append(f"({_status_expression(caller)}) = :status")
        bind["status"] = asked.status.value
    if asked.cps_unit is not None:
        said.append(f"{addressed_to(caller)} = :cps_unit")
        bind["cps_unit"] = asked.cps_unit
    if asked.case_type is not None:
        said.append("v.case_type = :case_type")
        bind["case_type"] = asked.case_type
    if asked.offence is not None:
        said.append(":offence = any(v.offence_codes)")
        bind["offence"] = asked.offence
    if asked.updated_since is not None:
        said.append("p.updated_at >= :updated_since")
        bind["updated_since"] = asked.updated_since
    return said, bind


async def list_case_files(
    reading: Reading, asked: CaseFileFilter, page: Page
) -> tuple[list[dict[str, Any]], tuple[datetime, UUID] | None]:
    """Return a page of the case files that the caller may see, and the keys of its last item if there are more."""
    caller = reading.caller
    said, bind = _conditions(asked, caller)
    column = asked.sort.value.removeprefix("-")
    falling = asked.sort.value.startswith("-")
    after = page.after(datetime, UUID)
    if after is not None:
        said.append(f"(p.{column}, c.id) {'<' if falling else '>'} (:after_time, :after_id)")
        bind |= {"after_time": after[0], "after_id": after[1]}
    order = "desc" if falling else "asc"
    rows = await reading.session.execute(
        text(
            f"select c.id, v.number as newest_number, p.{column} as key"
            " from case_file_party p join case_file c on c.id = p.case_file_id"
            f" join case_file_version v on v.case_file_id = c.id and v.number = {newest_visible(caller)}"
            f" where p.organisation = :organisation and {visible_to(caller)}"
            f"{''.join(f' and {condition}' for condition in said)}"
            f" order by p.{column} {order}, c.id {order} limit :limit"
        ),
        {**bind, **sight_of(caller), "limit": page.limit + 1},
    )
    found = rows.all()
    shown = found[: page.limit]
    items = await envelopes_of(reading, [(row.id, row.newest_number) for row in shown])
    reading.trail.details = {"query": asked.shape(), "case_file_ids": [str(row.id) for row in shown]}
    reading.trail.about_those_of((item["organisation"] for item in items), reader=reading.caller.organisation)
    last = (shown[-1].key, shown[-1].id) if len(found) > page.limit else None
    return [{**item, "etag": tag_of(item)} for item in items], last
