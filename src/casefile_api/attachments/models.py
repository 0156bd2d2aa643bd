"""Tables of the attachments: what was declared, the parts on their way, and the chain of custody (only added to).

A file's name and title are sealed; everything else here is codes, numbers, hashes, ids and times.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AttachmentStatus(StrEnum):
    """Where a file is on its way."""

    UPLOADING = "uploading"
    VERIFYING = "verifying"
    AVAILABLE = "available"
    REJECTED = "rejected"
    DELETED = "deleted"


class Integrity(StrEnum):
    """Whether storage still holds what was verified, as the newest re-check found."""

    INTACT = "intact"
    ALTERED = "altered"
    LOST = "lost"
    UNREADABLE = "unreadable"
    OVERWRITTEN = "overwritten"
    """Something was written over it; the version that was verified is still there, and is the one that is served."""


class CustodyKind(StrEnum):
    """What is written down of a file's handling, beside what the log and the versions tell."""

    DECLARED = "declared"
    UPLOAD_AUTHORISED = "upload_authorised"
    RECEIVED = "received"
    VERIFIED = "verified"
    REJECTED = "rejected"
    REVEALED = "revealed"
    DELETED = "deleted"
    GIVEN_UP = "given_up"
    BUNDLED = "bundled"
    REMOVED_FROM_STORAGE = "removed_from_storage"
    KEPT_BY_STORE = "kept_by_store"
    """It was to be removed, and Object Lock does not let anybody remove it yet."""
    HELD = "held"
    RECHECKED = "rechecked"
    FOUND_ALTERED = "found_altered"
    COPIED = "copied"
    DOWNLOADED = "downloaded"
    """The store gave its bytes to somebody, as its own access log has it."""


def _moment(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _number() -> Column[int]:
    return Column(BigInteger, nullable=False)


class Attachment(SQLModel, table=True):
    """A file of a case, as declared and as found."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint(
            "status in ('uploading', 'verifying', 'available', 'rejected', 'deleted')", name="attachment_status"
        ),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="attachment_sha256"),
        CheckConstraint("size between 0 and 5497558138880", name="attachment_size"),
        CheckConstraint("part_count between 1 and 10000 and part_size > 0", name="attachment_parts"),
        CheckConstraint("status <> 'rejected' or rejection_code is not null", name="attachment_rejection"),
        CheckConstraint("scan in ('performed', 'not_performed')", name="attachment_scan"),
        Index("attachment_by_case", "case_file_id", "id"),
        CheckConstraint(
            "integrity in ('intact', 'altered', 'lost', 'unreadable', 'overwritten')", name="attachment_integrity"
        ),
        CheckConstraint("derivation is null or derived_from is not null", name="attachment_derivation"),
        Index("attachment_by_source", "derived_from"),
        Index("attachment_by_superseded", "supersedes"),
        Index("attachment_by_content", "case_file_id", "sha256", postgresql_where=text("status = 'available'")),
        Index("attachment_by_status", "status", "declared_at"),
        Index("attachment_by_recheck", "recheck_due_at", postgresql_where=text("recheck_due_at is not null")),
        Index(
            "attachment_not_held",
            "case_file_id",
            postgresql_where=text("held_at is null and status = 'available'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    organisation: str
    unit: str | None = None
    kind: str
    media_type: str
    size: int = Field(sa_column=_number())
    sha256: str
    status: str
    rejection_code: str | None = None
    scan: str | None = None
    part_size: int = Field(sa_column=_number())
    part_count: int
    object_key: str = Field(unique=True)
    upload_id: str | None = None
    version_id: str | None = None
    derived_from: UUID | None = Field(default=None, foreign_key="attachment.id")
    names: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    visible_to_police: bool
    declared_at: datetime = Field(sa_column=_moment())
    declared_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    updated_at: datetime = Field(sa_column=_moment())
    findings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}"))
    acquisition: bytes | None = None
    held_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    rechecked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    recheck_due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    integrity: str | None = None
    derivation: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    supersedes: UUID | None = Field(default=None, foreign_key="attachment.id")
    copied_from: UUID | None = Field(default=None, foreign_key="attachment.id")


class AttachmentPart(SQLModel, table=True):
    """A part that an upload was authorised for, with the hash it was signed with last."""

    __tablename__ = "attachment_part"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="attachment_part_sha256"),
        CheckConstraint("number between 1 and 10000", name="attachment_part_number"),
    )

    attachment_id: UUID = Field(primary_key=True, foreign_key="attachment.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    sha256: str
    size: int = Field(sa_column=_number())


class AttachmentCustody(SQLModel, table=True):
    """One link in the chain of custody: what was done, when, by whom, to which bytes, and its entry in the log."""

    __tablename__ = "attachment_custody"
    __table_args__ = (Index("attachment_custody_by_attachment", "attachment_id", "id"),)

    id: UUID = Field(primary_key=True)
    attachment_id: UUID = Field(foreign_key="attachment.id")
    kind: str
    at: datetime = Field(sa_column=_moment())
    organisation: str | None = None
    client_id: str | None = None
    staff_id: str | None = None
    sha256: str | None = None
    size: int | None = Field(default=None, sa_column=Column(BigInteger))
    audit_entry_id: UUID
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
