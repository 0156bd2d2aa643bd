"""The same content recognised inside a case: what one's own organisation attached there already need not be sent again.

It is found by size and hash among the organisation's own verified files of this one case file. What another
organisation attached is never looked at, also where the caller sees it: a hash is no key to anybody else's file, and
nobody learns by declaring one that the file is known here.
"""

from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from casefile_api.attachments.models import Attachment, AttachmentStatus, Integrity
from casefile_api.attachments.objects import abandon_all, copy_object, find_object
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.unattended_acts import WorkerParts
from casefile_api.tenancy import WORKER
from casefile_api.unit_of_work import Reading

_WHOLE = (Integrity.INTACT.value, Integrity.OVERWRITTEN.value)


async def find_same(reading: Reading, row: Attachment) -> UUID | None:
    """Return the caller's organisation's own verified file of this case with the same bytes; the newest of several."""
    if row.status != AttachmentStatus.UPLOADING or row.organisation != reading.caller.organisation:
        return None
    found = await reading.session.execute(
        select(col(Attachment.id))
        .where(col(Attachment.case_file_id) == row.case_file_id, col(Attachment.organisation) == row.organisation)
        .where(col(Attachment.sha256) == row.sha256, col(Attachment.size) == row.size)
        .where(col(Attachment.status) == AttachmentStatus.AVAILABLE.value)
        .where(or_(col(Attachment.integrity).is_(None), col(Attachment.integrity).in_(_WHOLE)))
        .order_by(col(Attachment.id).desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def copy_same(parts: WorkerParts, storage: Storage, row: Attachment) -> None:
    """Have storage write the bytes of the other file under this one's own key, where they are not there yet.

    From then on nothing joins the two: each is read back, held, read again and deleted by itself. Killed on the way,
    it is done again from the start. Raises MissingObject where the other's bytes are gone.
    """
    if row.copied_from is None or await find_object(storage, row.object_key) is not None:
        return
    async with parts.database.session(WORKER) as session:
        source = (
            await session.execute(
                select(col(Attachment.object_key), col(Attachment.version_id)).where(
                    col(Attachment.id) == row.copied_from
                )
            )
        ).one()
    await abandon_all(storage, row.object_key)
    await storage.stream(lambda: copy_object(storage, source[0], source[1], row.object_key, row.size))
