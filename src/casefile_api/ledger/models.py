"""Tables of the ledger. Entries and events are only ever inserted; no role may update or delete them.

`audit_pending` and `event_pending` are the sequencer's inbox: rows are put there in the writer's own transaction and
taken out when the sequencer has given the entry its leaf index and the event its position, so nothing is skipped that
commits late (identities commit out of order).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def moment(*, nullable: bool = False) -> Column[datetime]:
    """Return a column for a moment, kept with its zone."""
    return Column(DateTime(timezone=True), nullable=nullable)


class AuditEntry(SQLModel, table=True):
    """One entry: the canonical bytes that were hashed, and columns of what they say."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("octet_length(leaf_hash) = 32", name="audit_entry_leaf_hash_length"),
        CheckConstraint("outcome in ('allowed', 'refused')", name="audit_entry_outcome"),
        CheckConstraint("(erasable is null) = (salt is null)", name="audit_entry_erasable_with_salt"),
        Index("audit_entry_by_case", "case_file_id"),
        {"postgresql_partition_by": "range (id)"},
    )

    id: UUID = Field(primary_key=True)
    occurred_at: datetime = Field(sa_column=moment())
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    operation: str | None = None
    action: str
    outcome: str
    organisation: str | None = None
    client_id: str | None = None
    staff_id: str | None = None
    case_file_id: UUID | None = None
    # The force whose case file was touched: what an oversight remit goes by. Not part of the hashed entry.
    owner: str | None = None
    erasable: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    salt: str | None = None


class AuditSearch(SQLModel, table=True):
    """What searches find an entry by, in the order of the log; it goes where the entry goes."""

    __tablename__ = "audit_search"
    __table_args__ = (
        Index("audit_search_by_case", "case_file_id", "leaf_index"),
        Index("audit_search_by_organisation", "organisation", "leaf_index"),
        Index("audit_search_by_owner", "owner", "leaf_index"),
        Index("audit_search_by_person", "staff_id", "leaf_index"),
        Index("audit_search_by_client", "client_id", "leaf_index"),
        Index("audit_search_by_action", "action", "leaf_index"),
        Index("audit_search_by_operation", "operation", "leaf_index"),
        Index("audit_search_by_refusal", "leaf_index", postgresql_where=text("outcome = 'refused'")),
        {"postgresql_partition_by": "range (leaf_index)"},
    )

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    id: UUID
    occurred_at: datetime = Field(sa_column=moment())
    operation: str | None = None
    action: str
    outcome: str
    organisation: str | None = None
    client_id: str | None = None
    staff_id: str | None = None
    case_file_id: UUID | None = None
    owner: str | None = None


class AuditPending(SQLModel, table=True):
    """Entries that have no leaf yet."""

    __tablename__ = "audit_pending"

    entry_id: UUID = Field(primary_key=True)


class AuditLeaf(SQLModel, table=True):
    """The place of an entry in the tree. It stays when the entry is erased or detached, so that proofs do."""

    __tablename__ = "audit_leaf"
    __table_args__ = (
        CheckConstraint("octet_length(leaf_hash) = 32", name="audit_leaf_leaf_hash_length"),
        Index("audit_leaf_by_entry", "entry_id"),
        {"postgresql_partition_by": "range (leaf_index)"},
    )

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    entry_id: UUID
    leaf_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, index=True))


class RefusalTally(SQLModel, table=True):
    """Refusals before authentication, counted by source, reason and minute until the minute's entry is written."""

    __tablename__ = "refusal_tally"

    source: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    minute: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    action: str
    request_id: str
    count: int


class Event(SQLModel, table=True):
    """One happening as one organisation is told of it; `body` is the webhook body, fixed here."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_by_case", "organisation", "case_file_id", "sequence", unique=True),
        Index("event_by_time", "organisation", "occurred_at"),
        CheckConstraint("(case_file_id is null) = (sequence is null)", name="event_sequence_with_case"),
    )

    event_id: UUID = Field(primary_key=True)
    organisation: str = Field(primary_key=True)
    type: str
    case_file_id: UUID | None = None
    sequence: int | None = Field(default=None, sa_type=BigInteger)
    occurred_at: datetime = Field(sa_column=moment())
    recorded_at: datetime = Field(sa_column=moment())
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    actor_organisation: str | None = None
    actor_staff_id: str | None = None
    # Set where the event is for one endpoint alone (its verification, a test): it goes into no feed.
    endpoint_id: UUID | None = None
    traceparent: str | None = None


class EventPending(SQLModel, table=True):
    """Events that have no position yet."""

    __tablename__ = "event_pending"

    event_id: UUID = Field(primary_key=True)
    organisation: str = Field(primary_key=True)


class EventPosition(SQLModel, table=True):
    """The place of an event in the feed, given after its commit."""

    __tablename__ = "event_position"
    __table_args__ = (
        Index("event_position_by_organisation", "organisation", "position"),
        Index("event_position_by_event", "event_id", "organisation", unique=True),
    )

    position: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    event_id: UUID
    organisation: str


class EventSequence(SQLModel, table=True):
    """The last sequence number given, per case file and receiving organisation."""

    __tablename__ = "event_sequence"

    case_file_id: UUID = Field(primary_key=True)
    organisation: str = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)


class JobRequest(SQLModel, table=True):
    """Work that a transaction wants done after its commit; the sequencer turns it into a job."""

    __tablename__ = "job_request"

    id: UUID = Field(primary_key=True)
    kind: str
    subject_id: str
    requested_at: datetime = Field(sa_column=moment())
    share: str | None = None
    cost: int = 0


class KeptAnswer(SQLModel, table=True):
    """The first answer to a call with an Idempotency-Key, sealed."""

    __tablename__ = "kept_answer"

    client_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    method: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    case_file_id: UUID | None = None
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=True))


class CaseKey(SQLModel, table=True):
    """The wrapped data key of a case file; destroying the row erases the case."""

    __tablename__ = "case_key"

    case_file_id: UUID = Field(primary_key=True)
    wrapped_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class WorkingTime(SQLModel, table=True):
    """How far the sandbox's working time is ahead of real time; one row, zero in production."""

    __tablename__ = "working_time"
    __table_args__ = (CheckConstraint("id = 1", name="working_time_one_row"),)

    id: int = Field(default=1, primary_key=True)
    ahead_seconds: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})


class UsedKeyProof(SQLModel, table=True):
    """A key proof that was used (RFC 9449 11.1): the hash of thumbprint and `jti`, kept until it would be too old."""

    __tablename__ = "used_key_proof"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="used_key_proof_digest_length"),
        Index("used_key_proof_by_expiry", "expires_at"),
    )

    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    expires_at: datetime = Field(sa_column=moment())
