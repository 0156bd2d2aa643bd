"""Tables of restrictions, conflicts of interest and break-glass. Reasons are sealed; who may look is held in clear."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


def _who(*, nullable: bool = False) -> Column[dict[str, Any]]:
    return Column(JSONB(none_as_null=True), nullable=nullable)


def _principals() -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False)


def _sealed(*, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable)


class CaseFileRestriction(SQLModel, table=True):
    """What was done to a restriction: by whom, why (sealed), and who was admitted before and after."""

    __tablename__ = "case_file_restriction"
    __table_args__ = (
        Index("case_file_restriction_by_case", "case_file_id"),
        CheckConstraint("act in ('restricted', 'changed', 'lifted')", name="case_file_restriction_act"),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    act: str
    at: datetime = Field(sa_column=moment())
    by: dict[str, Any] = Field(sa_column=_who())
    admitted_before: list[str] = Field(sa_column=_principals())
    admitted_after: list[str] = Field(sa_column=_principals())
    reason: bytes = Field(sa_column=_sealed())


class CaseFileConflict(SQLModel, table=True):
    """A member of staff shut out of a case file: named in it as a party, or declared to have an interest."""

    __tablename__ = "case_file_conflict"
    __table_args__ = (
        Index(
            "case_file_conflict_one_of_a_kind",
            "case_file_id",
            "organisation",
            "staff_id",
            "kind",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
        CheckConstraint("kind in ('party', 'declared')", name="case_file_conflict_kind"),
        CheckConstraint(
            "(kind = 'party') = (version is not null) and (kind = 'declared') = (reason is not null)",
            name="case_file_conflict_grounds",
        ),
        CheckConstraint(
            "(withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawn_because is null)",
            name="case_file_conflict_withdrawal",
        ),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    organisation: str
    staff_id: str
    kind: str
    since: datetime = Field(sa_column=moment())
    declared_by: dict[str, Any] = Field(sa_column=_who())
    # The version that named the person first.
    version: int | None = None
    reason: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))
    withdrawn_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    withdrawn_by: dict[str, Any] | None = Field(default=None, sa_column=_who(nullable=True))
    withdrawn_because: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))


class CaseFileBreakGlass(SQLModel, table=True):
    """A restricted case file opened in an emergency: by whom, why (sealed), until when (real time)."""

    __tablename__ = "case_file_break_glass"
    __table_args__ = (
        Index("case_file_break_glass_by_case", "case_file_id", "principal"),
        CheckConstraint("until > opened_at", name="case_file_break_glass_until"),
        CheckConstraint("(ended_at is null) = (ended_by is null)", name="case_file_break_glass_end"),
        Index(
            "case_file_break_glass_running",
            "until",
            postgresql_where=text("ended_at is null and end_told_at is null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    owner: str
    organisation: str
    principal: str
    opened_at: datetime = Field(sa_column=moment())
    until: datetime = Field(sa_column=moment())
    opened_by: dict[str, Any] = Field(sa_column=_who())
    reason: bytes = Field(sa_column=_sealed())
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_by: dict[str, Any] | None = Field(default=None, sa_column=_who(nullable=True))
    # When it was told that its time had run out.
    end_told_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
