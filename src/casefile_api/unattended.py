"""Acts of the worker and of the command line: one transaction with its entry and its events, and nobody waiting.

`async with unattended(parts.database, parts.clock, "verify_attachment", word) as act:` commits on leaving.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.access.permissions import Operation62
from casefile_api.access.unattended_acts import UNATTENDED
from casefile_api.clock import Clock, real_now
from casefile_api.database import Database
from casefile_api.ledger.entries import SealedEntry, compose, write_entries
from casefile_api.ledger.happenings import Actor, add_event, want_job
from casefile_api.ledger.trail import Trail
from casefile_api.tenancy import WORKER

OPERATOR = "operator"


@dataclass(slots=True)
class Act:
    """An act under way. `now` is working time; `silent` leaves the entry out where nothing was done after all."""

    session: AsyncSession
    now: datetime
    trail: Trail
    silent: bool = False
    # The person at the command line, where they showed who they are.
    caller: Caller | None = None
    outcome: str = "allowed"
    _entry: SealedEntry | None = None

    async def record(
        self,
        event_type: str,
        *,
        to: Sequence[str],
        case_file_id: UUID | None = None,
        endpoint_id: UUID | None = None,
        actor: Actor | None = None,
        **members: Any,
    ) -> UUID:
        """Record what happened, for each organisation in `to`; lock the case file's row first."""
        return await add_event(
            self.session,
            event_type,
            to=to,
            actor=actor or Actor(OPERATOR),
            now=self.now,
            case_file_id=case_file_id,
            endpoint_id=endpoint_id,
            **members,
        )

    async def want(self, kind: str, subject_id: UUID | str, *, share: str | None = None, cost: int = 0) -> None:
        """Ask for work to be done after the commit."""
        await want_job(self.session, kind, subject_id, share=share, cost=cost)

    def seal_entry(self) -> SealedEntry:
        """Fix the audit entry of this act, so that what is written beside it can keep it; the trail says no more."""
        if self._entry is None:
            self._entry = compose(self.trail, self.caller, outcome=self.outcome, occurred_at=real_now())
        return self._entry


@asynccontextmanager
async def unattended(
    database: Database,
    clock: Clock,
    action: str,
    word: Operation62 | None = None,
    *,
    caller: Caller | None = None,
) -> AsyncIterator[Act]:
    """Do an act in one transaction, with its entry; an exception rolls everything back.

    An act without a row in the table, or with another word than it has there, is a programming error (ValueError).
    """
    if action not in UNATTENDED or (word is not None and word is not UNATTENDED[action]):
        raise ValueError(f"{action} is not an act of the table, or not with this word")
    async with database.session(WORKER) as session:
        ahead = (await session.execute(text("select ahead_seconds from working_time"))).scalar_one()
        clock.moved_to(timedelta(seconds=ahead))
        act = Act(session, clock.now(), Trail(action, word=UNATTENDED[action]), caller=caller)
        yield act
        if not act.silent:
            await session.flush()
            await write_entries(session, [act.seal_entry()])
        await session.commit()
