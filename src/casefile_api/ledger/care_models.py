"""Tables of the care for the log: erasures under dual control, closed logs, retired keys, thinning, the self-check."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


class AuditErasure(SQLModel, table=True):
    """An erasure that one person asked for and another confirmed; `act` are the bytes of the entry that says so."""

    __tablename__ = "audit_erasure"
    __table_args__ = (
        CheckConstraint("kind in ('text', 'entries', 'case')", name="audit_erasure_kind"),
        CheckConstraint("(kind = 'case') = (case_file_id is not null)", name="audit_erasure_case"),
        CheckConstraint(
            "(confirmed_at is null) = (confirmed_staff_id is null) and (confirmed_at is null) = (act is null)"
            " and (confirmed_at is null) = (confirmed_organisation is null)",
            name="audit_erasure_confirmed_whole",
        ),
        CheckConstraint(
            "confirmed_at is null or confirmed_organisation <> asked_organisation"
            " or confirmed_staff_id <> asked_staff_id",
            name="audit_erasure_by_two",
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    reason: str
    case_file_id: UUID | None = None
    # Which log the leaves are of: the number of a closed one, or one more.
    log: int
    leaves: Any = Field(sa_column=Column(INT8MULTIRANGE, nullable=False))
    digest: str
    asked_organisation: str
    asked_staff_id: str
    asked_at: datetime = Field(sa_column=moment())
    confirmed_organisation: str | None = None
    confirmed_staff_id: str | None = None
    confirmed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    act: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class AuditDetached(SQLModel, table=True):
    """A period whose entries went into an archive file, or came back; `act` are the bytes of the entry of it."""

    __tablename__ = "audit_detached"

    id: UUID = Field(primary_key=True)
    period: str
    attached: bool = Field(sa_column=Column(Boolean, nullable=False))
    # Which log the leaves are of: the number of a closed one, or one more.
    log: int
    leaves: Any = Field(sa_column=Column(INT8MULTIRANGE, nullable=False))
    digest: str
    act: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    happened_at: datetime = Field(sa_column=moment())


class AuditSuccession(SQLModel, table=True):
    """A log that was closed because it could not go on: its name, its last published checkpoint, and its number."""

    __tablename__ = "audit_succession"

    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    origin: str
    tree_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    note: str
    closed_at: datetime = Field(sa_column=moment())


class AuditRetiredKey(SQLModel, table=True):
    """A key of the log that signs no more; it stays listed, and verifies what it signed."""

    __tablename__ = "audit_retired_key"

    verifier_key: str = Field(primary_key=True)
    retired_at: datetime = Field(sa_column=moment())


class AuditThinned(SQLModel, table=True):
    """The numbers of checkpoints that were removed because a later one of their hour says as much. One row."""

    __tablename__ = "audit_thinned"
    __table_args__ = (CheckConstraint("id = 1", name="audit_thinned_one_row"),)

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    gone: Any = Field(sa_column=Column(INT8MULTIRANGE, nullable=False))


class AuditSelfCheck(SQLModel, table=True):
    """How far the walk of the self-check has come. One row."""

    __tablename__ = "audit_self_check"
    __table_args__ = (CheckConstraint("id = 1", name="audit_self_check_one_row"),)

    id: int = Field(default=1, sa_column=Column(Integer, primary_key=True, autoincrement=False))
    next_leaf: int = Field(sa_column=Column(BigInteger, nullable=False))
    begun_at: datetime = Field(sa_column=moment())
    stepped_at: datetime = Field(sa_column=moment())
    completed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class AuditBreak(SQLModel, table=True):
    """Something that is wrong with the log, as the self-check or the sequencer found it."""

    __tablename__ = "audit_break"

    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    wrong: str
    found_at: datetime = Field(sa_column=moment())
    mended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
