"""A new version of a case file: from a whole new content, from a patch, or from an earlier version. Each is recorded.

There is no edit in place: every change of content is a new, numbered version, and nothing is ever taken back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.caller import Caller
from casefile_api.case_files.charging import charges_noted
from casefile_api.case_files.checks import check_content, named_attachment_ids, warnings
from casefile_api.case_files.conflicts import refuse_interested, shut_out_parties
from casefile_api.case_files.content import content_faults
from casefile_api.case_files.content.publishing import NEWEST
from casefile_api.case_files.indexing import INSERT as MAKE_FINDABLE
from casefile_api.case_files.indexing import SAY_WHERE_THEY_STAND, Findable, standing_row
from casefile_api.case_files.queries import CaseFileRow, number_asked, refuse_closed
from casefile_api.case_files.standing import Standing, beyond_investigation, standings_of
from casefile_api.case_files.versions import SealedVersion, seal_version
from casefile_api.case_files.views import CaseFileView, NewVersion, hold_case_file, view_case_file, with_version
from casefile_api.clock import LONDON
from casefile_api.errors import Fault, Invalid
from casefile_api.unit_of_work import UnitOfWork


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


async def add_version(work: UnitOfWork, held: HeldCase, content: dict[str, Any], note: str) -> CaseFileView:
    """Add a version with this content to a case file that is held for it.

    Raises Invalid naming each fault of the content.
    """
    case = held.case
    wanted = named_attachment_ids(content)
    attachments = await _declared(work, case, wanted)
    check_sound(content, [item["id"] for item in attachments], work)
    refuse_interested(content, work.caller, case.shut_out)
    number = case.newest_number + 1
    parent = held.view.envelope["version"]["digest"]
    version = seal_version(case.id, content, attachments, number=number, parent_digest=parent)
    found = Findable.of(work.vault, content)
    await work.later(
        "update case_file set newest_number = :number, named_staff = :staff, findable_as = :found where id = :id",
        {"id": case.id, "number": number, "staff": found.officers, "found": found.digest},
    )
    new = await insert_version(work, case, version, content, note, held.view.standings)
    if found.digest != case.findable_as:
        await work.later(MAKE_FINDABLE, found.values(case.id, number))
    await shut_out_parties(work, case.id, content, number, new.created_by)
    await touch(work, case.id, [case.organisation])
    await work.record("case_file.version_added", to=[case.organisation], case_file_id=case.id, version=number)
    if beyond_investigation(new.standings) != beyond_investigation(held.view.standings):
        await work.record("case_file.standing_changed", to=[case.organisation], case_file_id=case.id, version=number)
    work.trail.about("case_file", case.id, version=number)
    return with_version(held.view, new)


async def add_patched_version(work: UnitOfWork, held: HeldCase, content: dict[str, Any], note: str) -> CaseFileView:
    """Add a version with a content that was computed: its shape is looked at here, that of one sent was at the door.

    Raises Invalid naming each fault of the content.
    """
    check_shape(content)
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


async def find_for_version(work: UnitOfWork, case_file_id: str, *, content: bool = False) -> HeldCase:
    """Find and lock a case file that is to have a new version.

    Raises WrongState where it was merged into another, beside what any change raises.
    """
    held = await find_for_change(work, case_file_id, content=content)
    refuse_closed(held.case)
    return held


async def touch(work: UnitOfWork, case_file_id: UUID, organisations: Sequence[str]) -> None:
    """Note that the case file changed for these organisations, as far as they have it."""
    await work.later(
        "update case_file_party set updated_at = :now"
        " where case_file_id = :id and organisation = any(cast(:organisations as text[]))",
        {"id": case_file_id, "organisations": sorted(set(organisations)), "now": work.now},
    )


def check_shape(content: Mapping[str, Any]) -> None:
    """Refuse a content that was computed and has another shape than one that is sent.

    Raises Invalid naming each fault.
    """
    faults = content_faults(content)
    if faults:
        raise Invalid(_WRONG_CONTENT, *faults)


def check_sound(content: dict[str, Any], attachment_ids: Sequence[str], work: UnitOfWork) -> None:
    """Refuse a content with errors.

    Raises Invalid naming each.
    """
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


async def insert_version(
    work: UnitOfWork,
    case: CaseFileRow,
    version: SealedVersion,
    content: Mapping[str, Any],
    note: str,
    stood: Sequence[Standing] | None = None,
) -> NewVersion:
    """Write a version down, with what it is found by and the attachments that it names.

    `stood` is where its suspects stood by the version before: it is written down again where that changed.
    """
    place = f"{case.id}:{version.number}"
    on = work.now.astimezone(LONDON).date()
    new = NewVersion(
        version, note, warnings(content, on=on), created_by(work.caller), work.now, int(NEWEST), standings_of(content)
    )
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
    if stood is None or list(stood) != list(new.standings):
        await work.later(SAY_WHERE_THEY_STAND, standing_row(case.id, version.number, content))
    for statement, values in charges_noted(case, version.number, content, work.now):
        await work.later(statement, values)
    for attachment in version.attachments:
        values = {"id": case.id, "number": version.number, "attachment": UUID(attachment["id"])}
        await work.later("insert into case_file_version_attachment values (:id, :number, :attachment)", values)
    return new
