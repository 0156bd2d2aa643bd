"""Giving up: uploads that were never finished, and the bytes of what was deleted or rejected, leave storage.

Run again they find nothing to do; a store that is away only delays them.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bundle_models import Bundle, BundleState
from casefile_api.attachments.bundles import place_of_bundle
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.models import Attachment, AttachmentCustody, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import abandon_parts, remove_objects
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.unattended_acts import WorkerParts, announce, hold
from casefile_api.attachments.uploading import place_of
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

_AT_ONCE = 200
_ENDED = (AttachmentStatus.DELETED, AttachmentStatus.REJECTED)


async def abandon_upload(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Remove from storage whatever there is of a deleted or rejected attachment."""
    async with parts.database.session(WORKER) as session:
        found = await session.execute(select(Attachment).where(col(Attachment.id) == UUID(attachment_id)))
        row: Attachment | None = found.scalar_one_or_none()
    if row is None or row.status not in _ENDED:
        return
    if row.upload_id is not None:
        await abandon_parts(storage, row.object_key, row.upload_id)
    await remove_objects(storage, place_of(row.id))
    async with unattended(parts.database, parts.clock, "abandon_upload", Operation62.ERASURE) as act:
        held = await hold(act, row.id)
        held.upload_id = None
        add_link(act, held, CustodyKind.REMOVED_FROM_STORAGE)


async def give_up_uploads(parts: WorkerParts) -> int:
    """Delete the attachments whose upload nobody went on with in time; their bytes follow. Returns how many."""
    stale = await _unfinished(parts)
    for attachment_id in stale:
        await _give_up(parts, attachment_id)
    return len(stale)


async def remove_bundle(parts: WorkerParts, storage: Storage, bundle_id: str) -> None:
    """Remove the bag of a bundle that is kept no longer."""
    async with parts.database.session(WORKER) as session:
        found = await session.execute(select(col(Bundle.state)).where(col(Bundle.id) == UUID(bundle_id)))
        if found.scalar_one_or_none() != BundleState.EXPIRED.value:
            return
    await remove_objects(storage, place_of_bundle(bundle_id))


async def expire_bundles(parts: WorkerParts) -> int:
    """End the bundles that were kept long enough: they hold a second copy of a case. Returns how many."""
    async with unattended(parts.database, parts.clock, "expire_bundles", Operation62.ERASURE) as act:
        before = act.now - timedelta(days=parts.settings.bundle_keep_days)
        ended = (BundleState.READY.value, BundleState.FAILED.value)
        found = await act.session.execute(
            select(Bundle)
            .where(col(Bundle.state).in_(ended), col(Bundle.requested_at) < before)
            .order_by(col(Bundle.requested_at))
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        rows = list(found.scalars())
        for row in rows:
            row.state = BundleState.EXPIRED.value
            await act.want("remove_bundle", row.id)
        act.silent = not rows
        act.trail.details = {"bundles": [str(row.id) for row in rows]}
    return len(rows)


async def _unfinished(parts: WorkerParts) -> list[UUID]:
    async with unattended(parts.database, parts.clock, "give_up_upload") as look:
        look.silent = True
        last_handled = col(AttachmentCustody.at)
        before = look.now - timedelta(days=parts.settings.upload_expiry_days)
        found = await look.session.execute(
            select(col(Attachment.id))
            .where(col(Attachment.status) == AttachmentStatus.UPLOADING.value, col(Attachment.updated_at) < before)
            .where(~exists().where(col(AttachmentCustody.attachment_id) == col(Attachment.id), last_handled >= before))
            .order_by(col(Attachment.declared_at))
            .limit(_AT_ONCE)
        )
        return list(found.scalars())


async def _give_up(parts: WorkerParts, attachment_id: UUID) -> None:
    async with unattended(parts.database, parts.clock, "give_up_upload", Operation62.ERASURE) as act:
        row = await hold(act, attachment_id)
        if row.status != AttachmentStatus.UPLOADING:
            act.silent = True
            return
        row.status = AttachmentStatus.DELETED.value
        row.updated_at = act.now
        add_link(act, row, CustodyKind.GIVEN_UP)
        await announce(act, row, "attachment.deleted")
        await act.want("abandon_upload", row.id)
