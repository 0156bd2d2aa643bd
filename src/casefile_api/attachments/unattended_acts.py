"""What the worker's acts on attachments share: what they are given, holding a row, and telling of it."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from casefile_api.attachments.models import Attachment
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.ledger.happenings import Actor
from casefile_api.settings import Settings
from casefile_api.unattended import Act
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


async def announce(
    act: Act, row: Attachment, event_type: str, *, to: Sequence[str] = (), state: str | None = None, **members: Any
) -> None:
    """Tell the organisation that attached the file, or those named: others hear of files by what is shared."""
    await act.record(
        event_type,
        to=list(to) or [row.organisation],
        case_file_id=row.case_file_id,
        actor=Actor(row.organisation),
        attachment_id=row.id,
        state=state or row.status,
        **members,
    )
