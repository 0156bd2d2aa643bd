"""What can be done to a case file: open it, add a version, correct its envelope, share a version. Each is recorded.

There is no edit in place: every change of content is a new, numbered version, and nothing is ever taken back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.exc import IntegrityError

from casefile_api.access.caller import Caller
from casefile_api.case_files.checks import check_content, named_attachment_ids, warnings
from casefile_api.case_files.conflicts import refuse_interested, shut_out_parties
from casefile_api.case_files.content import content_faults
from casefile_api.case_files.content.publishing import NEWEST
from casefile_api.case_files.envelope import Envelope, check_envelope
from casefile_api.case_files.indexing import INSERT as MAKE_FINDABLE
from casefile_api.case_files.indexing import Findable
from casefile_api.case_files.queries import CaseFileRow, find_visible, hold, is_retracted, number_asked, parties
from casefile_api.case_files.versions import SealedVersion, seal_version
from casefile_api.case_files.views import CaseFileView, NewVersion, hold_case_file, view_case_file, with_version
from casefile_api.clock import LONDON
from casefile_api.errors import AlreadyExists, Fault, Invalid, WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.idempotency import Replayed


@dataclass(frozen=True, slots=True)
class HeldCase:
    """A case file that is locked for a change, with the view whose tag the caller has seen."""

    case: CaseFileRow
    view: CaseFileView


_WRONG_CONTENT = "The content of the case file is not right."


def created_by(caller: Caller) -> dict[str, Any]:
    """Return who is acting, as a version or a correction keeps it."""
    staff = {"staff_id": caller.staff.staff_id, "name": caller.staff.name} if caller.staff else None
    return {"organisation": caller.organisation, "client_id": caller.client_id, "staff": staff}


async def open_case_file(work: UnitOfWork, asked: Envelope, content: dict[str, Any], note: str) -> CaseFileView:
    """Open a case file with its version 1.

    Raises Invalid (URN of another force, unknown unit, faulty content) and AlreadyExists (URN with suffix).
    """
    if asked.police_unit is None:
        asked = Envelope(**{**asdict(asked), "police_unit": work.caller.unit})
    if asked.police_unit is None:
        raise Invalid("A unit is needed.", Fault("required", "A system says whose case it is.", pointer="/police_unit"))
    await _replayed_to_who_sees_it(work)
    envelope = await check_envelope(work, asked)
    await _refuse_taken_urn(work, envelope.urn, envelope.urn_suffix)
    _check(content, [], work)
    refuse_interested(content, work.caller, [])
    found = Findable.of(work.vault, content)
    case = CaseFileRow(
        new_id(),
        str(envelope.urn),
        envelope.urn_suffix,
        work.caller.organisation,
        str(envelope.police_unit),
        str(envelope.cps_unit),
        envelope.crime_references or [],
        1,
        found.officers,
        findable_as=found.digest,
    )
    await work.vault.create_key(work.session, case.id)
    await _insert_case(work, case)
    version = seal_version(case.id, content, [], number=1, parent_digest=None)
    await _insert_version(work, case, version, content, note)
    await work.later(MAKE_FINDABLE, found.values(case.id, 1))
    await shut_out_parties(work, case.id, content, 1, created_by(work.caller))
    work.trail.about("case_file", case.id, version=1, case_file_id=case.id, owner=case.organisation)
    await work.record("case_file.opened", to=[case.organisation], case_file_id=case.id, version=1)
    return await view_case_file(work, case, 1)


async def _replayed_to_who_sees_it(work: UnitOfWork) -> None:
    """Go on if this opening was not answered before; that answer is for who may still see the case file.

    Raises Replayed, or NotFound where the caller was shut out meanwhile.
    """
    try:
        await work.first_time()
    except Replayed as replayed:
        if replayed.case_file_id is not None:
            await find_visible(work, replayed.case_file_id)
        raise


async def add_version(work: UnitOfWork, held: HeldCase, content: dict[str, Any], note: str) -> CaseFileView:
    """Add a version with this content to a case file that is held for it.

    Raises Invalid naming each fault of the content.
    """
    case = held.case
    wanted = named_attachment_ids(content)
    attachments = await _declared(work, case, wanted)
    _check(content, [item["id"] for item in attachments], work)
    refuse_interested(content, work.caller, case.shut_out)
    number = case.newest_number + 1
    parent = held.view.envelope["version"]["digest"]
    version = seal_version(case.id, content, attachments, number=number, parent_digest=parent)
    found = Findable.of(work.vault, content)
    await work.later(
        "update case_file set newest_number = :number, named_staff = :staff, findable_as = :found where id = :id",
        {"id": case.id, "number": number, "staff": found.officers, "found": found.digest},
    )
    new = await _insert_version(work, case, version, content, note)
    if found.digest != case.findable_as:
        await work.later(MAKE_FINDABLE, found.values(case.id, number))
    await shut_out_parties(work, case.id, content, number, new.created_by)
    await touch(work, case.id, [case.organisation])
    await work.record("case_file.version_added", to=[case.organisation], case_file_id=case.id, version=number)
    work.trail.about("case_file", case.id, version=number)
    return with_version(held.view, new)


async def add_patched_version(work: UnitOfWork, held: HeldCase, content: dict[str, Any], note: str) -> CaseFileView:
    """Add a version with a content that was computed: its shape is looked at here, that of one sent was at the door.

    Raises Invalid naming each fault of the content.
    """
    faults = content_faults(content)
    if faults:
        raise Invalid(_WRONG_CONTENT, *faults)
    return await add_version(work, held, content, note)


async def restore_version(work: UnitOfWork, held: HeldCase, number: int, note: str) -> CaseFileView:
    """Add a version with the content of an earlier one, checked as any content is today.

    Raises NotFound where there is no such version, Invalid where it would change nothing or is not right any more.
    """
    earlier = await view_case_file(work, held.case, await number_asked(work, held.case, version=number))
    if earlier.content == held.view.content:
        fault = Fault("no_change", "Restore a version whose content is another.", pointer="")
        raise Invalid("The newest version has this content.", fault)
    view = await add_patched_version(work, held, json.loads(earlier.content), note)
    work.trail.details = {"restored": number}
    return view


async def find_for_change(work: UnitOfWork, case_file_id: str, *, content: bool = False) -> HeldCase:
    """Find and lock a case file that the caller may change, with its content if asked, and check the tag they saw.

    Raises NotFound, Gone, Replayed, PreconditionRequired or Stale.
    """
    held = HeldCase(*await hold_case_file(work, case_file_id, content=content))
    await work.precondition(held.view.tag)
    return held


async def correct_case_file(work: UnitOfWork, held: HeldCase, asked: Envelope, reason: str) -> CaseFileView:
    """Correct the envelope; what it was is kept.

    Raises WrongState where the CPS unit would change while a request is with the CPS, AlreadyExists, Invalid.
    """
    case = held.case
    if asked.cps_unit is not None and asked.cps_unit != case.cps_unit:
        await _refuse_while_referred(work, case)
    envelope = await check_envelope(work, asked)
    after = {name: value for name, value in asdict(envelope).items() if value is not None}
    before = {name: getattr(case, name) for name in after}
    if after == before:
        raise Invalid("Nothing would change.", Fault("no_change", "Send a member with another value.", pointer=""))
    if "urn" in after or "urn_suffix" in after:
        corrected = {**asdict(case), **after}
        await _refuse_taken_urn(work, corrected["urn"], corrected["urn_suffix"], other_than=case.id)
    sets = ", ".join(f"{name} = :{name}" for name in after)
    await _guarding_urn(work, f"update case_file set {sets} where id = :id", {"id": case.id, **after})
    if "police_unit" in after:
        await work.session.execute(
            text("update case_file_party set unit = :unit where case_file_id = :id and organisation = :organisation"),
            {"id": case.id, "organisation": case.organisation, "unit": after["police_unit"]},
        )
    await _keep_correction(work, case, before, after, reason)
    told = await parties(work.session, case.id)
    await touch(work, case.id, told)
    await work.record("case_file.corrected", to=told, case_file_id=case.id)
    corrected_case = CaseFileRow(**{**asdict(case), **after})
    view = await view_case_file(work, corrected_case, case.newest_number)
    work.trail.about("case_file", case.id, version=case.newest_number)
    work.trail.details = {"corrected": sorted(after)}
    return view


async def share_version(
    work: UnitOfWork, case: CaseFileRow, number: int, *, unit: str, organisation: str, request_id: UUID
) -> None:
    """Share a version with a CPS unit; a version already shared with it stays as it was shared.

    Raises WrongState where it was retracted.
    """
    if await is_retracted(work.session, case.id, number):
        raise WrongState("The version was retracted; share a newer one.")
    shared = await work.session.execute(
        text(
            "insert into case_file_share (case_file_id, number, unit, organisation, request_id, shared_at)"
            " values (:id, :number, :unit, :organisation, :request_id, :now) on conflict do nothing"
        ),
        {"id": case.id, "number": number, "unit": unit, "organisation": organisation, "request_id": request_id}
        | {"now": work.now},
    )
    newly = cast("CursorResult[Any]", shared).rowcount == 1
    await _let_have(work, case.id, organisation, unit)
    await touch(work, case.id, [case.organisation, organisation])
    work.trail.disclosed_to(unit)
    if newly:
        told = [case.organisation, organisation]
        await work.record("case_file.version_shared", to=told, case_file_id=case.id, version=number)


async def set_request_position(
    work: UnitOfWork,
    case_file_id: UUID,
    request_id: UUID,
    *,
    organisation: str,
    unit: str,
    holder: str,
    submitted: bool,
) -> None:
    """Note where a request stands, so that the case file's status follows from it."""
    await work.session.execute(
        text(
            "insert into case_file_request_position (request_id, case_file_id, organisation, unit, holder, submitted)"
            " values (:request, :case, :organisation, :unit, :holder, :submitted)"
            " on conflict (request_id) do update set organisation = excluded.organisation, unit = excluded.unit,"
            " holder = excluded.holder, submitted = case_file_request_position.submitted or excluded.submitted"
        ),
        {
            "request": request_id,
            "case": case_file_id,
            "organisation": organisation,
            "unit": unit,
            "holder": holder,
            "submitted": submitted,
        },
    )


async def touch(work: UnitOfWork, case_file_id: UUID, organisations: Sequence[str]) -> None:
    """Note that the case file changed for these organisations, as far as they have it."""
    await work.later(
        "update case_file_party set updated_at = :now"
        " where case_file_id = :id and organisation = any(cast(:organisations as text[]))",
        {"id": case_file_id, "organisations": sorted(set(organisations)), "now": work.now},
    )


async def _let_have(work: UnitOfWork, case_file_id: UUID, organisation: str, unit: str) -> None:
    """Make a unit one that has the case file; its organisation has it since the first of its units had."""
    await work.session.execute(
        text(
            "insert into case_file_party (case_file_id, organisation, unit, first, created_at, updated_at)"
            " select :id, :organisation, :unit, p.unit is null, coalesce(p.created_at, :now), :now"
            " from (select) one left join case_file_party p"
            " on p.case_file_id = :id and p.organisation = :organisation and p.first on conflict do nothing"
        ),
        {"id": case_file_id, "organisation": organisation, "unit": unit, "now": work.now},
    )


def _check(content: dict[str, Any], attachment_ids: Sequence[str], work: UnitOfWork) -> None:
    faults = check_content(content, attachment_ids=attachment_ids, on=work.now.astimezone(LONDON).date())
    if faults:
        raise Invalid(_WRONG_CONTENT, *faults)


async def _declared(work: UnitOfWork, case: CaseFileRow, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Return those of the named attachments that this case file has and its police may name.

    The table belongs to the attachments; a version needs no more of it than what its digest covers.
    """
    if not wanted:
        return []
    found = await work.session.execute(
        text(
            "select id, sha256, size from attachment where case_file_id = :id and id::text = any(:wanted)"
            " and status <> 'deleted' and (organisation = :organisation or visible_to_police)"
        ),
        {"id": case.id, "wanted": list(wanted), "organisation": work.caller.organisation},
    )
    return [{"id": str(row.id), "sha256": row.sha256, "size": row.size} for row in found]


async def _insert_case(work: UnitOfWork, case: CaseFileRow) -> None:
    names = list(CaseFileRow.__dataclass_fields__)
    statement = f"insert into case_file ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})"
    await hold(work.session, case.id)
    await _guarding_urn(work, statement, asdict(case))
    await _let_have(work, case.id, case.organisation, case.police_unit)


async def _insert_version(
    work: UnitOfWork, case: CaseFileRow, version: SealedVersion, content: Mapping[str, Any], note: str
) -> NewVersion:
    place = f"{case.id}:{version.number}"
    on = work.now.astimezone(LONDON).date()
    new = NewVersion(version, note, warnings(content, on=on), created_by(work.caller), work.now, int(NEWEST))
    await work.later(
        "insert into case_file_version (case_file_id, number, digest, parent_digest, salt, body, note, attachments,"
        " warnings, content_schema, created_by, created_at, case_type, offence_codes)"
        " values (:id, :number, :digest, :parent_digest, :salt, :body, :note, cast(:attachments as jsonb),"
        " cast(:warnings as jsonb), :schema, cast(:created_by as jsonb), :now, :case_type, :offence_codes)",
        {
            "id": case.id,
            "number": version.number,
            "digest": version.digest,
            "parent_digest": version.parent_digest,
            "salt": version.salt,
            "body": await work.vault.seal(work.session, case.id, version.body, f"case_file_version.body:{place}"),
            "note": await work.vault.seal(work.session, case.id, note.encode(), f"case_file_version.note:{place}"),
            "attachments": json.dumps(version.attachments),
            "warnings": json.dumps(new.warnings),
            "schema": new.content_schema,
            "created_by": json.dumps(new.created_by),
            "now": work.now,
            "case_type": content["case_type"],
            "offence_codes": sorted({offence["cjs_code"] for offence in content.get("offences", [])}),
        },
    )
    for attachment in version.attachments:
        values = {"id": case.id, "number": version.number, "attachment": UUID(attachment["id"])}
        await work.later("insert into case_file_version_attachment values (:id, :number, :attachment)", values)
    return new


async def _refuse_taken_urn(
    work: UnitOfWork, urn: str | None, suffix: str | None, *, other_than: UUID | None = None
) -> None:
    found = await work.session.execute(
        text("select id from case_file where urn = :urn and coalesce(urn_suffix, '') = coalesce(:suffix, '')"),
        {"urn": urn, "suffix": suffix},
    )
    if found.scalar_one_or_none() not in (None, other_than):
        raise _taken()


async def _guarding_urn(work: UnitOfWork, statement: str, values: Mapping[str, Any]) -> None:
    try:
        await work.session.execute(text(statement), dict(values))
    except IntegrityError as fault:
        if "case_file_urn" in str(fault.orig):
            raise _taken() from None
        raise


def _taken() -> AlreadyExists:
    fault = Fault("taken", "Use another suffix for a split case, or find the case file by its URN.", pointer="/urn")
    return AlreadyExists("A case file with this URN and suffix exists.", fault)


async def _refuse_while_referred(work: UnitOfWork, case: CaseFileRow) -> None:
    found = await work.session.execute(
        text(
            "select exists (select from case_file_request_position where case_file_id = :id and submitted"
            " and holder in ('cps', 'both'))"
        ),
        {"id": case.id},
    )
    if found.scalar_one():
        fault = Fault("referred", "Ask the unit to transfer the request, or wait for its end.", pointer="/cps_unit")
        raise WrongState("The CPS unit cannot change while a request is with the CPS.", fault)


async def _keep_correction(
    work: UnitOfWork, case: CaseFileRow, before: Mapping[str, Any], after: Mapping[str, Any], reason: str
) -> None:
    identifier = new_id()
    context = f"case_file_correction.reason:{identifier}"
    await work.session.execute(
        text(
            "insert into case_file_correction (id, case_file_id, corrected_at, corrected_by, before, after, reason)"
            " values (:id, :case, :now, cast(:by as jsonb), cast(:before as jsonb), cast(:after as jsonb), :reason)"
        ),
        {
            "id": identifier,
            "case": case.id,
            "now": work.now,
            "by": json.dumps(created_by(work.caller)),
            "before": json.dumps(before),
            "after": json.dumps(after),
            "reason": await work.vault.seal(work.session, case.id, reason.encode(), context),
        },
    )
