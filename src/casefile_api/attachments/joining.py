"""Completing an upload: one object of the parts that came, and the worker's turn."""

from uuid import UUID

from fastapi import Response

from casefile_api.attachments.custody import add_link, came_from
from casefile_api.attachments.models import Attachment, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import find_object, join_parts, list_parts
from casefile_api.attachments.parts import turn_of
from casefile_api.attachments.queries import Uploading, hold_attachment, look_at_own, own_attachment
from casefile_api.attachments.storage import MissingObject, Storage, StoreRefused, WrittenAlready
from casefile_api.attachments.views import attachment_tag, plan_of, view_of
from casefile_api.errors import WrongState
from casefile_api.unit_of_work import UnitOfWork

# Words of a store that finds parts other than named; for all else it says that it will not join at all.
_PARTS_UNFIT = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "BadDigest", "InvalidRequest"})


async def complete_upload(work: UnitOfWork, storage: Storage, attachment_id: UUID) -> Response:
    """Say that all was sent; the worker reads the file back and decides. Said again, it answers the present state.

    Storage is asked before the transaction. A kill in between leaves an object that the next call finds.
    """
    seen = await look_at_own(work, attachment_id)
    copied_from = None
    if seen.attachment.status == AttachmentStatus.UPLOADING:
        copied_from = await _joined_or_same(storage, seen)
    async with work:
        row = own_attachment(work, await hold_attachment(work, attachment_id))
        await work.first_time()
        work.unannounced()
        if row.status != AttachmentStatus.UPLOADING:
            return await _present(work, row, seen)
        if row.object_key != seen.attachment.object_key:
            raise WrongState("New URLs were asked for in the meantime; use them, and complete again.")
        row.status = AttachmentStatus.VERIFYING.value
        row.updated_at = work.now
        row.copied_from = copied_from
        await work.want("verify_attachment", row.id, share=row.organisation, cost=turn_of(row.size))
        # Which file it was copied from is the organisation's own affair, and in its entry of the log.
        kind = CustodyKind.COPIED if copied_from else CustodyKind.RECEIVED
        work.trail.details = {"copied_from": str(copied_from)} if copied_from else {}
        add_link(work, row, kind, caller=work.caller, size_bytes=row.size, facts=came_from(work.trail))
        view = await view_of(work, row)
        return work.answer_change(view, status=202, etag=attachment_tag(view))


async def _present(work: UnitOfWork, row: Attachment, seen: Uploading) -> Response:
    """Answer the present state; what was joined while somebody deleted the attachment goes again."""
    if row.status == AttachmentStatus.DELETED and seen.attachment.status == AttachmentStatus.UPLOADING:
        await work.want("abandon_upload", row.id)
    view = await view_of(work, row)
    return work.answer_change(view, etag=attachment_tag(view))


async def _joined_or_same(storage: Storage, seen: Uploading) -> UUID | None:
    """Make the object of the parts that came; where nothing came, return the file that has the same bytes already."""
    try:
        await _join(storage, seen)
    except WrongState as missing:
        if seen.same is None or len(missing.members["missing_parts"]) < seen.attachment.part_count:
            raise
        return seen.same
    return None


async def _join(storage: Storage, upload: Uploading) -> None:
    """Make the object of the parts that came.

    Raises WrongState naming the parts that are missing. An object that is there already was made by a `complete` whose
    answer, or whose transaction, was lost.
    """
    row, plan = upload.attachment, plan_of(upload.attachment)
    if not plan.is_multipart or row.upload_id is None:
        return await _expect_object(storage, upload)
    try:
        received = await list_parts(storage, row.object_key, row.upload_id)
    except MissingObject:
        return await _expect_object(storage, upload)
    missing = plan.missing(part.number for part in received if part.number in upload.signed)
    if missing:
        raise _missing(missing)
    try:
        parts = [(part, upload.signed[part.number]) for part in received]
        await join_parts(storage, row.object_key, row.upload_id, parts)
    except (MissingObject, WrittenAlready):
        # Another call was quicker.
        await _expect_object(storage, upload)
    except StoreRefused as refused:
        if refused.reason not in _PARTS_UNFIT:
            raise
        repeated = [part.number for part in received if len(part.etags) > 1]
        raise _missing(repeated or [part.number for part in received]) from None
    return None


async def _expect_object(storage: Storage, upload: Uploading) -> None:
    if await find_object(storage, upload.attachment.object_key) is None:
        raise _missing(plan_of(upload.attachment).missing([]))


def _missing(numbers: list[int]) -> WrongState:
    named = ", ".join(map(str, numbers[:20])) + (" and more" if len(numbers) > 20 else "")
    refusal = WrongState(f"Storage has not received these parts: {named}. Upload them and complete again.")
    refusal.members = {"missing_parts": numbers}
    return refusal
