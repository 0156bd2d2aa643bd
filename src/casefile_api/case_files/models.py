"""Tables of the case file. What lists and filters need is held in clear: codes, dates and ids; all else is sealed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from casefile_api.ledger.models import moment


def _principals() -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))


class CaseFile(SQLModel, table=True):
    """The container: the envelope of a case, and its newest number."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index("case_file_urn", "urn", text("coalesce(urn_suffix, '')"), unique=True),
        Index("case_file_by_unit", "organisation", "police_unit"),
        Index("case_file_by_crime_reference", "crime_references", postgresql_using="gin"),
        Index("case_file_by_named_staff", "named_staff", postgresql_using="gin"),
        Index("case_file_hidden", "id", postgresql_where=text("restricted or cardinality(shut_out) > 0")),
        CheckConstraint("urn ~ '^[0-9]{2}[A-Z0-9]{2}[0-9]{5}[0-9]{2}$'", name="case_file_urn_form"),
        CheckConstraint("urn_suffix is null or urn_suffix ~ '^[0-9]{1,2}$'", name="case_file_urn_suffix_form"),
        CheckConstraint("newest_number >= 1", name="case_file_newest_number"),
        CheckConstraint("restricted = (cardinality(admitted) > 0)", name="case_file_admits_somebody"),
    )

    id: UUID = Field(primary_key=True)
    urn: str
    urn_suffix: str | None = None
    organisation: str
    police_unit: str
    cps_unit: str
    crime_references: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    newest_number: int
    named_staff: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    restricted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    # Principals: `police-53/1401` is a person, `police-53#gatekeeper` a role.
    admitted: list[str] = Field(sa_column=_principals())
    shut_out: list[str] = Field(sa_column=_principals())
    # A digest of what the newest version is found by; null where the next one is to look for itself.
    findable_as: str | None = None
    # The case file that it was merged into; it is closed then.
    merged_into: UUID | None = Field(default=None, foreign_key="case_file.id")


class CaseFileVersion(SQLModel, table=True):
    """An immutable version: the canonical bytes that its digest covers, sealed."""

    __tablename__ = "case_file_version"
    __table_args__ = (
        CheckConstraint("number >= 1", name="case_file_version_number"),
        CheckConstraint("(number = 1) = (parent_digest is null)", name="case_file_version_parent"),
    )

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: str
    parent_digest: str | None = None
    salt: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    attachments: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    warnings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    content_schema: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="1"))
    created_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(sa_column=moment())
    case_type: str
    offence_codes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))


class CaseFileFinding(SQLModel, table=True):
    """What a case file is found by from a version on, until a later row: `suspects` holds keyed hashes, a list each."""

    __tablename__ = "case_file_finding"
    __table_args__ = (
        Index(
            "case_file_finding_by_suspect",
            "suspects",
            postgresql_using="gin",
            postgresql_ops={"suspects": "jsonb_path_ops"},
        ),
    )

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    officers: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    reported_on: date | None = None
    suspects: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))


class CaseFileStanding(SQLModel, table=True):
    """Where suspects stand by what a version says of charges, until a later row: `[{"id": …, "stage": …}]`."""

    __tablename__ = "case_file_standing"

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    suspects: list[dict[str, str]] = Field(sa_column=Column(JSONB, nullable=False))


class CaseFileVersionAttachment(SQLModel, table=True):
    """Which attachments a version names."""

    __tablename__ = "case_file_version_attachment"
    __table_args__ = (Index("case_file_version_attachment_by_attachment", "attachment_id"),)

    case_file_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    attachment_id: UUID = Field(primary_key=True)


class CaseFileParty(SQLModel, table=True):
    """Who has the case file: its force at the unit that it is with, and each CPS unit something was shared with.

    Lists are read off here, an organisation's off the `first` of its rows; all its rows have the same times.
    """

    __tablename__ = "case_file_party"
    __table_args__ = (
        Index(
            "case_file_party_by_change",
            "organisation",
            "updated_at",
            "case_file_id",
            postgresql_where=text("first"),
        ),
        Index("case_file_party_by_unit", "organisation", "unit", "updated_at", "case_file_id"),
    )

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    organisation: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    first: bool
    created_at: datetime = Field(sa_column=moment())
    updated_at: datetime = Field(sa_column=moment())


class CaseFileShare(SQLModel, table=True):
    """A version as it was shared with a CPS unit. Nothing takes a share back."""

    __tablename__ = "case_file_share"
    __table_args__ = (Index("case_file_share_by_unit", "organisation", "unit", "case_file_id"),)

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    unit: str = Field(primary_key=True)
    organisation: str
    request_id: UUID
    shared_at: datetime = Field(sa_column=moment())


class CaseFileRetraction(SQLModel, table=True):
    """A version that was shared in error and retracted: by whom, why (a code, and sealed words), who was told."""

    __tablename__ = "case_file_retraction"

    case_file_id: UUID = Field(primary_key=True, foreign_key="case_file.id")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    organisation: str
    recipients: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    retracted_at: datetime = Field(sa_column=moment())
    retracted_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    code: str
    reason: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CaseFileRequestPosition(SQLModel, table=True):
    """Where a request about the case file stands: what the case file's status is derived from."""

    __tablename__ = "case_file_request_position"
    __table_args__ = (
        Index("case_file_request_position_by_case", "case_file_id"),
        CheckConstraint("holder in ('police', 'cps', 'both', 'none')", name="case_file_request_position_holder"),
    )

    request_id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    organisation: str
    unit: str
    holder: str
    submitted: bool


class CaseFileCorrection(SQLModel, table=True):
    """A correction of the envelope: what it was, what it became, by whom and (sealed) why."""

    __tablename__ = "case_file_correction"
    __table_args__ = (Index("case_file_correction_by_case", "case_file_id"),)

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    corrected_at: datetime = Field(sa_column=moment())
    corrected_by: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    before: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reason: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
