"""What callers do with attachments; each act is recorded, in the log, as an event, and in the chain of custody.

Only the organisation that declared a file sends it, completes it or deletes it; seeing is another matter
(`visibility`).
"""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from sqlalchemy import exists, select
from sqlmodel import col

from casefile_api.access.caller import OrganisationKind
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.declaring import check_declaration
from casefile_api.attachments.models import Attachment, AttachmentStatus, CustodyKind
from casefile_api.attachments.names import Names, seal_acquisition, seal_names
from casefile_api.attachments.parts import plan_parts
from casefile_api.attachments.queries import find_attachment, hold_attachment, own_attachment
from casefile_api.attachments.schemas import (
    AttachmentView,
    DeclareAttachmentRequest,
    PartToUpload,
    UploadPlanView,
)
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.uploading import link_lifetime, links_for, new_key
from casefile_api.attachments.views import attachment_tag, plan_of, view_of
from casefile_api.case_files.commands import created_by
from casefile_api.case_files.models import CaseFileShare, CaseFileVersionAttachment
from casefile_api.case_files.queries import find_visible
from casefile_api.errors import Fault, Invalid, WrongState
from casefile_api.identifiers import new_id
from casefile_api.unit_of_work import UnitOfWork
from casefile_api.web.idempotency import Answer, Replayed


async def declare_attachment(
    work: UnitOfWork, storage: Storage, case_file_id: UUID, body: DeclareAttachmentRequest
) -> Response:
    """Say what file is about to come."""
    case_file = await find_visible(work, case_file_id, lock=True)
    work.trail.about("attachment", None, case_file_id=case_file.id, owner=case_file.organisation)
    try:
        await work.first_time()
    except Replayed as replayed:
        raise await _declared_again(work, storage, replayed) from None
    await check_declaration(work, case_file.id, body)
    row = await _insert(work, case_file.id, body)
    work.trail.about("attachment", row.id)
    await work.record(
        "attachment.declared",
        to=[row.organisation],
        case_file_id=case_file.id,
        attachment_id=row.id,
        state=row.status,
    )
    add_link(work, row, CustodyKind.DECLARED, caller=work.caller, sha256=row.sha256, size_bytes=row.size)
    view = await view_of(work, row)
    return work.answer_change(
        await _with_parts(work, storage, row, view),
        status=201,
        etag=attachment_tag(view),
        location=f"/v1/attachments/{row.id}",
        kept=view,
    )


async def _insert(work: UnitOfWork, case_file_id: UUID, body: DeclareAttachmentRequest) -> Attachment:
    row_id, plan = new_id(), plan_parts(body.size)
    caller = work.caller
    row = Attachment(
        id=row_id,
        case_file_id=case_file_id,
        organisation=caller.organisation,
        unit=caller.unit,
        kind=body.kind,
        media_type=body.media_type,
        size=body.size,
        sha256=body.sha256,
        status=AttachmentStatus.UPLOADING.value,
        part_size=plan.part_size_bytes,
        part_count=plan.part_count,
        object_key=new_key(row_id),
        derived_from=body.derived_from,
        derivation=body.derivation.model_dump(mode="json") if body.derivation else None,
        supersedes=body.supersedes,
        acquisition=await seal_acquisition(work, case_file_id, row_id, body.acquisition),
        names=await seal_names(work, case_file_id, row_id, Names(body.file_name, body.title)),
        visible_to_police=caller.kind is OrganisationKind.POLICE,
        declared_at=work.now,
        declared_by=created_by(caller),
        updated_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def _declared_again(work: UnitOfWork, storage: Storage, replayed: Replayed) -> Replayed:
    """Give a repeated declaration its first answer, with a URL that still holds."""
    view = AttachmentView.model_validate_json(replayed.answer.body)
    row = (await find_attachment(work, view.id)).attachment
    fresh = await _with_parts(work, storage, row, view)
    body = fresh.model_dump_json().encode()
    return Replayed(Answer(replayed.answer.status, replayed.answer.headers, body), replayed.case_file_id)


async def _with_parts(work: UnitOfWork, storage: Storage, row: Attachment, view: AttachmentView) -> AttachmentView:
    """Add the one part's URL, signed for the declared hash, where the file comes in one part."""
    if row.status != AttachmentStatus.UPLOADING or plan_of(row).is_multipart or view.upload is None:
        return view
    parts = await links_for(storage, row, [PartToUpload(number=1, sha256=row.sha256)], link_lifetime(work))
    upload = UploadPlanView(part_size=row.part_size, part_count=row.part_count, parts=parts)
    return view.model_copy(update={"upload": upload})


async def delete_attachment(work: UnitOfWork, attachment_id: UUID) -> Response:
    """Delete a file that was never shared; its bytes go, its record and its custody stay."""
    row = own_attachment(work, await hold_attachment(work, attachment_id, and_case=True))
    await work.precondition(attachment_tag(await view_of(work, row)))
    if row.status == AttachmentStatus.DELETED:
        raise WrongState("The attachment is deleted already.")
    if await _was_shown(work, row):
        raise WrongState("The attachment was shown to the other side; it can be superseded, and never deleted.")
    row.status = AttachmentStatus.DELETED.value
    row.updated_at = work.now
    await work.record(
        "attachment.deleted",
        to=[row.organisation],
        case_file_id=row.case_file_id,
        attachment_id=row.id,
        state=row.status,
    )
    await work.want("abandon_upload", row.id)
    add_link(work, row, CustodyKind.DELETED, caller=work.caller)
    view = await view_of(work, row)
    return work.answer_change(view, etag=attachment_tag(view))


async def _was_shown(work: UnitOfWork, row: Attachment) -> bool:
    """Say whether the other side was ever given it: in a version submitted, in issued advice or in a message."""
    if work.caller.kind is OrganisationKind.CPS and row.visible_to_police:
        return True
    named = (
        exists()
        .where(col(CaseFileVersionAttachment.attachment_id) == row.id)
        .where(col(CaseFileVersionAttachment.case_file_id) == col(CaseFileShare.case_file_id))
        .where(col(CaseFileVersionAttachment.number) == col(CaseFileShare.number))
    )
    return bool((await work.session.execute(select(named))).scalar_one())


async def reveal_to_police(work: UnitOfWork, case_file_id: UUID, attachment_ids: Sequence[UUID], pointer: str) -> None:
    """Show the CPS's own attachments to police, because issued advice or a message names them.

    Raises Invalid at `pointer/<place>` for one that is not the caller's own, of this case file and available.
    """
    rows = await work.session.execute(
        select(Attachment)
        .where(col(Attachment.id).in_(attachment_ids), col(Attachment.case_file_id) == case_file_id)
        .where(col(Attachment.organisation) == work.caller.organisation)
        .where(col(Attachment.status) == AttachmentStatus.AVAILABLE.value)
        .order_by(col(Attachment.id))
        .with_for_update()
    )
    found = {row.id: row for row in rows.scalars()}
    faults = [
        Fault("unknown_reference", "Name an available attachment of yours on this case.", pointer=f"{pointer}/{place}")
        for place, attachment_id in enumerate(attachment_ids)
        if attachment_id not in found
    ]
    if faults:
        raise Invalid("Some attachments cannot be named here.", *faults)
    for row in found.values():
        if not row.visible_to_police:
            row.visible_to_police = True
            row.updated_at = work.now
            add_link(work, row, CustodyKind.REVEALED, caller=work.caller)
