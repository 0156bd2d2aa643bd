"""Tables of webhooks: endpoints with their sealed secrets, what is to be told to each, and every attempt at it.

An endpoint is a reader of its organisation's feed: `fed_to` is the position up to which deliveries were made of events.
A delivery is one event owed to one endpoint; its body is the event's own.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


def _moment(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _words() -> Column[list[str]]:
    return Column(ARRAY(String), nullable=False, server_default=text("'{}'"))


def _endpoint() -> Column[UUID]:
    return Column(Uuid, ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False)


class WebhookEndpoint(SQLModel, table=True):
    """A URL of an organisation that wants to be told, and how it has fared."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'active', 'disabled')", name="webhook_endpoint_state"),
        CheckConstraint("(state = 'disabled') = (reason is not null)", name="webhook_endpoint_reason_when_disabled"),
        CheckConstraint(
            "(state = 'disabled') = (disabled_at is not null) and (disabled_at is null) = (disabled_by is null)",
            name="webhook_endpoint_ended_when_disabled",
        ),
        CheckConstraint("not failing or state = 'active'", name="webhook_endpoint_failing_when_active"),
        CheckConstraint("cardinality(event_types) > 0", name="webhook_endpoint_event_types"),
        CheckConstraint("signature_scheme in ('v1', 'v1a')", name="webhook_endpoint_signature_scheme"),
        CheckConstraint("max_at_once > 0 and max_per_second > 0", name="webhook_endpoint_pace"),
        Index("webhook_endpoint_by_organisation", "organisation", "id"),
    )

    id: UUID = Field(primary_key=True)
    organisation: str
    client_id: str
    url: str
    event_types: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    # Of which case files it hears; all, where nothing is named.
    units: list[str] = Field(default_factory=list, sa_column=_words())
    case_types: list[str] = Field(default_factory=list, sa_column=_words())
    description: str | None = None
    state: str
    reason: str | None = None
    # Who disabled it: a client of its organisation, or the service.
    disabled_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    disabled_by: str | None = None
    created_at: datetime = Field(sa_column=_moment())
    updated_at: datetime = Field(sa_column=_moment())
    fed_to: int = Field(sa_column=Column(BigInteger, nullable=False))
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    # Whether it is said to be failing: a few failures in a row, and the last one in a word.
    failing: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    last_error: str | None = None
    failing_since: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    paused_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    max_at_once: int | None = Field(default=None, sa_column=Column(SmallInteger))
    max_per_second: int | None = None
    signature_scheme: str = Field(default="v1", sa_column_kwargs={"server_default": text("'v1'")})
    # Where receivers verify by a public key: the present one, and after a rotation the one before.
    public_keys: list[str] = Field(default_factory=list, sa_column=_words())


class WebhookSecret(SQLModel, table=True):
    """A signing secret, sealed; one that was replaced stays valid until it expires."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("webhook_secret_by_endpoint", "endpoint_id"),)

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(sa_column=_endpoint())
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=_moment())
    expires_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class WebhookDelivery(SQLModel, table=True):
    """One event owed to one endpoint. `position` orders it; what is for one endpoint alone has none and goes first."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id", name="webhook_delivery_once_per_event"),
        CheckConstraint("state in ('waiting', 'delivered', 'given_up')", name="webhook_delivery_state"),
        Index("webhook_delivery_waiting", "endpoint_id", "position", postgresql_where=text("state = 'waiting'")),
        Index(
            "webhook_delivery_waiting_by_case",
            "endpoint_id",
            "case_file_id",
            "position",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("webhook_delivery_waiting_by_due", "endpoint_id", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("webhook_delivery_by_endpoint", "endpoint_id", "id"),
        Index("webhook_delivery_given_up", "endpoint_id", "id", postgresql_where=text("state = 'given_up'")),
    )

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(sa_column=_endpoint())
    event_id: UUID
    organisation: str
    event_type: str
    case_file_id: UUID | None = None
    position: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    state: str
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    first_tried_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    due_at: datetime = Field(sa_column=_moment())
    created_at: datetime = Field(sa_column=_moment())


class WebhookAttempt(SQLModel, table=True):
    """One try at a delivery: when, what came back, how long it took."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        Index("webhook_attempt_by_endpoint", "endpoint_id", "tried_at"),
        Index("webhook_attempt_failed", "endpoint_id", "tried_at", postgresql_where=text("error is not null")),
    )

    delivery_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("webhook_delivery.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    tried_at: datetime = Field(sa_column=_moment())
    status: int | None = Field(default=None, sa_column=Column(SmallInteger))
    latency_ms: int
    error: str | None = None
    answer: str | None = None
    endpoint_id: UUID
