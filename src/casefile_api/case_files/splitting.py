"""Splitting the file of suspects off into a case file of its own, and merging a case file into another.

A split begins with version 1 of a new case file: what of a version concerns those suspects alone. It lets in whom the
first lets in, and nobody else. A merge takes nothing along and takes nothing away: the case file is closed, stays as it
is, and what is to go on in the other is written there as a version of it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import text

from casefile_api.case_files.commands import HeldCase, check_shape, find_for_version, touch
from casefile_api.case_files.conflicts import reckon_shut_out
from casefile_api.case_files.declaring import reason_of_conflict
from casefile_api.case_files.dividing import divided
from casefile_api.case_files.envelope import Envelope
from casefile_api.case_files.linking import find_other, keep_link, lock_both, tell_both
from casefile_api.case_files.opening import make_case_file, refuse_hidden
from casefile_api.case_files.queries import CaseFileRow, parties
from casefile_api.case_files.restricting import keep_act, refuse_through_glass
from casefile_api.case_files.views import CaseFileView, view_case_file
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.idempotency import Replayed


@dataclass(frozen=True, slots=True)
class Split:
    """Who is split off, from which version, and why."""

    suspect_ids: list[str]
    version: int | None
    note: str
    reason: str


# The table belongs to early advice; what is asked here is whether somebody is still to be answered about them.
_STILL_OPEN = text(
    "select exists (select from early_advice_request q join case_file_request_position r on r.request_id = q.id"
    " where q.case_file_id = :case and r.holder <> 'none'"
    " and (cast(:suspects as text[]) is null or q.suspect_ids ?| cast(:suspects as text[])))"
)
_SHUT_OUT_OF = text(
    "select id, organisation, staff_id, kind, since, declared_by, reason from case_file_conflict"
    " where case_file_id = :case and withdrawn_at is null"
)
_SHUT_OUT_TOO = text(
    "insert into case_file_conflict (id, case_file_id, organisation, staff_id, kind, since, declared_by, version,"
    " reason) values (:id, :case, :organisation, :staff, :kind, :since, cast(:by as jsonb), :version, :reason)"
    " on conflict (case_file_id, organisation, staff_id, kind) where withdrawn_at is null do nothing"
)


async def split_case_file(work: UnitOfWork, case_file_id: str, asked: Envelope, split: Split) -> CaseFileView:
    """Open a case file with what of a version concerns these suspects; both say where it came from and went.

    Raises NotFound, Stale, WrongState (merged, or a request about them is open), Invalid and AlreadyExists (URN).
    """
    try:
        held = await find_for_version(work, case_file_id, content=True)
    except Replayed as replayed:
        await refuse_hidden(work, replayed)
        raise
    case = held.case
    await refuse_through_glass(work, case)
    number, content = await _content(work, held, split.version)
    _refuse_suspects(content, split.suspect_ids)
    await _refuse_open_requests(work, case, split.suspect_ids)
    part = divided(content, split.suspect_ids)
    check_shape(part)
    new = await make_case_file(work, _envelope(case, asked), part, split.note, guarded_as=case)
    await _guard_alike(work, case, new, split.reason)
    link_id = await keep_link(
        work, "split", case, new, version=number, reason=split.reason, suspect_ids=split.suspect_ids
    )
    await touch(work, case.id, [case.organisation])
    await tell_both(work, "case_file.split", case, new, link_id)
    work.trail.details = {"split_from": str(case.id), "version": number}
    return await view_case_file(work, new, 1)


async def merge_case_file(work: UnitOfWork, case_file_id: str, into: str, reason: str) -> CaseFileView:
    """Close a case file that goes on in another one.

    Raises NotFound, Stale, WrongState (merged already, or a request is open), Invalid where there is no such other.
    """
    await lock_both(work, case_file_id, into)
    held = await find_for_version(work, case_file_id)
    case = held.case
    await _refuse_open_requests(work, case, None)
    other = await find_other(work, case, into, "/case_file_id")
    if other.merged_into is not None:
        raise WrongState("The other case file was itself merged into another; name that one.")
    await work.session.execute(
        text("update case_file set merged_into = :other where id = :id"), {"id": case.id, "other": other.id}
    )
    link_id = await keep_link(work, "merge", case, other, version=case.newest_number, reason=reason)
    told = await parties(work.session, case.id)
    await touch(work, case.id, told)
    await work.record("case_file.closed", to=told, case_file_id=case.id)
    await tell_both(work, "case_file.merged", case, other, link_id)
    view = await view_case_file(work, replace(case, merged_into=other.id), case.newest_number)
    work.trail.about("case_file", case.id, version=case.newest_number)
    work.trail.details = {"merged_into": str(other.id)}
    return view


async def _content(work: UnitOfWork, held: HeldCase, asked: int | None) -> tuple[int, dict[str, Any]]:
    """Return the version that is split, and its content."""
    number = asked or held.case.newest_number
    if number > held.case.newest_number:
        raise Invalid("There is no such version.", Fault("unknown_version", "Name one there is.", pointer="/version"))
    view = held.view if number == held.case.newest_number else await view_case_file(work, held.case, number)
    return number, orjson.loads(view.content)


def _refuse_suspects(content: dict[str, Any], suspect_ids: list[str]) -> None:
    """Refuse to split off who is not in the version, and everybody who is.

    Raises Invalid naming each place.
    """
    known = {one["id"] for one in content["suspects"]}
    faults = [
        Fault("unknown_suspect", "Name a suspect of the version.", pointer=f"/suspect_ids/{place}")
        for place, one in enumerate(suspect_ids)
        if one not in known
    ]
    if len(set(suspect_ids)) != len(suspect_ids):
        faults.append(Fault("duplicate", "Name each suspect once.", pointer="/suspect_ids"))
    if not faults and known == set(suspect_ids):
        faults.append(Fault("nobody_left", "Leave a suspect with the first case file.", pointer="/suspect_ids"))
    if faults:
        raise Invalid("These suspects cannot be split off.", *faults)


async def _refuse_open_requests(work: UnitOfWork, case: CaseFileRow, suspect_ids: list[str] | None) -> None:
    """Refuse while a request about the suspects, or about anybody, is open: who answers it answers about this file.

    Raises WrongState.
    """
    found = await work.session.execute(_STILL_OPEN, {"case": case.id, "suspects": suspect_ids})
    if found.scalar_one():
        raise WrongState("A request for early advice about it is open; end or withdraw it first.")


def _envelope(case: CaseFileRow, asked: Envelope) -> Envelope:
    """Return the envelope of the new case file: what was not said is as with the first.

    Raises Invalid where URN and suffix would be the first one's.
    """
    if asked.urn is None and asked.urn_suffix is None:
        mend = "Give the new case file a suffix of its own, or another URN."
        raise Invalid("Two case files cannot have one URN.", Fault("required", mend, pointer="/urn_suffix"))
    return Envelope(
        asked.urn or case.urn,
        asked.urn_suffix,
        case.crime_references if asked.crime_references is None else asked.crime_references,
        asked.police_unit or case.police_unit,
        asked.cps_unit or case.cps_unit,
    )


async def _guard_alike(work: UnitOfWork, case: CaseFileRow, new: CaseFileRow, reason: str) -> None:
    """Shut out of the new case file whom a conflict of interest shuts out of the first, and say that it is restricted.

    Who was a party to the first is shut out too: what is in the new one was in the first.
    """
    rows = (await work.session.execute(_SHUT_OUT_OF, {"case": case.id})).all()
    for row in rows:
        identifier, sealed = new_id(), None
        if row.reason is not None:
            words = await work.vault.open(work.session, case.id, row.reason, reason_of_conflict(row.id))
            sealed = await work.vault.seal(work.session, new.id, words, reason_of_conflict(identifier))
        await work.session.execute(
            _SHUT_OUT_TOO,
            {
                "id": identifier,
                "case": new.id,
                "organisation": row.organisation,
                "staff": row.staff_id,
                "kind": row.kind,
                "since": row.since,
                "by": json.dumps(row.declared_by),
                "version": 1 if row.kind == "party" else None,
                "reason": sealed,
            },
        )
    if rows:
        await reckon_shut_out(work, new.id)
    if case.restricted:
        await keep_act(work, replace(new, admitted=[]), case.admitted, "restricted", reason)
