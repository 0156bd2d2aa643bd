"""What may be declared: a kind and a media type that go together, and a source that the caller sees."""

from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.schemas import DeclareAttachmentRequest
from casefile_api.attachments.visibility import visible_attachments
from casefile_api.clock import LONDON
from casefile_api.errors import Fault, Invalid, TooManyRequests
from casefile_api.organisations import code_lists
from casefile_api.unit_of_work import Reading

UPLOADS_AGAIN_SECONDS = 30
_UNDER_WAY = text(
    """
    select count(*) from (
        select from attachment
        where status = 'uploading' and organisation = :organisation and declared_by ->> 'client_id' = :client_id
        limit :most) as under_way
    """
)


async def check_declaration(reading: Reading, case_file_id: UUID, body: DeclareAttachmentRequest) -> None:
    """Refuse a declaration that cannot be kept (Invalid, naming each place)."""
    today = reading.now.astimezone(LONDON).date()
    faults = [*list_faults(body, today), *derivation_faults(body, today)]
    if body.derived_from is not None and not await _is_source(reading, case_file_id, body.derived_from):
        detail = "Name an attachment of this case file that you can see and that is not deleted."
        faults.append(Fault("unknown_reference", detail, pointer="/derived_from"))
    if body.supersedes is not None and not await _is_own(reading, case_file_id, body.supersedes):
        detail = "Name an attachment of your own on this case file that is not deleted."
        faults.append(Fault("unknown_reference", detail, pointer="/supersedes"))
    if faults:
        raise Invalid("The attachment cannot be declared like this.", *faults)
    await _check_uploads_under_way(reading)


async def _check_uploads_under_way(reading: Reading) -> None:
    """Refuse a client's further upload while it has so many that it began and did not finish (TooManyRequests)."""
    caller, most = reading.caller, reading.settings.uploads_per_client
    values = {"organisation": caller.organisation, "client_id": caller.client_id, "most": most}
    if (await reading.session.execute(_UNDER_WAY, values)).scalar_one() >= most:
        retry = {"Retry-After": str(UPLOADS_AGAIN_SECONDS)}
        detail = f"This client has {most} uploads under way: complete or delete one of them."
        raise TooManyRequests(detail, headers=retry)


def list_faults(body: DeclareAttachmentRequest, on: date) -> list[Fault]:
    """Return what the code lists say against a declaration on that day."""
    if code_lists.find("document_kind", body.kind, on) is None:
        return [Fault("unknown_code", "Use a code of /v1/code-lists/document_kind.", pointer="/kind")]
    if code_lists.find("media_type", body.media_type, on) is None:
        return [Fault("unknown_code", "Use a code of /v1/code-lists/media_type.", pointer="/media_type")]
    if body.media_type not in code_lists.media_types_of(body.kind, on):
        detail = "This kind is not accepted in this media type; /v1/code-lists/media_type lists the kinds of each."
        return [Fault("not_accepted", detail, pointer="/media_type")]
    return []


def derivation_faults(body: DeclareAttachmentRequest, on: date) -> list[Fault]:
    """Return what is wrong with what a copy says of itself."""
    if body.derivation is None:
        return []
    if body.derived_from is None:
        return [Fault("requires_other", "Say what it was made from, in derived_from.", pointer="/derivation")]
    return [
        Fault("unknown_code", "Use a code of /v1/code-lists/redaction_type.", f"/derivation/redactions/{place}/type")
        for place, redaction in enumerate(body.derivation.redactions)
        if code_lists.find("redaction_type", redaction.type, on) is None
    ]


async def _is_own(reading: Reading, case_file_id: UUID, attachment_id: UUID) -> bool:
    found = await reading.session.execute(
        select(col(Attachment.id))
        .where(col(Attachment.id) == attachment_id, col(Attachment.case_file_id) == case_file_id)
        .where(col(Attachment.organisation) == reading.caller.organisation)
        .where(col(Attachment.status) != AttachmentStatus.DELETED.value)
    )
    return found.scalar_one_or_none() is not None


async def _is_source(reading: Reading, case_file_id: UUID, attachment_id: UUID) -> bool:
    found = await reading.session.execute(
        select(col(Attachment.id))
        .where(col(Attachment.id) == attachment_id, col(Attachment.case_file_id) == case_file_id)
        .where(col(Attachment.status) != AttachmentStatus.DELETED.value, visible_attachments(reading.caller))
    )
    return found.scalar_one_or_none() is not None
