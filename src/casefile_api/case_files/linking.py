"""Links between case files of a force that belong together: who sees both case files sees the link, nobody else.

To whom one of the two is hidden the link does not exist either: not in a list, a timeline or an event.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.field_policy import own_alone
from casefile_api.case_files.commands import created_by
from casefile_api.case_files.principals import everybody
from casefile_api.case_files.queries import COLUMNS, CaseFileRow, find_visible, parties, sight_of, visible_to
from casefile_api.clock import utc_text
from casefile_api.errors import AlreadyExists, Fault, Gone, Invalid, NotFound, WrongState
from casefile_api.identifiers import new_id, parse_id
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.etags import tag_of

Link = dict[str, Any]
_LOCK_BOTH = text("select id from case_file where id = any(:ids) order by id for update")
_INSERT = text(
    "insert into case_file_link (id, kind, relation, case_file_id, other_id, version, suspect_ids, organisation,"
    " linked_at, linked_by, reason) values (:id, :kind, :relation, :case, :other, :version, :suspects, :organisation,"
    " :now, cast(:by as jsonb), :reason)"
)
_STANDING = text(
    "select exists (select from case_file_link where kind = 'link' and removed_at is null"
    " and (case_file_id, other_id) in ((:one, :other), (:other, :one)))"
)
_REMOVE = text(
    "update case_file_link set removed_at = :now, removed_by = cast(:by as jsonb), removed_because = :because"
    " where id = :id"
)
_SEEN_FROM = {
    "split": ("split_into", "split_from"),
    "merge": ("merged_into", "merged_from"),
}


async def link_case_files(work: UnitOfWork, case_file_id: str, other_id: str, relation: str, reason: str) -> Link:
    """Link two case files.

    Raises NotFound, Invalid where the other is none that the caller can see, AlreadyExists where they are linked.
    """
    await lock_both(work, case_file_id, other_id)
    case = await find_visible(work, case_file_id)
    other = await find_other(work, case, other_id, "/case_file_id")  # also a repeated call is for who sees both
    await work.first_time()
    found = await work.session.execute(_STANDING, {"one": case.id, "other": other.id})
    if found.scalar_one():
        raise AlreadyExists("The two case files are linked already.")
    link_id = await keep_link(work, "link", case, other, version=case.newest_number, reason=reason, relation=relation)
    await tell_both(work, "case_file.linked", case, other, link_id)
    work.trail.details = {"linked": str(other.id), "relation": relation}
    return await _one(work, case, link_id)


async def remove_link(work: UnitOfWork, case_file_id: str, link_id: str, reason: str) -> Link:
    """Take back a link that was a mistake.

    Raises NotFound, Stale, WrongState where it is a split or a merge, or was removed.
    """
    case = await find_visible(work, case_file_id)
    link = await _one(work, case, parse_id(link_id))
    await lock_both(work, case_file_id, link["case_file_id"])
    link = await _one(work, case, parse_id(link_id))
    await work.precondition(tag_of(link))
    if link["relation"] in {word for words in _SEEN_FROM.values() for word in words}:
        raise WrongState("A split and a merge are not taken back.")
    if link["removed_at"] is not None:
        raise WrongState("The link was removed.")
    other = await find_other(work, case, link["case_file_id"], "")
    first = await work.session.execute(
        text("select case_file_id from case_file_link where id = :id"), {"id": UUID(link_id)}
    )
    because = await work.vault.seal(work.session, first.scalar_one(), reason.encode(), _removal_of(link_id))
    by = json.dumps(created_by(work.caller))
    await work.session.execute(_REMOVE, {"id": UUID(link_id), "now": work.now, "by": by, "because": because})
    await tell_both(work, "case_file.unlinked", case, other, UUID(link_id))
    work.trail.details = {"unlinked": str(other.id)}
    return await _one(work, case, UUID(link_id))


async def list_links(reading: Reading, case: CaseFileRow, *, after: UUID | None, limit: int) -> list[Link]:
    """Return the links of a case file with those that the caller can see as well, in order."""
    further = "l.id > :after" if after is not None else "true"
    bind = {"id": case.id, "after": after, "limit": limit, **sight_of(reading.caller)}
    rows = await reading.session.execute(text(f"{_links(reading)} and {further} order by l.id limit :limit"), bind)
    links = [_view(reading, case, row) for row in rows.all()]
    return [{**link, "etag": tag_of(link)} for link in links]


async def lock_both(work: UnitOfWork, *case_file_ids: str) -> None:
    """Lock case files in one order, whoever begins with which: two acts on the same two wait for each other."""
    found = {identifier for identifier in map(_identifier, case_file_ids) if identifier is not None}
    await work.session.execute(_LOCK_BOTH, {"ids": sorted(found)})


async def find_other(work: UnitOfWork, case: CaseFileRow, other_id: str, pointer: str) -> CaseFileRow:
    """Find the case file that another is to be linked with.

    Raises Invalid where it is the same, or none that the caller can see.
    """
    identifier = _identifier(other_id)
    row = None
    if identifier is not None and identifier != case.id:
        statement = f"select {COLUMNS}, c.newest_number from case_file c where c.id = :id and {visible_to(work.caller)}"
        found = await work.session.execute(text(statement), {"id": identifier, **sight_of(work.caller)})
        row = found.one_or_none()
    if row is None:
        fault = Fault("unknown_case_file", "Name another case file that you can see.", pointer=pointer)
        raise Invalid("There is no such case file.", fault)
    return CaseFileRow(**{name: getattr(row, name) for name in CaseFileRow.__dataclass_fields__})


async def keep_link(
    work: UnitOfWork,
    kind: str,
    case: CaseFileRow,
    other: CaseFileRow,
    *,
    version: int,
    reason: str,
    relation: str | None = None,
    suspect_ids: Sequence[str] = (),
) -> UUID:
    """Write down how two case files belong together."""
    link_id = new_id()
    await work.session.execute(
        _INSERT,
        {
            "id": link_id,
            "kind": kind,
            "relation": relation,
            "case": case.id,
            "other": other.id,
            "version": version,
            "suspects": list(suspect_ids),
            "organisation": case.organisation,
            "now": work.now,
            "by": json.dumps(created_by(work.caller)),
            "reason": await work.vault.seal(work.session, case.id, reason.encode(), _reason_of(link_id)),
        },
    )
    return link_id


async def tell_both(work: UnitOfWork, event_type: str, case: CaseFileRow, other: CaseFileRow, link_id: UUID) -> None:
    """Tell those who have both case files, of each; nobody whose systems the other one does not admit."""
    both = set(await parties(work.session, case.id)) & set(await parties(work.session, other.id))
    for one, another in sorted(((case, other), (other, case)), key=lambda pair: pair[0].id):
        told = [name for name in both if not another.restricted or everybody(name, "system") in another.admitted]
        if told:
            await work.record(event_type, to=told, case_file_id=one.id, link_id=link_id)
    work.unannounced()  # where one of them is restricted, the other may have nobody to tell


async def _one(reading: Reading, case: CaseFileRow, link_id: UUID) -> Link:
    bind = {"id": case.id, "link": link_id, **sight_of(reading.caller)}
    found = await reading.session.execute(text(f"{_links(reading)} and l.id = :link"), bind)
    row = found.one_or_none()
    if row is None:
        raise NotFound()
    reading.trail.about("case_file_link", link_id)
    return _view(reading, case, row)


def _links(reading: Reading) -> str:
    return (
        "select l.*, o.id as seen_id, o.urn, o.urn_suffix, k.wrapped_key from case_file_link l"
        " left join case_key k on k.case_file_id = l.case_file_id join case_file o"
        " on o.id = case when l.case_file_id = :id then l.other_id else l.case_file_id end"
        f" where (l.case_file_id = :id or l.other_id = :id) and {visible_to(reading.caller, 'o')}"
    )


def _view(reading: Reading, case: CaseFileRow, row: Any) -> Link:
    first, kind = row.case_file_id == case.id, reading.caller.kind
    words = {"reason": (row.reason, _reason_of(row.id)), "removed_because": (row.removed_because, _removal_of(row.id))}
    opened = {
        name: None if own_alone("ListedLink", name, kind) else _opened(reading, row, *sealed)
        for name, sealed in words.items()
    }
    return {
        "id": str(row.id),
        "relation": row.relation or _SEEN_FROM[row.kind][0 if first else 1],
        "case_file_id": str(row.seen_id),
        "urn": row.urn,
        "urn_suffix": row.urn_suffix,
        "suspect_ids": row.suspect_ids,
        "version": None if own_alone("ListedLink", "version", kind) else row.version,
        "linked_at": utc_text(row.linked_at),
        "linked_by": row.linked_by,
        "removed_at": utc_text(row.removed_at) if row.removed_at else None,
        "removed_by": row.removed_by,
        **opened,
    }


def _opened(reading: Reading, row: Any, sealed: bytes | None, place: str) -> str | None:
    """Return what was written, or nothing where it went with a case file that was erased."""
    if sealed is None:
        return None
    try:
        return reading.vault.open_with(row.case_file_id, row.wrapped_key, sealed, place).decode()
    except Gone:
        return None


def _identifier(written: str) -> UUID | None:
    try:
        return parse_id(written)
    except NotFound:
        return None


def _reason_of(link_id: object) -> str:
    return f"case_file_link.reason:{link_id}"


def _removal_of(link_id: object) -> str:
    return f"case_file_link.removed_because:{link_id}"
