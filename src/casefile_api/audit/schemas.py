"""What the log's calls answer, as the reference documents it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 in lowercase hex")]


class Entry(BaseModel):
    """One entry, exactly as it was hashed: every key is always present, null when empty."""

    id: UUID
    occurred_at: str = Field(description="real time in UTC, six decimals and `Z`")
    operation: str | None = Field(description="the word of DPA 2018 s.62; null where no personal data is processed")
    action: str = Field(description="the operation id of this document, or what the worker did")
    outcome: Literal["allowed", "refused"]
    organisation: str | None
    client_id: str | None
    staff_id: str | None
    roles: list[str] | None
    justification_code: str | None
    case_file_id: UUID | None
    target_type: str | None
    target_id: str | None
    target_version: int | None
    recipients: list[str] | None
    request_id: str | None
    source: str | None = Field(description="the address it came from, hashed with a key")
    erasable_hash: Hash | None = Field(description="SHA-256 over the canonical JSON of `erasable` and `salt`")
    nonce: str = Field(pattern="^[0-9a-f]{32}$")


class Erasable(BaseModel):
    """What may be erased later without breaking a proof: free text and details."""

    justification_text: str | None
    details: dict[str, Any] | None


class EntryItem(BaseModel):
    """An entry with its place in the log."""

    leaf_index: int | None = Field(description="its place; null until a published checkpoint covers it")
    leaf_hash: Hash = Field(description="SHA-256(0x00 || canonical JSON of `entry`)")
    entry: Entry | None = Field(description="null where it is not here any more: its leaf hash alone is left")
    erasable: Erasable | None
    salt: str | None
    state: Literal["erased", "detached", "missing"] | None = Field(
        default=None,
        description="only where `entry` is null. `erased`: kept as long as the retention table says and erased by two"
        " people, whose act is an entry; `detached`: in an archive file of its period, ask the operator;"
        " `missing`: it should be here. Proofs of the leaf are good in each case",
    )


class EntryPage(BaseModel):
    """A page of entries, by leaf index, those without one last."""

    items: list[EntryItem]
    next_cursor: str | None


class InclusionProofView(BaseModel):
    """That a leaf stands at its place in the tree of a size (RFC 6962 2.1.1)."""

    leaf_index: int
    tree_size: int
    leaf_hash: Hash
    root_hash: Hash
    hashes: list[Hash]


class ConsistencyProofView(BaseModel):
    """That the tree of `to` begins with the whole tree of `from` (RFC 6962 2.1.2)."""

    from_: int = Field(alias="from")
    to: int
    from_root: Hash
    to_root: Hash
    hashes: list[Hash]


class LogKey(BaseModel):
    """A key that verifies checkpoints of the log, and how far it is good."""

    verifier_key: str = Field(description="its text form (C2SP signed-note)")
    first_used_at: datetime
    retired_at: datetime | None = Field(description="null while it signs")
    good_up_to: int | None = Field(
        description="it vouches by itself for checkpoints of at most so many entries; null: for all."
        " In a log that was closed, the size that it ended with"
    )


class LogKeys(BaseModel):
    """The keys of the log, the newest first."""

    keys: list[LogKey]
