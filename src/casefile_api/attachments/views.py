"""Attachments as they are answered."""

from uuid import UUID

from casefile_api.attachments.links import Link
from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.names import open_names
from casefile_api.attachments.parts import PartPlan
from casefile_api.attachments.rejections import detail_of
from casefile_api.attachments.schemas import (
    AttachmentView,
    ListedAttachment,
    PartView,
    RejectionView,
    UploadPlanView,
)
from casefile_api.attachments.visibility import sees_attachment
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
        derived_from=await _source_shown(reading, row),
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
    )


async def _source_shown(reading: Reading, row: Attachment) -> UUID | None:
    """Return the source of a copy where the caller sees it too: a redacted copy leads nobody to its source."""
    if row.derived_from is None or row.organisation == reading.caller.organisation:
        return row.derived_from
    return row.derived_from if await sees_attachment(reading, row.derived_from) else None


def listed(view: AttachmentView) -> ListedAttachment:
    """Return an attachment as an item of a list: without names, with its tag."""
    members = view.model_dump(exclude={"file_name", "title", "visible_to_police", "upload"})
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
