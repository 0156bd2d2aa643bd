"""How far an upload is, as storage itself tells it; both sides may look."""

from uuid import UUID

from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.objects import find_object, list_parts
from casefile_api.attachments.queries import Uploading, find_attachment, signed_parts
from casefile_api.attachments.schemas import ReceivedPartView, UploadView
from casefile_api.attachments.storage import MissingObject, Storage
from casefile_api.attachments.views import plan_of
from casefile_api.unit_of_work import Reading

_HERE = (AttachmentStatus.VERIFYING, AttachmentStatus.AVAILABLE)


async def look_at_upload(reading: Reading, attachment_id: UUID) -> Uploading:
    """Look at an attachment that the caller sees, with what its parts were signed with."""
    async with reading:
        row = (await find_attachment(reading, attachment_id)).attachment
        return Uploading(row, await signed_parts(reading, row.id))


async def tell_progress(storage: Storage, upload: Uploading) -> UploadView:
    """Ask storage what it has; the database is not kept waiting for it."""
    row, plan = upload.attachment, plan_of(upload.attachment)
    sizes = await _received_sizes(storage, row)
    return UploadView(
        attachment_id=row.id,
        status=AttachmentStatus(row.status),
        part_size=row.part_size,
        part_count=row.part_count,
        received=[
            ReceivedPartView(number=number, size=size, sha256=upload.signed.get(number))
            for number, size in sorted(sizes.items())
        ],
        missing=plan.missing(sizes) if row.status == AttachmentStatus.UPLOADING else [],
        received_bytes=sum(sizes.values()),
    )


async def _received_sizes(storage: Storage, row: Attachment) -> dict[int, int]:
    plan = plan_of(row)
    all_sizes = {number: plan.size_of(number) for number in range(1, plan.part_count + 1)}
    if row.status in _HERE:
        return all_sizes
    if row.status != AttachmentStatus.UPLOADING:
        return {}
    if plan.is_multipart and row.upload_id is None:
        return {}
    if plan.is_multipart and row.upload_id is not None:
        try:
            received = await list_parts(storage, row.object_key, row.upload_id)
            return {part.number: part.size_bytes for part in received}
        except MissingObject:
            # Joined by a `complete` whose answer was lost: then the object itself is what was received.
            pass
    return all_sizes if await find_object(storage, row.object_key) else {}
