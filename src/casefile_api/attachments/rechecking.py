"""Looking again, for ever: every file in storage is read and hashed within a set time, as when it was verified.

A difference is said at once, in the log, by event to everybody who was shown the file, and in the chain of custody; and
nobody is given the file until a later look finds it whole.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.access.permissions import Operation62
from casefile_api.attachments.bucket import check_bucket
from casefile_api.attachments.custody import add_link
from casefile_api.attachments.findings import Findings, examine
from casefile_api.attachments.models import Attachment, AttachmentStatus, CustodyKind, Integrity
from casefile_api.attachments.objects import find_object, read_object
from casefile_api.attachments.storage import Closing, MissingObject, Storage, StoreRefused
from casefile_api.attachments.unattended_acts import WorkerParts, announce, hold
from casefile_api.errors import DependencyUnavailable
from casefile_api.job_places import BACKGROUND
from casefile_api.tenancy import WORKER
from casefile_api.unattended import Act, unattended

_AT_ONCE = 1_000
_ASKED_AGAIN = timedelta(days=1)
_SOONER = timedelta(hours=1)
_PERIOD_PART = 0.75
"""How much of the set time passes before the next look is due: the rest is for the queue."""
_DUE = """
    with due as (
        select id, recheck_due_at from attachment
        where recheck_due_at <= :now and status = 'available' order by recheck_due_at limit :limit
        for update skip locked),
    asked as (update attachment set recheck_due_at = :again where id in (select id from due))
    select id, recheck_due_at from due
"""
_SHOWN_TO = """
    select :owner union select s.organisation
    from case_file_version_attachment l join case_file_share s using (case_file_id, number) where l.attachment_id = :id
    union select c.organisation from case_file c where c.id = :case and :revealed
"""

_log = structlog.get_logger("casefile_api.rechecking")


@dataclass(frozen=True, slots=True)
class _Look:
    state: Integrity
    findings: Findings | None = None


async def ask_for_rechecks(parts: WorkerParts) -> int:
    """Have the files read again whose time has come, when nothing else waits; returns how many."""
    async with unattended(parts.database, parts.clock, "recheck_attachments") as act:
        act.silent = True
        values = {"now": act.now, "again": act.now + _ASKED_AGAIN, "limit": _AT_ONCE}
        due = (await act.session.execute(text(_DUE), values)).all()
        for row in due:
            await act.want("recheck_attachment", row.id, share=BACKGROUND)
        late = act.now - timedelta(days=parts.settings.recheck_days) * (1 - _PERIOD_PART)
    if due and due[0].recheck_due_at < late:
        _log.warning("rechecks_behind", oldest_due_at=due[0].recheck_due_at.isoformat())
    return len(due)


async def recheck_attachment(parts: WorkerParts, storage: Storage, attachment_id: str) -> None:
    """Read the version that was verified, and hold it against what was found then.

    Raises DependencyUnavailable where storage does not answer at all: the job is done again later.
    """
    async with parts.database.session(WORKER) as session:
        found = await session.execute(select(Attachment).where(col(Attachment.id) == UUID(attachment_id)))
        row: Attachment | None = found.scalar_one_or_none()
    if row is None or row.status != AttachmentStatus.AVAILABLE:
        return
    await _note(parts, row.id, await _look_again(storage, row))


async def _look_again(storage: Storage, row: Attachment) -> _Look:
    newest = await find_object(storage, row.object_key)
    try:
        findings = await storage.stream(lambda: _read(storage, row))
    except MissingObject:
        return _Look(Integrity.LOST)
    except (Closing, StoreRefused):
        raise
    except DependencyUnavailable:
        # The store answers for its bucket, and does not give this file: that is the file's fault, and is said.
        await check_bucket(storage)
        return _Look(Integrity.UNREADABLE)
    if (findings.sha256, findings.size_bytes) != (row.sha256, row.size):
        return _Look(Integrity.ALTERED, findings)
    if row.version_id is not None and (newest is None or newest.version_id != row.version_id):
        return _Look(Integrity.OVERWRITTEN, findings)
    return _Look(Integrity.INTACT, findings)


def _read(storage: Storage, row: Attachment) -> Findings:
    # A store that finds its own damage takes its time to say so: once more is enough.
    return examine(read_object(storage, row.object_key, row.version_id, patience=1), "")


async def _note(parts: WorkerParts, attachment_id: UUID, look: _Look) -> None:
    async with unattended(parts.database, parts.clock, "recheck_attachment", Operation62.CONSULTATION) as act:
        row = await hold(act, attachment_id)
        if row.status != AttachmentStatus.AVAILABLE:
            act.silent = True
            return
        before = row.integrity or Integrity.INTACT
        whole = look.state is Integrity.INTACT
        row.integrity, row.rechecked_at = look.state.value, act.now
        period = timedelta(days=parts.settings.recheck_days) * _PERIOD_PART
        row.recheck_due_at = act.now + (_SOONER if look.state is Integrity.UNREADABLE else period)
        act.trail.details = {"integrity": look.state.value}
        add_link(
            act,
            row,
            CustodyKind.RECHECKED if whole else CustodyKind.FOUND_ALTERED,
            sha256=look.findings.sha256 if look.findings else None,
            size_bytes=look.findings.size_bytes if look.findings else None,
            facts={"integrity": look.state.value},
        )
        if before != look.state:
            told = await _shown_to(act, row)
            await announce(act, row, "attachment.integrity_changed", to=told, state=look.state.value)
    if not whole:
        _log.error("attachment_not_intact", attachment_id=str(attachment_id), integrity=look.state.value)


async def _shown_to(act: Act, row: Attachment) -> list[str]:
    revealed = row.visible_to_police and row.organisation.startswith("cps-")
    values = {"owner": row.organisation, "id": row.id, "case": row.case_file_id, "revealed": revealed}
    return sorted((await act.session.execute(text(_SHOWN_TO), values)).scalars())
