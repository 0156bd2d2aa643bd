"""Tables of the file standards: the rule sets that were ever in force, and the verdicts that were given by them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment

NATIONAL = "national"


class RuleSetRow(SQLModel, table=True):
    """The tables of a rule set, national or a force's own. Nothing changes them: a new set stands beside the old."""

    __tablename__ = "file_standard_rule_set"
    __table_args__ = (
        Index("file_standard_rule_set_by_owner", "owner", "valid_from", "loaded_at"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="file_standard_rule_set_digest"),
    )

    id: UUID = Field(primary_key=True)
    owner: str
    digest: str
    tables: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    valid_from: date
    loaded_at: datetime = Field(sa_column=moment())


class VerdictRow(SQLModel, table=True):
    """A verdict as it was given. `given` is what was judged beside the version, sealed with the case's key."""

    __tablename__ = "file_standard_verdict"
    __table_args__ = (Index("file_standard_verdict_by_case", "case_file_id", "number"),)

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    request_id: UUID | None = None
    standard: str
    rule_set: str
    national_digest: str
    local_digest: str | None = None
    judged_on: date
    judged_at: datetime = Field(sa_column=moment())
    ready: bool
    outcomes: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    given: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
