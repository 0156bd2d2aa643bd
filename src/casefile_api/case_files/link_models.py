"""The table of links between case files, of splits and of merges. Reasons are sealed with the key of the first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


class CaseFileLink(SQLModel, table=True):
    """Two case files that belong together: linked, split from the first, or the first merged into the other.

    A link that was a mistake is marked as removed; a split and a merge stay.
    """

    __tablename__ = "case_file_link"
    __table_args__ = (
        Index("case_file_link_by_case", "case_file_id"),
        Index("case_file_link_by_other", "other_id"),
        CheckConstraint("kind in ('link', 'split', 'merge')", name="case_file_link_kind"),
        CheckConstraint("(kind = 'link') = (relation is not null)", name="case_file_link_relation"),
        CheckConstraint("case_file_id <> other_id", name="case_file_link_two"),
        CheckConstraint("kind = 'link' or removed_at is null", name="case_file_link_stays"),
        CheckConstraint(
            "(removed_at is null) = (removed_by is null) and (removed_at is null) = (removed_because is null)",
            name="case_file_link_removal",
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    # How the two belong together, of code list `link_relation`; of a split or merge the kind says it.
    relation: str | None = None
    case_file_id: UUID = Field(foreign_key="case_file.id")
    other_id: UUID = Field(foreign_key="case_file.id")
    # The version of the first that was split, was merged, or was the newest when the link was made.
    version: int
    suspect_ids: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )
    organisation: str
    linked_at: datetime = Field(sa_column=moment())
    linked_by: dict[str, Any] = Field(sa_column=Column(JSONB(none_as_null=True), nullable=False))
    reason: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    removed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    removed_by: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    removed_because: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
