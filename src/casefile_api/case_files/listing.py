"""Finding case files: a page of those that a caller may see, in order, and how many there are of what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.case_files.finding import CaseFileFilter, Sort, conditions, source, status_expression
from casefile_api.case_files.queries import newest_visible, sight_of, visible_to
from casefile_api.case_files.views import envelopes_of
from casefile_api.case_files.walking import walk
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import tag_of
from casefile_api.web.pagination import Page

Keys = tuple[datetime | str, UUID]

# By these there are few, which are found first and put in order then.
_OF_FEW = ("urn", "crime_reference", "suspect")
_PARTY = "case_file_party p on p.case_file_id = c.id and p.organisation = :organisation and p.first"
# How much further each step goes than the one before, and no step further than so many.
_LONGER, _LONGEST_STEP = 4, 10_000


@dataclass(frozen=True, slots=True)
class _Item:
    """A case file of the list, at the newest version seen, by the key that it stands in order by."""

    id: UUID
    number: int
    key: datetime | str


@dataclass(frozen=True, slots=True)
class _Order:
    """What a list is in order of, and after which keys it goes on."""

    column: str
    falling: bool
    after: Keys | None

    @property
    def words(self) -> str:
        return "desc" if self.falling else "asc"

    @property
    def past(self) -> str:
        return "<" if self.falling else ">"


async def list_case_files(
    reading: Reading, asked: CaseFileFilter, sort: Sort, page: Page
) -> tuple[list[dict[str, Any]], Keys | None]:
    """Return a page of the case files that the caller may see, and the keys of its last item if there are more."""
    column = sort.value.removeprefix("-")
    after = page.after(str if column == "urn" else datetime, UUID)
    order = _Order(column, sort.value.startswith("-"), after)
    few = column == "urn" or any(getattr(asked, name) is not None for name in _OF_FEW)
    some = await (_of_few if few else _along)(reading, asked, order, page.limit + 1)
    shown = some[: page.limit]
    items = await envelopes_of(reading, [(item.id, item.number) for item in shown])
    reading.trail.details = {"query": {**reading.trail.query, **asked.shape(), "sort": sort.value}}
    reading.trail.showed(item.id for item in shown)
    reading.trail.about_those_of((item["organisation"] for item in items), reader=reading.caller.organisation)
    last = (shown[-1].key, shown[-1].id) if len(some) > page.limit else None
    return [{**item, "etag": tag_of(item)} for item in items], last


async def _of_few(reading: Reading, asked: CaseFileFilter, order: _Order, wanted: int) -> list[_Item]:
    """Find all that there is, and put it in order."""
    key = "c.urn" if order.column == "urn" else f"p.{order.column}"
    found, bind = _found(reading, asked)
    if order.after is not None:
        found += f" and ({key}, c.id) {order.past} (:after_key, :after_id)"
        bind |= {"after_key": order.after[0], "after_id": order.after[1]}
    rows = await reading.session.execute(
        text(
            f"select c.id, v.number, {key} as key {found} order by {key} {order.words}, c.id {order.words} limit :limit"
        ),
        {**bind, "limit": wanted},
    )
    return [_Item(row.id, row.number, row.key) for row in rows]


async def _along(reading: Reading, asked: CaseFileFilter, order: _Order, wanted: int) -> list[_Item]:
    """Go along the caller's place in order until so many are found: each step goes further than the one before."""
    found: list[_Item] = []
    after, step = order.after, 2 * wanted
    while True:
        rows = await _step(reading, asked, order, after, step)
        found += [_Item(row.id, row.number, row.key) for row in rows if row.number is not None]
        if len(found) >= wanted or len(rows) < step:
            return found[:wanted]
        after, step = (rows[-1].key, rows[-1].id), min(step * _LONGER, _LONGEST_STEP)


async def _step(reading: Reading, asked: CaseFileFilter, order: _Order, after: Keys | None, step: int) -> list[Any]:
    """Return the next case files of the place, each with the version seen, or none where it is not one looked for."""
    caller = reading.caller
    said, bind = conditions(asked, caller, reading.vault)
    bind |= {**sight_of(caller), "walked": step}
    if after is not None:
        bind |= {"after_key": after[0], "after_id": after[1]}
    rows = await reading.session.execute(
        text(
            f"select p.case_file_id as id, p.{order.column} as key, x.number"
            f" from ({walk(caller, order.column, falling=order.falling, further=after is not None)}) p"
            f" left join lateral (select v.number from {source(caller, newest_visible(caller))}"
            f" where c.id = p.case_file_id and {visible_to(caller)}{_and(said)}) x on true"
            f" order by p.{order.column} {order.words}, p.case_file_id {order.words}"
        ),
        bind,
    )
    return list(rows.all())


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
    found = f"from {source(caller, newest_visible(caller))} join {_PARTY} where {visible_to(caller)}{_and(said)}"
    return found, {**bind, **sight_of(caller)}


def _and(said: list[str]) -> str:
    return "".join(f" and {condition}" for condition in said)
