"""Erasing a case file: its key is destroyed, and with it all that was sealed under it; its files leave storage.

Under dual control like every erasure. What stays says that there was something and confirms nothing of it: numbers and
digests (salted under the seal), and the log. Whoever the case file existed for is told (DPA 2018 s.47, s.62(1)(e)).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.access.caller import Caller
from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bundle_models import Bundle, BundleState
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.models import Attachment, AttachmentStatus, CustodyKind
from casefile_api.case_files.queries import parties
from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.errors import NotFound
from casefile_api.ledger.erasure_words import ErasureKind, ErasureReason
from casefile_api.ledger.erasures import (
    Erasure,
    asked_for,
    carry_out,
    find_waiting,
    keep_asked,
)
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.unattended import Act, unattended

ASK = "ask_for_case_erasure"
CONFIRM = "confirm_case_erasure"

# The digests say nothing without the salt under the seal; keyed hashes of names would, to whoever holds the key.
_FORGET_SUSPECTS = (
    text("delete from case_file_finding where case_file_id = :id"),
    text("delete from case_file_standing where case_file_id = :id"),
)
_KEPT = text(
    "select count(distinct a.id) as files, max(c.facts->>'until') as until from attachment a"
    " join attachment_custody c on c.attachment_id = a.id and c.kind = 'held' and c.facts->>'lock' = 'compliance'"
    " where a.case_file_id = :id and a.status = 'available' and cast(c.facts->>'until' as timestamptz) > now()"
)
_HOLD = text(
    "select c.organisation, k.case_file_id is not null as whole from case_file c"
    " left join case_key k on k.case_file_id = c.id where c.id = :id for no key update of c"
)


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """How many of its files the store keeps against everybody, and until when."""

    count: int
    until: str | None


async def ask(
    database: Database, caller: Caller, case_file_id: UUID, reason: ErasureReason
) -> tuple[Erasure, KeptFiles]:
    """Ask for a case file to be erased; nothing is erased yet.

    Raises NotFound where there is none, or it was erased before.
    """
    now = real_now()
    async with unattended(database, Clock(), ASK, caller=caller) as act:
        await _hold(act, case_file_id)
        asked = asked_for(caller, ErasureKind.CASE, reason, now, case_file_id=case_file_id)
        act.trail.details = {"erasure": str(asked.id), "reason": reason.value}
        await keep_asked(act.session, asked)
        kept = await _kept_files(act, case_file_id)
    return asked, kept


async def confirm(database: Database, caller: Caller, erasure_id: UUID) -> tuple[Erasure, KeptFiles]:
    """Confirm what another person asked for: the key is destroyed and the files go, in one transaction with its entry.

    Raises NotFound, WrongState or NotPermitted.
    """
    now = real_now()
    async with unattended(database, Clock(), CONFIRM, Operation62.ERASURE, caller=caller) as act:
        act.trail.about("audit_erasure", erasure_id)
        asked = await find_waiting(act.session, erasure_id, caller, now)
        if asked.case_file_id is None:
            raise NotFound("This is an erasure in the log: confirm it with `casefile-api audit erase`.")
        await _hold(act, asked.case_file_id)
        kept = await _kept_files(act, asked.case_file_id)
        await _give_up_files(act, asked.case_file_id)
        told = await parties(act.session, asked.case_file_id)
        await act.record("case_file.erased", to=told, case_file_id=asked.case_file_id)
        act.trail.about("case_file", asked.digest)
        await act.session.flush()
        await carry_out(act.session, asked, caller, act.seal_entry().canonical, now)
        for forgetting in _FORGET_SUSPECTS:
            await act.session.execute(forgetting, {"id": asked.case_file_id})
        await act.session.execute(text(f"set local role {WORKER_ROLE}"))
    return asked, kept


async def _hold(act: Act, case_file_id: UUID) -> None:
    row = (await act.session.execute(_HOLD, {"id": case_file_id})).one_or_none()
    if row is None or not row.whole:
        raise NotFound("There is no such case file, or it was erased before.")
    act.trail.about("case_file", case_file_id, case_file_id=case_file_id, owner=row.organisation)


async def _kept_files(act: Act, case_file_id: UUID) -> KeptFiles:
    """What Object Lock in mode compliance keeps; in mode governance the service takes off what it put on."""
    row = (await act.session.execute(_KEPT, {"id": case_file_id})).one()
    return KeptFiles(row.files, row.until)


async def _give_up_files(act: Act, case_file_id: UUID) -> None:
    """Have every file and every bag of the case leave storage; the chain of custody says why."""
    bundles = select(Bundle).where(
        col(Bundle.case_file_id) == case_file_id, col(Bundle.state) != BundleState.EXPIRED.value
    )
    for bundle in (await act.session.execute(bundles.with_for_update())).scalars():
        bundle.state = BundleState.EXPIRED.value
        await act.want("remove_bundle", bundle.id)
    ended = (AttachmentStatus.DELETED.value, AttachmentStatus.REJECTED.value)
    files = select(Attachment).where(col(Attachment.case_file_id) == case_file_id, col(Attachment.status).not_in(ended))
    for row in (await act.session.execute(files.with_for_update())).scalars():
        row.status = AttachmentStatus.DELETED.value
        row.updated_at = act.now
        add_link(act, row, CustodyKind.DELETED)
        await act.want("abandon_upload", row.id)
