"""Table of the bundles: a bag of one version, built for one organisation as it may see the case."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import String
from sqlmodel import Field, SQLModel


class BundleState(StrEnum):
    """Where a bundle is on its way."""

    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Bundle(SQLModel, table=True):
    """A bundle, who asked for it, and who they were when they asked: the worker builds what they may see."""

    __tablename__ = "bundle"
    __table_args__ = (
        CheckConstraint("state in ('building', 'ready', 'failed', 'expired')", name="bundle_state"),
        CheckConstraint("state <> 'ready' or sha256 is not null and size is not null", name="bundle_ready"),
        Index("bundle_by_state", "state", "requested_at"),
        Index("bundle_by_case", "case_file_id", "organisation"),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    version: int
    organisation: str
    unit: str | None = None
    requested_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    roles: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    # Whether who asked may read early advice: only then is it in the bag.
    with_advice: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    state: str
    object_key: str = Field(unique=True)
    version_id: str | None = None
    size: int | None = Field(default=None, sa_column=Column(BigInteger))
    sha256: str | None = None
    requested_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    built_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
