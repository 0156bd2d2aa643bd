"""Audit entries: composed once, hashed once, written in the transaction of what they tell (RFC 6962 2.1 leaves).

An entry holds no names, no content and no free text; free text is `erasable`, behind a salted commitment.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from casefile_api.access.caller import Caller
from casefile_api.access.key_proofs import KeyProof
from casefile_api.access.permissions import Operation62
from casefile_api.canonical import canonical_json, canonical_record, sha256_hex
from casefile_api.clock import utc_micros
from casefile_api.errors import ProofReplayed
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
    key_proof: KeyProof | None = None


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
    context = {"context": trail.context} if trail.context else {}
    query = {"query": trail.query} if trail.query else {}
    broken_glass = {"seen_by_break_glass": trail.broken_glass} if trail.broken_glass else {}
    erasable: dict[str, Any] | None = {
        "justification_text": why.text if why else None,
        "details": {**query, **trail.details, **broken_glass, **context} or None,
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
    canonical = canonical_record(fields)
    return SealedEntry(
        id=trail.entry_id,
        occurred_at=occurred_at,
        fields=fields,
        canonical=canonical,
        leaf_hash=leaf_hash(canonical),
        owner=trail.owner,
        erasable=canonical_json(erasable) if erasable else None,
        salt=salt,
        key_proof=trail.key_proof,
    )


# One statement whatever the number of entries, and one parameter whatever the number of columns: each column with its
# type in JSON, and how it becomes what is stored.
_COLUMNS = {
    "id": ("uuid", "id"),
    "occurred_at": ("timestamptz", "occurred_at"),
    "entry": ("text", "convert_to(entry, 'UTF8')"),
    "leaf_hash": ("text", "decode(leaf_hash, 'hex')"),
    "owner": ("text", "owner"),
    "erasable": ("text", "convert_to(erasable, 'UTF8')"),
    "salt": ("text", "salt"),
    "operation": ("text", "operation"),
    "action": ("text", "action"),
    "outcome": ("text", "outcome"),
    "organisation": ("text", "organisation"),
    "client_id": ("text", "client_id"),
    "staff_id": ("text", "staff_id"),
    "case_file_id": ("uuid", "case_file_id"),
}
_FROM_FIELDS = (
    *("id", "occurred_at", "operation", "action", "outcome"),
    *("organisation", "client_id", "staff_id", "case_file_id"),
)
_AS_GIVEN = ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items())
_STORED = f"""insert into audit_entry ({", ".join(_COLUMNS)})
        select {", ".join(stored for _, stored in _COLUMNS.values())}"""
INSERT = f"""
    with written as (
        {_STORED} from json_to_recordset(cast(:entries as json)) given ({_AS_GIVEN}))
    insert into audit_pending (entry_id) select id from json_to_recordset(cast(:entries as json)) given (id uuid)
    """


async def write_entries(connection: AsyncConnection | AsyncSession, entries: Sequence[SealedEntry]) -> None:
    """Write entries in the transaction at hand.

    Raises ProofReplayed where the key proof of one was used before; the transaction is then to be undone.
    """
    proofs = [entry.key_proof for entry in entries if entry.key_proof is not None]
    if not proofs:
        await connection.execute(text(INSERT), {"entries": rows_of(entries)})
        return
    used = await connection.execute(text(INSERT_PROVEN), {"entries": rows_of(entries), **proofs_of(proofs)})
    if len(used.all()) < len(proofs):
        raise ProofReplayed


# The same for entries of which some come with a key proof: an entry whose proof was used before is not written. Proofs
# go in by their order, so that two processes that write the same ones wait for each other in one direction.
USE_UP = """
        insert into used_key_proof (digest, expires_at)
        select * from unnest(cast(:proof as bytea[]), cast(:proof_expires_at as timestamptz[])) order by 1
        on conflict do nothing returning digest"""
INSERT_PROVEN = f"""
    with used as ({USE_UP}),
    good as materialized (
        select * from json_to_recordset(cast(:entries as json)) given ({_AS_GIVEN}, proven_by text)
        where proven_by is null or decode(proven_by, 'hex') in (select digest from used)),
    written as ({_STORED} from good),
    pending as (insert into audit_pending (entry_id) select id from good)
    select digest from used
    """


def proofs_of(proofs: Sequence[KeyProof]) -> dict[str, list[Any]]:
    """Return what `INSERT_PROVEN` binds beside the entries; `proofs` may hold some that go with no entry."""
    return {
        "proof": [proof.digest for proof in proofs],
        "proof_expires_at": [datetime.fromtimestamp(proof.expires_at, UTC) for proof in proofs],
    }


def rows_of(entries: Sequence[SealedEntry]) -> str:
    """Return what `INSERT` binds: the rows as JSON."""
    return orjson.dumps([_row(entry) for entry in entries]).decode()


def _row(entry: SealedEntry) -> dict[str, Any]:
    fields = entry.fields
    row = {name: fields[name] for name in _FROM_FIELDS}
    row["owner"], row["salt"] = entry.owner, entry.salt
    row["entry"], row["leaf_hash"] = entry.canonical.decode(), entry.leaf_hash.hex()
    row["erasable"] = entry.erasable.decode() if entry.erasable is not None else None
    if entry.key_proof is not None:
        row["proven_by"] = entry.key_proof.digest.hex()
    return row
