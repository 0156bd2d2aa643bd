"""Giving up: uploads that were never finished, and the bytes of what was deleted or rejected, leave storage.

Run again they find nothing to do; a store that is away only delays them.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import exists, select, text
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bundle_models import Bundle, BundleState
from casefile_api.attachments.bundles import place_of_bundle
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.locking import Kept
from casefile_api.attachments.models import Attachment, AttachmentCustody, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import abandon_parts, remove_held_objects, remove_objects
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.unattended_acts import WorkerParts, announce, hold
from casefile_api.attachments.uploading import place_of
from casefile_api.clock import utc_text
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

_AT_ONCE = 200
_ENDED = (AttachmentStatus.DELETED, AttachmentStatus.REJECTED)
_TRIED_AGAIN_AFTER = timedelta(days=1)
_KEPT_LONG_ENOUGH = text(
    """
    update attachment set recheck_due_at = :again where id in (
        select a.id from attachment a
        where a.status = 'deleted' and a.recheck_due_at <= :now
          and exists (select from attachment_custody c where c.attachment_id = a.id and c.kind = 'kept_by_store')
        order by a.recheck_due_at limit :limit for update skip locked)
    returning id
    """
)

_log = structlog.get_logger("casefile_api.expiry")


async def abandon_upload(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Remove from storage whatever there is of a deleted or rejected attachment."""
    async with parts.database.session(WORKER) as session:
        found = await session.execute(select(Attachment).where(col(Attachment.id) == UUID(attachment_id)))
        row: Attachment | None = found.scalar_one_or_none()
    if row is None or row.status not in _ENDED:
        return
    if row.upload_id is not None:
        await abandon_parts(storage, row.object_key, row.upload_id)
    # Held, it can only have been deleted with its whole case, by two people: nothing else deletes what was submitted.
    kept = await _removed(storage, row)
    async with unattended(parts.database, parts.clock, "abandon_upload", Operation62.ERASURE) as act:
        gone = await hold(act, row.id)
        gone.upload_id = None
        if kept is None:
            gone.recheck_due_at = None
            add_link(act, gone, CustodyKind.REMOVED_FROM_STORAGE)
            return
        gone.recheck_due_at = max(kept.until, act.now + _TRIED_AGAIN_AFTER)
        facts = {"lock": kept.mode, "until": utc_text(kept.until)}
        act.trail.details = dict(facts)
        add_link(act, gone, CustodyKind.KEPT_BY_STORE, sha256=gone.sha256, size_bytes=gone.size, facts=facts)
    _log.warning("erased_file_kept_by_store", attachment_id=attachment_id, **facts)


async def _removed(storage: Storage, row: Attachment) -> Kept | None:
    if row.held_at is not None:
        return await remove_held_objects(storage, place_of(row.id))
    await remove_objects(storage, place_of(row.id))
    return None


async def remove_what_was_kept(parts: WorkerParts) -> int:
    """Have what the store kept longer than its case file removed once its retention has ended; returns how many."""
    async with unattended(parts.database, parts.clock, "remove_kept_attachments") as act:
        act.silent = True
        values = {"now": act.now, "again": act.now + _TRIED_AGAIN_AFTER, "limit": _AT_ONCE}
        due = list((await act.session.execute(_KEPT_LONG_ENOUGH, values)).scalars())
        for attachment_id in due:
            await act.want("abandon_upload", attachment_id)
    return len(due)


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
