"""Erasing under dual control: one person asks, another confirms, and both are entries of the log (DPA 2018 s.62(1)(e)).

What is erased is bound to the entry that says so: the entry names a digest of the scope, the scope is kept beside the
entry's bytes, and a verification takes something for erased only where such an entry stands in the tree.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.canonical import canonical_json, sha256_hex
from casefile_api.errors import NotFound, NotPermitted, WrongState
from casefile_api.identifiers import new_id
from casefile_api.ledger.erasure_words import ErasureKind, ErasureReason
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.tenancy import AS_OWNER, WORKER_ROLE

CONFIRM_WITHIN = timedelta(days=7)
"""Longer, and it must be asked for again: the person who confirms should judge what is so now."""

_KEEP = text(
    """
    insert into audit_erasure
        (id, kind, reason, case_file_id, log, leaves, digest, asked_organisation, asked_staff_id, asked_at)
    values (:id, :kind, :reason, :case_file_id, (select count(*) + 1 from audit_succession),
        cast(:leaves as int8multirange), :digest, :organisation, :staff, :at)
    """
)
_COLUMNS = (
    "id, kind, reason, case_file_id, log, leaves::text as leaves, digest, asked_organisation, asked_staff_id, asked_at,"
    " confirmed_organisation, confirmed_staff_id, confirmed_at, act"
)
_FIND = text(f"select {_COLUMNS} from audit_erasure where id = :id")
_LIST = text(f"select {_COLUMNS} from audit_erasure order by asked_at")
_CONFIRM = text("select confirm_erasure(:id, :organisation, :staff, :act, :at)")


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was asked for, and whoever confirmed it."""

    id: UUID
    kind: ErasureKind
    reason: ErasureReason
    leaves: LeafRanges
    case_file_id: UUID | None
    asked_by: tuple[str, str]
    asked_at: datetime
    confirmed_by: tuple[str, str] | None = None
    confirmed_at: datetime | None = None
    act: bytes | None = None
    log: int = 1

    @property
    def digest(self) -> str:
        """What the entry of the act is bound to."""
        return scope_digest(self.kind, self.leaves, self.case_file_id)

    @classmethod
    def of(cls, row: Row[Any]) -> "Erasure":
        """The erasure of a row."""
        by = (row.confirmed_organisation, row.confirmed_staff_id) if row.confirmed_at else None
        return cls(
            row.id,
            ErasureKind(row.kind),
            ErasureReason(row.reason),
            LeafRanges.stored(row.leaves),
            row.case_file_id,
            (row.asked_organisation, row.asked_staff_id),
            row.asked_at,
            by,
            row.confirmed_at,
            bytes(row.act) if row.act is not None else None,
            row.log,
        )


def scope_digest(kind: str, leaves: LeafRanges, case_file_id: UUID | None = None) -> str:
    """The digest of what was erased, detached or attached: `sha256:` and hex over its canonical JSON."""
    scope = {"kind": str(kind), "leaves": str(leaves), "case_file_id": str(case_file_id) if case_file_id else None}
    return f"sha256:{sha256_hex(canonical_json(scope))}"


def person(caller: Caller) -> tuple[str, str]:
    """The organisation and staff id of a person.

    Raises NotPermitted for a system: erasing is decided by people.
    """
    if caller.staff_id is None:
        raise NotPermitted("Only a person may ask for an erasure or confirm one.")
    return caller.organisation, caller.staff_id


async def keep_asked(session: AsyncSession, asked: Erasure) -> None:
    """Keep an erasure that was asked for, as the owner of the tables, and go on as the worker."""
    await session.execute(text(AS_OWNER))
    await session.execute(
        _KEEP,
        {
            "id": asked.id,
            "kind": asked.kind.value,
            "reason": asked.reason.value,
            "case_file_id": asked.case_file_id,
            "leaves": asked.leaves.to_store(),
            "digest": asked.digest,
            "organisation": asked.asked_by[0],
            "staff": asked.asked_by[1],
            "at": asked.asked_at,
        },
    )
    await session.execute(text(f"set local role {WORKER_ROLE}"))


def asked_for(
    caller: Caller,
    kind: ErasureKind,
    reason: ErasureReason,
    at: datetime,
    *,
    leaves: LeafRanges | None = None,
    case_file_id: UUID | None = None,
) -> Erasure:
    """What a person asks to be erased."""
    return Erasure(new_id(), kind, reason, leaves or LeafRanges(), case_file_id, person(caller), at)


async def find_waiting(session: AsyncSession, erasure_id: UUID, caller: Caller, at: datetime) -> Erasure:
    """The erasure that this person may confirm.

    Raises NotFound, WrongState where it was confirmed or is too old, NotPermitted for the person who asked.
    """
    row = (await session.execute(_FIND, {"id": erasure_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such erasure.")
    asked = Erasure.of(row)
    if asked.confirmed_at is not None:
        raise WrongState("This erasure was confirmed before.")
    if asked.asked_at < at - CONFIRM_WITHIN:
        raise WrongState("This was asked for more than seven days ago: ask again.")
    if asked.asked_by == person(caller):
        raise NotPermitted("Who asked for an erasure cannot confirm it: it takes two people.")
    return asked


async def carry_out(session: AsyncSession, asked: Erasure, caller: Caller, act: bytes, at: datetime) -> int:
    """Erase, as the owner of the tables, in the transaction at hand; how many rows lost something."""
    organisation, staff = person(caller)
    await session.execute(text(AS_OWNER))
    values = {"id": asked.id, "organisation": organisation, "staff": staff, "act": act, "at": at}
    erased: int = (await session.execute(_CONFIRM, values)).scalar_one()
    return erased


async def list_erasures(reader: AsyncConnection | AsyncSession) -> list[Erasure]:
    """All erasures, in the order in which they were asked for."""
    return [Erasure.of(row) for row in await reader.execute(_LIST)]
