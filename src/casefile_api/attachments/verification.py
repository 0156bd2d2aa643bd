"""Reading a file back: the worker decides what an upload is, and nobody can open it before.

Nothing that storage says of an object is taken for true. Every step can be done again: a verification that was killed
is taken up from the start, and one that was done finds nothing to do.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bucket import check_bucket
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.findings import Findings, Verdict, differing_parts, examine, judge
from casefile_api.attachments.inspection.families import look_inside
from casefile_api.attachments.inspection.outcome import SOUND, Inside
from casefile_api.attachments.models import Attachment, AttachmentPart, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import find_object, ranged_object, read_object, remove_objects
from casefile_api.attachments.rejections import RejectionCode
from casefile_api.attachments.same_content import copy_same
from casefile_api.attachments.storage import Closing, MissingObject, Storage, StoreRefused
from casefile_api.attachments.unattended_acts import WorkerParts, announce, hold
from casefile_api.attachments.uploading import place_of
from casefile_api.attachments.views import plan_of
from casefile_api.errors import DependencyUnavailable
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended

# A file that storage took and has not given back for so long, while it answers otherwise, is not waited for any more.
UNREADABLE_AFTER = timedelta(hours=6)
_NAMED_PARTS = 100


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of one version of an object."""

    version_id: str | None
    findings: Findings | None
    verdict: Verdict
    facts: dict[str, Any]


async def verify_attachment(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Read an attachment's file back and make it available, or reject it.

    Raises DependencyUnavailable where storage or the scanner does not answer: the job is done again later.
    """
    row = await _awaiting(parts, UUID(attachment_id))
    if row is None:
        return
    version_id = None
    try:
        await copy_same(parts, storage, row)
        stored = await find_object(storage, row.object_key)
        version_id = stored.version_id if stored else None
        seen = await _look(parts, storage, row, version_id)
    except MissingObject:
        seen = _Seen(None, None, Verdict(RejectionCode.MISSING, scanned=False), {})
    except (Closing, StoreRefused):
        raise
    except DependencyUnavailable:
        if parts.clock.now() - row.updated_at < UNREADABLE_AFTER:
            raise
        await check_bucket(storage)
        seen = _Seen(version_id, None, Verdict(RejectionCode.UNREADABLE, scanned=False), {})
    await _decide(parts, row.id, seen)
    if seen.verdict.rejection is None:
        # What was sent under a key that was given up for a new one is nobody's.
        await remove_objects(storage, place_of(row.id), keep=row.object_key)


async def _awaiting(parts: WorkerParts, attachment_id: UUID) -> Attachment | None:
    async with parts.database.session(WORKER) as session:
        found = await session.execute(
            select(Attachment).where(
                col(Attachment.id) == attachment_id, col(Attachment.status) == AttachmentStatus.VERIFYING.value
            )
        )
        return found.scalar_one_or_none()


async def _look(parts: WorkerParts, storage: Storage, row: Attachment, version_id: str | None) -> _Seen:
    """Read the file once; look inside it where it is the one declared, else say which of its parts differ."""
    clamd = parts.settings.clamd_address
    findings = await storage.stream(lambda: examine(read_object(storage, row.object_key, version_id), clamd))
    inside, facts = SOUND, dict[str, Any]()
    if findings.sha256 == row.sha256 and findings.size_bytes == row.size:
        inside = await storage.stream(lambda: look_inside(ranged_object(storage, row.object_key, version_id, row.size)))
        facts = dict(inside.facts)
    elif findings.size_bytes == row.size and plan_of(row).is_multipart:
        facts = {"differing_parts": await _differing(parts, storage, row, version_id)}
    return _Seen(version_id, findings, _judged(parts, row, findings, inside), facts)


def _judged(parts: WorkerParts, row: Attachment, findings: Findings, inside: Inside) -> Verdict:
    return judge(
        findings,
        size_bytes=row.size,
        sha256=row.sha256,
        media_type=row.media_type,
        inside=inside,
        unscanned=parts.settings.unscanned,
    )


async def _differing(parts: WorkerParts, storage: Storage, row: Attachment, version_id: str | None) -> list[int]:
    async with parts.database.session(WORKER) as session:
        found = await session.execute(
            select(col(AttachmentPart.number), col(AttachmentPart.sha256)).where(
                col(AttachmentPart.attachment_id) == row.id
            )
        )
        signed = dict(found.tuples().all())
    plan = plan_of(row)
    differing = await storage.stream(
        lambda: differing_parts(read_object(storage, row.object_key, version_id), plan, signed)
    )
    return differing[:_NAMED_PARTS]


async def _decide(parts: WorkerParts, attachment_id: UUID, seen: _Seen) -> None:
    """Write the outcome, unless somebody deleted the file or another worker decided in the meantime."""
    verdict, findings = seen.verdict, seen.findings
    async with unattended(parts.database, parts.clock, "verify_attachment", Operation62.ALTERATION) as act:
        row = await hold(act, attachment_id)
        if row.status != AttachmentStatus.VERIFYING:
            act.silent = True
            return
        row.status = (AttachmentStatus.REJECTED if verdict.rejection else AttachmentStatus.AVAILABLE).value
        row.rejection_code = verdict.rejection.value if verdict.rejection else None
        row.scan = "performed" if verdict.scanned else "not_performed"
        row.version_id, row.upload_id = seen.version_id, None
        row.findings = seen.facts
        row.updated_at = act.now
        if not verdict.rejection:
            row.recheck_due_at = act.now + timedelta(days=parts.settings.recheck_days) * 0.75
        act.trail.details = {"outcome": row.status, "rejection": row.rejection_code, "scan": row.scan}
        add_link(
            act,
            row,
            CustodyKind.REJECTED if verdict.rejection else CustodyKind.VERIFIED,
            sha256=findings.sha256 if findings else None,
            size_bytes=findings.size_bytes if findings else None,
            facts={"scan": row.scan} | ({"code": row.rejection_code} if row.rejection_code else {}) | seen.facts,
        )
        code = {"code": row.rejection_code} if row.rejection_code else {}
        await announce(act, row, f"attachment.{row.status}", **code)
        if verdict.rejection:
            await act.want("abandon_upload", row.id)
