"""Downloads as the store saw them: its access log read into the chain of custody.

The log of the service knows who was given a URL; the store's knows that the bytes went, how many, and where to. A line
counts where the entry that its URL names gave this very file: what anybody else writes into such a log says nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from casefile_api.attachments.access_log import Fetch
from casefile_api.attachments.custody import Who, add_told_link
from casefile_api.attachments.models import CustodyKind
from casefile_api.attachments.unattended_acts import hold
from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.tenancy import WORKER
from casefile_api.unattended import unattended
from casefile_api.vault import Vault

# The store writes whole seconds, of its own clock.
_LEEWAY = timedelta(minutes=5)
_GIVEN = """
    select e.id, e.occurred_at, e.organisation, e.client_id, e.staff_id, a.id as attachment_id, a.object_key
    from audit_entry e
    join attachment a on a.id = cast(convert_from(e.entry, 'UTF8')::jsonb->>'target_id' as uuid)
    where e.id = any(cast(:entries as uuid[])) and e.action = 'get_attachment_content' and e.outcome = 'allowed'
"""
_KNOWN = """
    select facts->>'request' from attachment_custody
    where attachment_id = :id and kind = 'downloaded' and facts->>'request' = any(:requests)
"""


@dataclass(frozen=True, slots=True)
class _Given:
    """A URL that somebody was given: whose it was, and of which object."""

    at: datetime
    who: Who
    attachment_id: UUID
    object_key: str


async def tell_downloads(
    database: Database, clock: Clock, vault: Vault, fetched: Iterable[Fetch], *, life: timedelta
) -> Counter[str]:
    """Add to the chains what was fetched; says how many lines were `told`, `known` before, or of `other` things.

    `life` is how long URLs of downloads live: a line of another time is not of the URL that it names.
    """
    lines = list(fetched)
    given = await _given(database, {line.entry_id for line in lines})
    of_file: dict[UUID, list[tuple[Fetch, _Given]]] = {}
    for line in lines:
        found = given.get(line.entry_id)
        if found and found.object_key == line.object_key and _within(line.at, found.at, life):
            of_file.setdefault(found.attachment_id, []).append((line, found))
    counted = Counter(told=0, known=0, other=len(lines) - sum(map(len, of_file.values())))
    for attachment_id, theirs in of_file.items():
        counted.update(await _tell(database, clock, vault, attachment_id, theirs))
    return counted


def _within(fetched_at: datetime, given_at: datetime, life: timedelta) -> bool:
    return given_at - _LEEWAY <= fetched_at <= given_at + life + _LEEWAY


async def _given(database: Database, entries: set[UUID]) -> dict[UUID, _Given]:
    async with database.session(WORKER) as session:
        rows = await session.execute(text(_GIVEN), {"entries": list(entries)})
        return {row[0]: _Given(row[1], Who(*row[2:5]), *row[5:]) for row in rows}


async def _tell(
    database: Database, clock: Clock, vault: Vault, attachment_id: UUID, theirs: list[tuple[Fetch, _Given]]
) -> Counter[str]:
    async with unattended(database, clock, "tell_downloads") as act:
        row = await hold(act, attachment_id)
        found = await act.session.execute(
            text(_KNOWN), {"id": attachment_id, "requests": [line.request for line, _ in theirs]}
        )
        known = set(found.scalars())
        fresh = {line.request: (line, given) for line, given in theirs if line.request not in known}
        act.silent = not fresh
        act.trail.details = {"downloads": len(fresh)}
        # The chain is on working time, which only a sandbox moves ahead.
        ahead = timedelta(seconds=round((act.now - real_now()).total_seconds()))
        for line, given in fresh.values():
            facts = {
                "request": line.request,
                "bytes": line.bytes_sent,
                "part": line.ranged,
                "source": vault.keyed_hash(line.address),
                "entry": str(line.entry_id),
            }
            add_told_link(
                act,
                row,
                CustodyKind.DOWNLOADED,
                at=line.at + ahead,
                who=given.who,
                facts=facts,
            )
    return Counter(told=len(fresh), known=len(theirs) - len(fresh))
