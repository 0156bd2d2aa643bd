"""Attachments as they are answered."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from casefile_api.attachments.links import Link
from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.names import open_acquisition, open_names
from casefile_api.attachments.parts import PartPlan
from casefile_api.attachments.provenance import Derivation
from casefile_api.attachments.rejections import detail_of
from casefile_api.attachments.same_content import find_same
from casefile_api.attachments.schemas import (
    AttachmentView,
    ListedAttachment,
    PartView,
    RejectionView,
    UploadPlanView,
)
from casefile_api.attachments.visibility import sees_attachment, visible_attachments
from casefile_api.case_files.schemas import ActorView
from casefile_api.clock import utc_text
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import tag_of


def plan_of(row: Attachment) -> PartPlan:
    """Return the parts that a file was declared to come in."""
    return PartPlan(row.size, row.part_size, row.part_count)


async def view_of(reading: Reading, row: Attachment) -> AttachmentView:
    """Return an attachment as the caller sees it; a source that was not shown to them stays unnamed."""
    names = await open_names(reading, row)
    upload = None
    same_as = await find_same(reading, row)
    if row.status == AttachmentStatus.UPLOADING:
        upload = UploadPlanView(part_size=row.part_size, part_count=row.part_count, parts=[])
    rejection = None
    if row.rejection_code is not None:
        rejection = RejectionView(
            code=row.rejection_code, detail=detail_of(row.rejection_code, row.findings.get("differing_parts"))
        )
    return AttachmentView(
        id=row.id,
        case_file_id=row.case_file_id,
        organisation=row.organisation,
        status=AttachmentStatus(row.status),
        kind=row.kind,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        derived_from=await _shown(reading, row, row.derived_from),
        derivation=Derivation.model_validate(row.derivation, strict=False) if row.derivation else None,
        supersedes=await _shown(reading, row, row.supersedes),
        superseded_by=await _successor(reading, row),
        acquisition=await open_acquisition(reading, row),
        scan=row.scan,
        rejection=rejection,
        integrity=row.integrity,
        rechecked_at=utc_text(row.rechecked_at) if row.rechecked_at else None,
        declared_at=utc_text(row.declared_at),
        declared_by=ActorView.model_validate(row.declared_by),
        updated_at=utc_text(row.updated_at),
        file_name=names.file_name,
        title=names.title,
        visible_to_police=row.visible_to_police,
        upload=upload,
        same_as=same_as,
    )


async def _shown(reading: Reading, row: Attachment, other: UUID | None) -> UUID | None:
    """Return another attachment where the caller sees it too: a redacted copy leads nobody to its source."""
    if other is None or row.organisation == reading.caller.organisation:
        return other
    return other if await sees_attachment(reading, other) else None


async def _successor(reading: Reading, row: Attachment) -> UUID | None:
    found = await reading.session.execute(
        select(col(Attachment.id))
        .where(col(Attachment.supersedes) == row.id, col(Attachment.status) == AttachmentStatus.AVAILABLE.value)
        .where(visible_attachments(reading.caller))
        .order_by(col(Attachment.id).desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


_NOT_LISTED = {"file_name", "title", "visible_to_police", "upload", "superseded_by", "acquisition", "same_as"}


def listed(view: AttachmentView) -> ListedAttachment:
    """Return an attachment as an item of a list: without names, with its tag."""
    members = view.model_dump(exclude=_NOT_LISTED)
    return ListedAttachment(**members, etag=attachment_tag(view))


def attachment_tag(view: AttachmentView) -> str:
    """Return the tag of an attachment; upload URLs come and go without changing it."""
    lasting = view.model_dump(mode="json")
    if view.upload is not None:
        lasting["upload"]["parts"] = []
    return tag_of(lasting)


def part_view(number: int, size_bytes: int, link: Link) -> PartView:
    """Return a presigned part as it is answered."""
    return PartView(
        number=number, size=size_bytes, url=link.url, headers=link.headers, expires_at=utc_text(link.expires_at)
    )
