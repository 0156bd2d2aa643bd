"""Tables of the authorisation server. They hold public keys alone: a copy of the database signs nothing in.

`seen_assertion` is what makes an assertion good for once, across processes and restarts: it is written in the
transaction that issues the token. Its rows, revoked tokens and cut-offs go when what they speak of has expired.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import String
from sqlmodel import Field, SQLModel


class Client(SQLModel, table=True):
    """A system of one organisation, and what it may ask for."""

    __tablename__ = "client"

    client_id: str = Field(primary_key=True)
    organisation: str = Field(foreign_key="organisation.id")
    name: str
    scopes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    assertable_roles: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    # Where the client publishes its keys itself, beside or instead of those in client_key.
    jwks_uri: str | None = None
    # Every token of the client is bound to the TLS certificate it was asked for with (RFC 8705 3.4).
    certificate_bound: bool = False
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class ClientKey(SQLModel, table=True):
    """A public key that a client signs its assertions with, for a time."""

    __tablename__ = "client_key"
    __table_args__ = (
        CheckConstraint("algorithm in ('ES256', 'PS256', 'EdDSA')", name="client_key_algorithm"),
        CheckConstraint("valid_until is null or valid_until >= valid_from", name="client_key_validity"),
        CheckConstraint("not jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']", name="client_key_public"),
    )

    client_id: str = Field(primary_key=True, foreign_key="client.client_id")
    kid: str = Field(primary_key=True)
    algorithm: str
    jwk: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    valid_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class SeenAssertion(SQLModel, table=True):
    """An assertion that was used, of either kind (RFC 7523 3: `jti` once per `iss`)."""

    __tablename__ = "seen_assertion"
    __table_args__ = (Index("seen_assertion_by_expiry", "expires_at"),)

    iss: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class RevokedToken(SQLModel, table=True):
    """An access token that its client gave back before it expired."""

    __tablename__ = "revoked_token"
    __table_args__ = (Index("revoked_token_by_expiry", "expires_at"),)

    jti: str = Field(primary_key=True)
    client_id: str
    revoked_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class TokenCutoff(SQLModel, table=True):
    """A moment until which every token of a client or a member of staff is good no longer (seconds since 1970)."""

    __tablename__ = "token_cutoff"
    __table_args__ = (
        CheckConstraint("kind in ('client', 'staff')", name="token_cutoff_kind"),
        Index("token_cutoff_by_expiry", "expires_at"),
    )

    kind: str = Field(primary_key=True)
    organisation: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    issued_until: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
