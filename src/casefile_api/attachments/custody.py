"""The chain of custody: every handling of a file, with time, actor, hash and audit entry, so it can be shown in court.

What changes a file is written down in the transaction of the change; who read it is told by the log itself, and which
versions name it by the versions (`chain`). Rows are only ever added.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.attachments.models import Attachment, AttachmentCustody, CustodyKind
from casefile_api.identifiers import new_id
from casefile_api.ledger.trail import Trail


class Recording(Protocol):
    """A change under way, by a caller or by the service itself."""

    now: datetime
    trail: Trail

    @property
    def session(self) -> AsyncSession:
        """The transaction."""


def came_from(trail: Trail) -> dict[str, str]:
    """Return where a call came from: the hash of its address with the service's key, as its entry in the log has it."""
    return {"source": trail.source} if trail.source else {}


def add_link(
    change: Recording,
    row: Attachment,
    kind: CustodyKind,
    *,
    caller: Caller | None = None,
    sha256: str | None = None,
    size_bytes: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add a link to the chain, with the audit entry of the change; without a caller it is the service's own act."""
    who = Who(caller.organisation, caller.client_id, caller.staff_id) if caller else Who()
    _add(change, row, kind, change.now, who, sha256, size_bytes, facts or {})


def add_told_link(
    change: Recording, row: Attachment, kind: CustodyKind, *, at: datetime, who: "Who", facts: Mapping[str, Any]
) -> None:
    """Add what another system tells of: at its time, and by whoever it was given to."""
    _add(change, row, kind, at, who, row.sha256, row.size, facts)


@dataclass(frozen=True, slots=True)
class Who:
    """Whose act a link tells of; the service's own where nobody is named."""

    organisation: str | None = None
    client_id: str | None = None
    staff_id: str | None = None


def _add(
    change: Recording,
    row: Attachment,
    kind: CustodyKind,
    at: datetime,
    who: Who,
    sha256: str | None,
    size_bytes: int | None,
    facts: Mapping[str, Any],
) -> None:
    link = AttachmentCustody(
        id=new_id(),
        attachment_id=row.id,
        kind=kind.value,
        at=at,
        organisation=who.organisation,
        client_id=who.client_id,
        staff_id=who.staff_id,
        sha256=sha256,
        size=size_bytes,
        audit_entry_id=change.trail.entry_id,
        facts=dict(facts),
    )
    change.session.add(link)
