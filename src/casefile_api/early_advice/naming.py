"""Naming attachments in advice and messages: what the writer sees may be named, and what is named is seen by both.

The CPS's own files stay hidden from the police until they are named here.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from casefile_api.access.caller import OrganisationKind
from casefile_api.attachments.commands import reveal_to_police
from casefile_api.attachments.models import Attachment, AttachmentStatus
from casefile_api.attachments.visibility import visible_attachments
from casefile_api.errors import Fault, Invalid
from casefile_api.unit_of_work import UnitOfWork

POINTER = "/attachment_ids"


async def name_attachments(work: UnitOfWork, case_file_id: UUID, named: Sequence[UUID]) -> None:
    """Let attachments of the case file be named; those of the CPS become visible to the police.

    Raises Invalid at the place of each that the writer does not see, or that is not available.
    """
    if not named:
        return
    rows = await work.session.execute(
        select(Attachment.id, Attachment.organisation).where(
            col(Attachment.id).in_(named),
            Attachment.case_file_id == case_file_id,
            Attachment.status == AttachmentStatus.AVAILABLE.value,
            visible_attachments(work.caller),
        )
    )
    owners = {row.id: row.organisation for row in rows}
    told = "Name an available attachment of this case file that you see."
    faults = [
        Fault("unknown_reference", told, pointer=f"{POINTER}/{index}")
        for index, identifier in enumerate(named)
        if identifier not in owners
    ]
    if faults:
        raise Invalid("An attachment cannot be named here.", *faults)
    if work.caller.kind is OrganisationKind.CPS:
        own = [identifier for identifier in dict.fromkeys(named) if owners[identifier] == work.caller.organisation]
        await reveal_to_police(work, case_file_id, own, POINTER)
