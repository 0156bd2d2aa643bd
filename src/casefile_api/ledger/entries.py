"""Audit entries: composed once, hashed once, written in the transaction of what they tell (RFC 6962 2.1 leaves).

An entry holds no names, no content and no free text; free text is `erasable`, behind a salted commitment.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.access.permissions import Operation62
from casefile_api.canonical import canonical_json, sha256_hex
from casefile_api.clock import utc_micros
from casefile_api.identifiers import random_hex
from casefile_api.ledger.trail import Trail


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry that can change no more: its fields, the bytes that are hashed, and the leaf."""

    id: UUID
    occurred_at: datetime
    fields: dict[str, Any]
    canonical: bytes
    leaf_hash: bytes
    owner: str | None
    erasable: bytes | None
    salt: str | None


def leaf_hash(canonical: bytes) -> bytes:
    """Return the RFC 6962 leaf hash of an entry's canonical bytes."""
    return hashlib.sha256(b"\x00" + canonical).digest()


def erasable_hash(erasable: dict[str, Any], salt: str) -> str:
    """Return the commitment to what may be erased later: it confirms nothing once the salt is gone."""
    return sha256_hex(canonical_json({"erasable": erasable, "salt": salt}))


def compose(trail: Trail, caller: Caller | None, *, outcome: str, occurred_at: datetime) -> SealedEntry:
    """Compose the entry of a request; a read of what is the other side's is a disclosure to the reader."""
    word, recipients = trail.word, list(trail.recipients)
    read = word is Operation62.CONSULTATION and outcome == "allowed"
    holder = trail.held_by or trail.owner
    if read and caller and holder and holder != caller.organisation:
        word, recipients = Operation62.DISCLOSURE, [*recipients, caller.organisation]
    why = caller.justification if caller else None
    erasable: dict[str, Any] | None = {
        "justification_text": why.text if why else None,
        "details": trail.details or None,
    }
    salt: str | None = random_hex(16)
    if erasable is None or (erasable["justification_text"] is None and erasable["details"] is None):
        erasable = salt = None
    fields: dict[str, Any] = {
        "id": str(trail.entry_id),
        "occurred_at": utc_micros(occurred_at),
        "operation": word.value if word else None,
        "action": trail.action,
        "outcome": outcome,
        "organisation": caller.organisation if caller else None,
        "client_id": caller.client_id if caller else None,
        "staff_id": caller.staff_id if caller else None,
        "roles": sorted(caller.roles) if caller else None,
        "justification_code": why.code if why else None,
        "case_file_id": str(trail.case_file_id) if trail.case_file_id else None,
        "target_type": trail.target_type,
        "target_id": trail.target_id,
        "target_version": trail.target_version,
        "recipients": recipients or None,
        "request_id": trail.request_id,
        "source": trail.source,
        "erasable_hash": erasable_hash(erasable, salt) if erasable and salt else None,
        "nonce": random_hex(16),
    }
    canonical = canonical_json(fields)
    return SealedEntry(
        id=trail.entry_id,
        occurred_at=occurred_at,
        fields=fields,
        canonical=canonical,
        leaf_hash=leaf_hash(canonical),
        owner=trail.owner,
        erasable=canonical_json(erasable) if erasable else None,
        salt=salt,
    )


_COLUMNS = {
    "id": "uuid",
    "occurred_at": "timestamptz",
    "entry": "bytea",
    "leaf_hash": "bytea",
    "owner": "text",
    "erasable": "bytea",
    "salt": "text",
    "operation": "text",
    "action": "text",
    "outcome": "text",
    "organisation": "text",
    "client_id": "text",
    "staff_id": "text",
    "case_file_id": "uuid",
}
# One statement whatever the number of entries: a list for each column.
INSERT = f"""
    with written as (
        insert into audit_entry ({", ".join(_COLUMNS)})
        select * from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in _COLUMNS.items())})
        returning id)
    insert into audit_pending (entry_id) select id from written
    """


async def write_entries(connection: AsyncConnection | AsyncSession, entries: Sequence[SealedEntry]) -> None:
    """Write entries in the transaction at hand."""
    await connection.execute(text(INSERT), columns_of(entries))


def columns_of(entries: Sequence[SealedEntry]) -> dict[str, list[Any]]:
    """Return what `INSERT` binds: for each column the values of all entries."""
    rows = [_row(entry) for entry in entries]
    return {name: [row[name] for row in rows] for name in _COLUMNS}


def _row(entry: SealedEntry) -> dict[str, Any]:
    own = {
        "id": entry.id,
        "occurred_at": entry.occurred_at,
        "entry": entry.canonical,
        "leaf_hash": entry.leaf_hash,
        "owner": entry.owner,
        "erasable": entry.erasable,
        "salt": entry.salt,
    }
    return {**{name: entry.fields[name] for name in _COLUMNS if name not in own}, **own}
