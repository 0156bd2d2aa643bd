"""Finding case files: a page of those that a caller may see, in order, and how many there are of what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.case_files.finding import CaseFileFilter, Sort, conditions, source, status_expression
from casefile_api.case_files.queries import newest_visible, sight_of, visible_to
from casefile_api.case_files.views import envelopes_of
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import Page

Keys = tuple[datetime | str, UUID]


async def list_case_files(
    reading: Reading, asked: CaseFileFilter, sort: Sort, page: Page
) -> tuple[list[dict[str, Any]], Keys | None]:
    """Return a page of the case files that the caller may see, and the keys of its last item if there are more."""
    column, falling = sort.value.removeprefix("-"), sort.value.startswith("-")
    key = f"c.{column}" if column == "urn" else f"p.{column}"
    found, bind = _found(reading, asked)
    after = page.after(str if column == "urn" else datetime, UUID)
    if after is not None:
        found += f" and ({key}, c.id) {'<' if falling else '>'} (:after_key, :after_id)"
        bind |= {"after_key": after[0], "after_id": after[1]}
    order = "desc" if falling else "asc"
    rows = await reading.session.execute(
        text(
            f"select c.id, v.number as newest_number, {key} as key {found}"
            f" order by {key} {order}, c.id {order} limit :limit"
        ),
        {**bind, "limit": page.limit + 1},
    )
    some = rows.all()
    shown = some[: page.limit]
    items = await envelopes_of(reading, [(row.id, row.newest_number) for row in shown])
    reading.trail.details = {"query": {**reading.trail.query, **asked.shape(), "sort": sort.value}}
    reading.trail.showed(row.id for row in shown)
    reading.trail.about_those_of((item["organisation"] for item in items), reader=reading.caller.organisation)
    last = (shown[-1].key, shown[-1].id) if len(some) > page.limit else None
    return [{**item, "etag": tag_of(item)} for item in items], last


async def count_case_files(reading: Reading, asked: CaseFileFilter) -> dict[str, Any]:
    """Return how many case files are found in all, by status and by case type."""
    found, bind = _found(reading, asked)
    rows = await reading.session.execute(
        text(
            "select status, case_type, count(*) as number from ("
            f" select {status_expression(reading.caller)} as status, v.case_type {found}) found"
            " group by grouping sets ((), (status), (case_type)) order by status, case_type"
        ),
        bind,
    )
    counts: dict[str, Any] = {"total": 0, "by_status": {}, "by_case_type": {}}
    for row in rows:
        if row.status is not None:
            counts["by_status"][row.status] = row.number
        elif row.case_type is not None:
            counts["by_case_type"][row.case_type] = row.number
        else:
            counts["total"] = row.number
    return counts


def _found(reading: Reading, asked: CaseFileFilter) -> tuple[str, dict[str, Any]]:
    """Return the SQL from its source on, of all that is found for the caller, and what it binds."""
    caller = reading.caller
    said, bind = conditions(asked, caller, reading.vault)
    found = (
        f"from {source(caller, newest_visible(caller))}"
        f" where p.organisation = :organisation and {visible_to(caller)}"
        f"{''.join(f' and {condition}' for condition in said)}"
    )
    return found, {**bind, **sight_of(caller)}
