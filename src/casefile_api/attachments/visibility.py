"""Which attachments of a case file a caller sees.

Police see their own, and the CPS's once they are named in issued advice or a message; the CPS see those that versions
shared with them and not retracted name, and their own. To everyone else an attachment does not exist.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlmodel import col

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.attachments.models import Attachment
from casefile_api.case_files.models import CaseFileRetraction, CaseFileShare, CaseFileVersionAttachment
from casefile_api.case_files.queries import SEES_WHOLE_AREA
from casefile_api.unit_of_work import Reading


def shares_seen(caller: Caller) -> ColumnElement[bool]:
    """Return the condition on shares: those with the caller's unit, or with any of the Area where they see them all."""
    of_area = col(CaseFileShare.organisation) == caller.organisation
    if caller.has_role(*SEES_WHOLE_AREA):
        return of_area
    return and_(of_area, col(CaseFileShare.unit) == caller.unit)


def visible_attachments(caller: Caller) -> ColumnElement[bool]:
    """Return the condition on the attachments of a visible case file that this caller sees."""
    own = col(Attachment.organisation) == caller.organisation
    if caller.kind is OrganisationKind.POLICE:
        return or_(own, col(Attachment.visible_to_police))
    retracted = (
        exists()
        .where(col(CaseFileRetraction.case_file_id) == col(CaseFileShare.case_file_id))
        .where(col(CaseFileRetraction.number) == col(CaseFileShare.number))
    )
    named = (
        exists()
        .where(col(CaseFileVersionAttachment.attachment_id) == col(Attachment.id))
        .where(col(CaseFileVersionAttachment.case_file_id) == col(CaseFileShare.case_file_id))
        .where(col(CaseFileVersionAttachment.number) == col(CaseFileShare.number))
        .where(shares_seen(caller))
        .where(not_(retracted))
    )
    return or_(own, named)


async def sees_attachment(reading: Reading, attachment_id: UUID) -> bool:
    """Say whether the caller sees this attachment of a case file that they see."""
    found = await reading.session.execute(
        select(col(Attachment.id)).where(col(Attachment.id) == attachment_id, visible_attachments(reading.caller))
    )
    return found.scalar_one_or_none() is not None
