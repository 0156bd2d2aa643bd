"""Tables of who there is: organisations, their units, and the staff that each registers for itself.

Forces and Areas merge, units open and close: organisations and units have a period of validity, and are never deleted.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import String
from sqlmodel import Field, SQLModel


class Organisation(SQLModel, table=True):
    """A police force, a CPS Area, an oversight body, or the operator of the service."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("kind in ('police', 'cps', 'oversight', 'operator')", name="organisation_kind"),
        CheckConstraint("id = kind or id like kind || '-%'", name="organisation_id_tells_kind"),
        CheckConstraint("(kind = 'police') = (force_code is not null)", name="organisation_force_code"),
        CheckConstraint("(kind = 'oversight') = (remit is not null)", name="organisation_remit"),
        CheckConstraint("valid_until is null or valid_until >= valid_from", name="organisation_validity"),
    )

    id: str = Field(primary_key=True)
    kind: str
    name: str
    force_code: str | None = None
    cps_area: str | None = None
    remit: str | None = None
    """Whose acts an oversight body may look at: `all`, or the id of one force."""
    valid_from: date
    valid_until: date | None = None


class Unit(SQLModel, table=True):
    """A team inside an organisation: a RASSO unit, a Crown Court unit, a CID."""

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint(
            "kind in ('rasso', 'magistrates_court', 'crown_court', 'complex_casework', 'police_team')", name="unit_kind"
        ),
        CheckConstraint("valid_until is null or valid_until >= valid_from", name="unit_validity"),
        UniqueConstraint("organisation", "id", name="unit_of_organisation"),
    )

    id: str = Field(primary_key=True)
    organisation: str = Field(foreign_key="organisation.id")
    kind: str
    name: str
    valid_from: date
    valid_until: date | None = None


class Staff(SQLModel, table=True):
    """A person whom a token may name, in the roles their organisation gave them."""

    __tablename__ = "staff"
    __table_args__ = (
        ForeignKeyConstraint(["organisation"], ["organisation.id"], name="staff_organisation"),
        ForeignKeyConstraint(["organisation", "unit"], ["unit.organisation", "unit.id"], name="staff_unit"),
        Index("staff_by_unit", "unit", "staff_id"),
    )

    organisation: str = Field(primary_key=True)
    staff_id: str = Field(primary_key=True)
    name: str
    rank: str | None = None
    roles: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    unit: str | None = None
    active: bool
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
