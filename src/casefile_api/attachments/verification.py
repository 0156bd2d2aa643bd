"""Reading a file back: the worker decides what an upload is, and nobody can open it before.

Nothing that storage says of an object is taken for true. Every step can be done again: a verification that was killed
is taken up from the start, and one that was done finds nothing to do.
"""

from typing import Protocol
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.findings import Findings, RejectionCode, Verdict, examine, judge
from casefile_api.attachments.models import Attachment, AttachmentStatus, CustodyKind
from casefile_api.attachments.objects import find_object, read_object, remove_objects
from casefile_api.attachments.storage import MissingObject, Storage
from casefile_api.attachments.uploading import place_of
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.ledger.happenings import Actor
from casefile_api.settings import Settings
from casefile_api.unattended import Act, unattended
from casefile_api.vault import Vault


class WorkerParts(Protocol):
    """What work without a caller needs."""

    @property
    def settings(self) -> Settings:
        """The process's settings."""

    @property
    def clock(self) -> Clock:
        """The process's clock."""

    @property
    def database(self) -> Database:
        """The process's database."""

    @property
    def vault(self) -> Vault:
        """The process's vault."""


async def verify_attachment(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Read an attachment's file back and make it available, or reject it.

    Raises DependencyUnavailable where storage or the scanner does not answer: the job is done again later.
    """
    row = await _awaiting(parts, UUID(attachment_id))
    if row is None:
        return
    stored = await find_object(storage, row.object_key)
    version_id = stored.version_id if stored else None
    try:
        clamd = parts.settings.clamd_address
        findings = await storage.stream(lambda: examine(read_object(storage, row.object_key, version_id), clamd))
    except MissingObject:
        await _decide(parts, row.id, None, Verdict(RejectionCode.MISSING, scanned=False), None)
        return
    verdict = judge(findings, size_bytes=row.size, sha256=row.sha256, media_type=row.media_type)
    await _decide(parts, row.id, findings, verdict, version_id)
    if verdict.rejection is None:
        # What was sent under a key that was given up for a new one is nobody's.
        await remove_objects(storage, place_of(row.id), keep=row.object_key)


async def _awaiting(parts: WorkerParts, attachment_id: UUID) -> Attachment | None:
    async with parts.database.session() as session:
        found = await session.execute(
            select(Attachment).where(
                col(Attachment.id) == attachment_id, col(Attachment.status) == AttachmentStatus.VERIFYING.value
            )
        )
        return found.scalar_one_or_none()


async def _decide(
    parts: WorkerParts, attachment_id: UUID, findings: Findings | None, verdict: Verdict, version_id: str | None
) -> None:
    """Write the outcome, unless somebody deleted the file or another worker decided in the meantime."""
    async with unattended(parts.database, parts.clock, "verify_attachment", Operation62.ALTERATION) as act:
        row = await hold(act, attachment_id)
        if row.status != AttachmentStatus.VERIFYING:
            act.silent = True
            return
        row.status = (AttachmentStatus.REJECTED if verdict.rejection else AttachmentStatus.AVAILABLE).value
        row.rejection_code = verdict.rejection.value if verdict.rejection else None
        row.scan = "performed" if verdict.scanned else "not_performed"
        row.version_id = version_id
        row.upload_id = None
        row.updated_at = act.now
        act.trail.details = {"outcome": row.status, "rejection": row.rejection_code, "scan": row.scan}
        add_link(
            act,
            row,
            CustodyKind.REJECTED if verdict.rejection else CustodyKind.VERIFIED,
            sha256=findings.sha256 if findings else None,
            size_bytes=findings.size_bytes if findings else None,
            facts={"scan": row.scan} | ({"code": row.rejection_code} if row.rejection_code else {}),
        )
        await announce(act, row, f"attachment.{row.status}")
        if verdict.rejection:
            await act.want("abandon_upload", row.id)


async def hold(act: Act, attachment_id: UUID) -> Attachment:
    """Hold an attachment's row for a change, its case file's first: events are counted by case file."""
    await act.session.execute(
        text(
            "select from case_file c join attachment a on a.case_file_id = c.id where a.id = :id for no key update of c"
        ),
        {"id": attachment_id},
    )
    held = await act.session.execute(select(Attachment).where(col(Attachment.id) == attachment_id).with_for_update())
    row: Attachment = held.scalar_one()
    owner = await act.session.execute(
        text("select organisation from case_file where id = :id"), {"id": row.case_file_id}
    )
    act.trail.about("attachment", row.id, case_file_id=row.case_file_id, owner=owner.scalar_one())
    return row


async def announce(act: Act, row: Attachment, event_type: str) -> None:
    """Tell the organisation that attached the file; the other side hears of files by what is shared."""
    await act.record(
        event_type,
        to=[row.organisation],
        case_file_id=row.case_file_id,
        actor=Actor(row.organisation),
        attachment_id=row.id,
        state=row.status,
    )
