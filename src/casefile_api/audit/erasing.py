"""Erasing from the log: free text and details, or entries kept too long. Leaves, tiles and proofs stay as they are.

One person asks, another confirms; what is erased is what was asked for, leaf by leaf.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from casefile_api.access.caller import Caller
from casefile_api.access.permissions import Operation62
from casefile_api.audit.retention import NEVER_ERASED, Retention, due
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
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.unattended import unattended

ASK = "ask_for_erasure"
CONFIRM = "confirm_erasure"
MOST_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be erased: of certain leaves, of one case file, or what is kept too long."""

    kind: ErasureKind
    reason: ErasureReason
    leaves: tuple[int, ...] = ()
    case_file_id: UUID | None = None
    aged: tuple[Retention, ...] = ()


async def ask(database: Database, caller: Caller, wanted: Wanted) -> Erasure:
    """Ask for an erasure; nothing is erased yet.

    Raises NotFound where nothing in the log fits.
    """
    now = real_now()
    async with unattended(database, Clock(), ASK, caller=caller) as act:
        condition, values = _condition(wanted, now)
        found = await act.session.execute(
            text(
                "select l.leaf_index from audit_leaf l join audit_entry e on e.id = l.entry_id"
                f" where {condition} and not (e.action = any(:never)) order by l.leaf_index limit :most"
            ),
            {**values, "never": list(NEVER_ERASED), "most": MOST_AT_ONCE},
        )
        leaves = LeafRanges.of(found.scalars())
        if not leaves.ranges:
            raise NotFound("Nothing in the log fits what was asked for.")
        asked = asked_for(caller, wanted.kind, wanted.reason, now, leaves=leaves)
        act.trail.about("audit_erasure", asked.id)
        act.trail.details = {"kind": asked.kind.value, "reason": asked.reason.value, "digest": asked.digest}
        await keep_asked(act.session, asked)
    return asked


def _condition(wanted: Wanted, now: Any) -> tuple[str, dict[str, Any]]:
    """The SQL condition on what is asked for; text that is gone cannot be erased again."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    if wanted.kind is ErasureKind.TEXT:
        parts.append("e.erasable is not null")
    if wanted.leaves:
        parts.append("l.leaf_index = any(cast(:leaves as bigint[]))")
        values["leaves"] = list(wanted.leaves)
    if wanted.case_file_id is not None:
        parts.append("e.case_file_id = :case_file_id")
        values["case_file_id"] = wanted.case_file_id
    if wanted.aged:
        condition, before = due(wanted.aged, entries=wanted.kind is ErasureKind.ENTRIES, now=now)
        parts.append(condition)
        values |= before
    return " and ".join(parts), values


async def confirm(database: Database, caller: Caller, erasure_id: UUID) -> tuple[Erasure, int]:
    """Confirm what another person asked for, and erase it, in one transaction with the entry that says so.

    Raises NotFound, WrongState or NotPermitted.
    """
    now = real_now()
    async with unattended(database, Clock(), CONFIRM, Operation62.ERASURE, caller=caller) as act:
        act.trail.about("audit_erasure", erasure_id)
        asked = await find_waiting(act.session, erasure_id, caller, now)
        if asked.kind is ErasureKind.CASE:
            raise NotFound("This is the erasure of a case file: confirm it with `casefile-api case-files erase`.")
        act.trail.about("audit_entries", asked.digest)
        erased = await carry_out(act.session, asked, caller, act.seal_entry().canonical, now)
        await act.session.execute(text(f"set local role {WORKER_ROLE}"))
    return asked, erased
