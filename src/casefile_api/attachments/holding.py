"""Holding what was submitted: the store is told to refuse its deletion to everybody, this service included.

A round finds what was shown to the other side and is not held yet; the job tells the store, where it has Object Lock,
and the chain of custody, in any case. The service itself refuses to delete such a file whatever the store can do.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.locking import lock_object
from casefile_api.attachments.models import AttachmentStatus, CustodyKind
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.unattended_acts import WorkerParts, hold
from casefile_api.clock import real_now, utc_text
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

_AT_ONCE = 200
# In a version that was shared, or revealed to police by the CPS.
_SUBMITTED = """
    update attachment set held_at = :now where id in (
        select a.id from attachment a
        where a.held_at is null and a.status = 'available'
          and ((a.organisation like 'cps-%' and a.visible_to_police)
               or exists (select from case_file_version_attachment l
                          join case_file_share s using (case_file_id, number)
                          where l.attachment_id = a.id and l.case_file_id = a.case_file_id))
        order by a.id limit :limit for update skip locked)
    returning id
"""


async def hold_submitted(parts: WorkerParts) -> int:
    """Have everything held that was shown to the other side since; returns how many."""
    async with unattended(parts.database, parts.clock, "hold_attachments") as act:
        act.silent = True
        found = await act.session.execute(text(_SUBMITTED), {"now": act.now, "limit": _AT_ONCE})
        ids = list(found.scalars())
        for attachment_id in ids:
            await act.want("hold_attachment", attachment_id)
    return len(ids)


async def hold_attachment(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Have the store hold the version that was verified, and say so in the chain.

    Raises DependencyUnavailable where storage does not answer: the job is done again later.
    """
    async with parts.database.session(WORKER) as session:
        found = await session.execute(
            text("select object_key, version_id from attachment where id = :id and status = 'available'"),
            {"id": UUID(attachment_id)},
        )
        row = found.one_or_none()
    if row is None:
        return
    until = real_now() + timedelta(days=parts.settings.object_lock_days)
    mode = await lock_object(storage, row.object_key, row.version_id, parts.settings.object_lock, until)
    async with unattended(parts.database, parts.clock, "hold_attachment", Operation62.ALTERATION) as act:
        held = await hold(act, UUID(attachment_id))
        if held.status != AttachmentStatus.AVAILABLE:
            act.silent = True
            return
        facts = {"lock": mode.value, "legal_hold": True, "until": utc_text(until)} if mode else {"lock": "none"}
        act.trail.details = dict(facts)
        add_link(act, held, CustodyKind.HELD, sha256=held.sha256, size_bytes=held.size, facts=facts)
