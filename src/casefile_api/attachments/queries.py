"""Attachments as a caller may see them (`visibility` says which)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from casefile_api.attachments.models import Attachment, AttachmentPart
from casefile_api.attachments.same_content import find_same
from casefile_api.attachments.schemas import AttachmentList
from casefile_api.attachments.views import listed, view_of
from casefile_api.attachments.visibility import visible_attachments
from casefile_api.case_files.queries import CaseFileRow, find_visible
from casefile_api.errors import NotFound, NotPermitted
from casefile_api.unit_of_work import Reading, UnitOfWork
from casefile_api.web.pagination import Page


@dataclass(frozen=True, slots=True)
class Found:
    """An attachment that the caller may see, and its case file."""

    attachment: Attachment
    case_file: CaseFileRow


@dataclass(frozen=True, slots=True)
class Uploading:
    """An attachment on its way, the hash that each of its parts was signed with, and who has the same bytes already."""

    attachment: Attachment
    signed: Mapping[int, str]
    same: UUID | None = None


async def find_attachment(reading: Reading, attachment_id: UUID) -> Found:
    """Find an attachment that the caller may see.

    Raises NotFound where there is none: the case file may be out of sight, or only the attachment.
    """
    return await _find(reading, attachment_id, lock_case=False, lock_attachment=False)


async def hold_attachment(reading: Reading, attachment_id: UUID, *, and_case: bool = False) -> Found:
    """Find an attachment and hold its row until the transaction ends; its case file's first where an event follows."""
    return await _find(reading, attachment_id, lock_case=and_case, lock_attachment=True)


def own_attachment(reading: Reading, found: Found) -> Attachment:
    """Return the attachment where it is the caller's organisation's own; seeing it is not enough to handle it."""
    if found.attachment.organisation != reading.caller.organisation:
        raise NotPermitted("This attachment is the other side's.")
    return found.attachment


async def _find(reading: Reading, attachment_id: UUID, *, lock_case: bool, lock_attachment: bool) -> Found:
    reading.trail.about("attachment", attachment_id)
    place = await reading.session.execute(
        select(col(Attachment.case_file_id)).where(
            col(Attachment.id) == attachment_id, visible_attachments(reading.caller)
        )
    )
    case_file_id = place.scalar_one_or_none()
    if case_file_id is None:
        raise NotFound()
    case_file = await find_visible(reading, case_file_id, lock=lock_case)
    statement = select(Attachment).where(col(Attachment.id) == attachment_id)
    if lock_attachment:
        statement = statement.with_for_update()
    row = (await reading.session.execute(statement)).scalar_one()
    reading.trail.about("attachment", row.id, case_file_id=case_file.id, owner=case_file.organisation)
    reading.trail.held_by = row.organisation
    return Found(row, case_file)


async def list_attachments(reading: Reading, case_file_id: UUID, page: Page) -> tuple[AttachmentList, dict[str, str]]:
    """List the attachments of a case file that the caller sees, as declared; and the headers of the page."""
    case_file = await find_visible(reading, case_file_id)
    reading.trail.about("case_file", case_file.id, case_file_id=case_file.id, owner=case_file.organisation)
    after = page.after(UUID)
    statement = (
        select(Attachment)
        .where(col(Attachment.case_file_id) == case_file.id, visible_attachments(reading.caller))
        .order_by(col(Attachment.id))
        .limit(page.limit + 1)
    )
    if after is not None:
        statement = statement.where(col(Attachment.id) > after[0])
    rows = list((await reading.session.execute(statement)).scalars())
    shown = rows[: page.limit]
    items = [listed(await view_of(reading, row)) for row in shown]
    body, headers = page.body(items, (shown[-1].id,) if len(rows) > page.limit else None)
    return AttachmentList(**body), headers


async def look_at_own(work: UnitOfWork, attachment_id: UUID) -> Uploading:
    """Look at an attachment of the caller's own before a change that has to ask storage first.

    Storage may be slow, and no transaction waits for it: what is seen here is checked again when the row is held.
    """
    async with Reading(work.exchange) as reading:
        row = own_attachment(reading, await find_attachment(reading, attachment_id))
        return Uploading(row, await signed_parts(reading, row.id), await find_same(reading, row))


async def signed_parts(reading: Reading, attachment_id: UUID) -> dict[int, str]:
    """Return the SHA-256 that each part's newest URL was signed with."""
    rows = await reading.session.execute(
        select(col(AttachmentPart.number), col(AttachmentPart.sha256)).where(
            col(AttachmentPart.attachment_id) == attachment_id
        )
    )
    return dict(rows.tuples().all())
