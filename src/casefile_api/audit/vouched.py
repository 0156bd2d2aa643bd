"""What may be gone from the log: only what an entry of the log says was erased or detached, and no leaf more.

The claim lies in a table that whoever rewrites the database can fill in. So each claim brings the bytes of its entry:
they must name the digest of what is claimed, and their leaf must stand in the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from casefile_api.audit.findings import Meaning, Report
from casefile_api.ledger.erasure_words import ErasureKind
from casefile_api.ledger.erasures import Erasure, list_erasures, scope_digest
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.ledger.succession import kept_logs, present_log
from casefile_api.ledger.tree import leaf_hash

_WAITS = "exists (select from audit_pending p join audit_entry e on e.id = p.entry_id where e.leaf_hash = :leaf)"
_DETACHED = text(
    "select id, period, attached, leaves::text as leaves, act, happened_at from audit_detached"
    " where log = :log order by happened_at"
)
DETACH = "detach_log_period"
ATTACH = "attach_log_period"


@dataclass(slots=True)
class AnyOf:
    """Leaves that are in one of several sets."""

    sets: list[LeafRanges] = field(default_factory=list)

    def __contains__(self, leaf: int) -> bool:
        return any(leaf in each for each in self.sets)


@dataclass(slots=True)
class Vouched:
    """The leaves whose entries may be gone, those whose text may be, and the case files that were erased."""

    gone: AnyOf = field(default_factory=AnyOf)
    without_text: AnyOf = field(default_factory=AnyOf)
    erased_cases: set[UUID] = field(default_factory=set)


async def find_vouched(connection: AsyncConnection, report: Report, log: int | None = None) -> Vouched:
    """Judge every claim that something was erased or detached; those that no entry vouches for are findings.

    Leaves are those of the log named, case files those of all.
    """
    vouched = Vouched()
    log = log or await present_log(connection)
    for erasure in await _erasures(connection, report):
        if erasure.act is None or (erasure.case_file_id is None and erasure.log != log):
            continue
        actions = ("confirm_case_erasure",) if erasure.kind is ErasureKind.CASE else ("confirm_erasure",)
        if not await _stands(connection, erasure.act, actions, erasure.digest):
            wrong = "no entry of the log says that it was confirmed"
            report.add("erasure", erasure.id, wrong, Meaning.ENTRY_GONE_UNVOUCHED)
            continue
        confirmed: Any = orjson.loads(erasure.act)
        if erasure.confirmed_by != (confirmed["organisation"], confirmed["staff_id"]):
            wrong = "the entry of the log names another person who confirmed it"
            report.add("erasure", erasure.id, wrong, Meaning.ENTRY_GONE_UNVOUCHED)
        if erasure.case_file_id is not None:
            vouched.erased_cases.add(erasure.case_file_id)
        elif erasure.kind is ErasureKind.TEXT:
            vouched.without_text.sets.append(erasure.leaves)
        else:
            vouched.gone.sets.append(erasure.leaves)
    vouched.gone.sets.extend(await _detached(connection, report, log))
    return vouched


async def _erasures(connection: AsyncConnection, report: Report) -> list[Erasure]:
    try:
        return await list_erasures(connection)
    except ValueError as fault:  # a word that is none of ours: with it, nothing that the list claims is believed
        report.add("erasure", "list of all", str(fault), Meaning.ENTRY_GONE_UNVOUCHED)
        return []


async def _detached(connection: AsyncConnection, report: Report, log: int) -> Sequence[LeafRanges]:
    """The leaves of the periods that are detached now."""
    now: dict[str, LeafRanges] = {}
    for row in await connection.execute(_DETACHED, {"log": log}):
        leaves = LeafRanges.stored(row.leaves)
        action = ATTACH if row.attached else DETACH
        digest = scope_digest(f"period {row.period}", leaves)
        if not await _stands(connection, bytes(row.act), (action,), digest):
            wrong = f"no entry of the log says that it was {'attached' if row.attached else 'detached'}"
            report.add("period", row.period, wrong, Meaning.ENTRY_GONE_UNVOUCHED)
        elif row.attached:
            now.pop(row.period, None)
        else:
            now[row.period] = leaves
    return list(now.values())


async def _stands(connection: AsyncConnection, act: bytes, actions: Sequence[str], digest: str) -> bool:
    """Whether these bytes are those of an entry in the log that says this was done."""
    try:
        entry: Any = orjson.loads(act)
    except ValueError:
        return False
    if not isinstance(entry, dict) or entry.get("action") not in actions or entry.get("target_id") != digest:
        return False
    if entry.get("outcome") != "allowed":
        return False
    tables = ["public.audit_leaf", *(f"log_{closed.number}.audit_leaf" for closed in await kept_logs(connection))]
    places = [f"exists (select from {table} where leaf_hash = :leaf)" for table in tables]
    query = text(f"select {' or '.join([*places, _WAITS])}")
    stands: bool = (await connection.execute(query, {"leaf": leaf_hash(act)})).scalar_one()
    return stands
