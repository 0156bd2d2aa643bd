"""Tables of a request: as it stands, where it was sent, the steps taken, and the advice. What people wrote is sealed.

Only codes, dates, ids and states are in clear, to find by. One request for a set of suspects may be open at a time; a
partial unique index keeps it so. Steps and advice are only ever inserted.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from casefile_api.early_advice.columns import listed_column, one_of, sealed_column
from casefile_api.early_advice.workflow import ENDED, State
from casefile_api.ledger.models import moment

OPEN_REQUEST = f"state not in ({', '.join(repr(state.value) for state in sorted(ENDED))})"


class EarlyAdviceRequest(SQLModel, table=True):
    """A request for early advice, as it stands."""

    __tablename__ = "early_advice_request"
    __table_args__ = (
        CheckConstraint(one_of("state", State), name="early_advice_request_state"),
        CheckConstraint(
            "state_before is null or " + one_of("state_before", State), name="early_advice_request_state_before"
        ),
        CheckConstraint("(state = 'draft') <= (cps_unit is null)", name="early_advice_request_draft_is_nobody_elses"),
        CheckConstraint("(cps_unit is null) = (cps_organisation is null)", name="early_advice_request_unit_of_area"),
        CheckConstraint("version is null or version > 0", name="early_advice_request_version"),
        Index(
            "early_advice_request_one_open",
            "case_file_id",
            "suspect_set_key",
            unique=True,
            postgresql_where=text(OPEN_REQUEST),
        ),
        Index("early_advice_request_by_organisation", "organisation", "updated_at", "id"),
        Index("early_advice_request_by_unit", "cps_unit", "updated_at", "id"),
        Index("early_advice_request_by_area", "cps_organisation", "updated_at", "id"),
        Index("early_advice_request_by_submission", "submitted_at"),
        Index(
            "early_advice_request_open_of_force", "organisation", "due_at", "id", postgresql_where=text(OPEN_REQUEST)
        ),
        Index(
            "early_advice_request_open_of_area", "cps_organisation", "due_at", "id", postgresql_where=text(OPEN_REQUEST)
        ),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    organisation: str
    state: str
    state_before: str | None = None
    suspect_set_key: str
    suspect_ids: list[str] = Field(sa_column=listed_column())
    method: str | None = None
    # Counts every change; what entity tags are made of.
    revision: int = 1
    created_at: datetime = Field(sa_column=moment())
    created_by: str
    updated_at: datetime = Field(sa_column=moment())
    # When it was first received.
    submitted_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    version: int | None = None
    cps_organisation: str | None = None
    cps_unit: str | None = None
    review_type: str | None = None
    case_type: str | None = None
    prosecutor: str | None = None
    response_due_on: date | None = None
    refused_by: str | None = None
    refusal_upheld: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    # When the soonest running deadline of the request falls due: what queues sort and filter by.
    due_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    previous_request_id: UUID | None = Field(default=None, foreign_key="early_advice_request.id")
    sealed: bytes = Field(sa_column=sealed_column())
    # What the police edited since the request was returned; theirs alone until they submit it again.
    edited: bytes | None = Field(default=None, sa_column=sealed_column(nullable=True))


class EarlyAdviceUnit(SQLModel, table=True):
    """A CPS unit that a request was sent to. After a transfer there are two, and both keep what was shared."""

    __tablename__ = "early_advice_unit"
    __table_args__ = (
        CheckConstraint("(left_at is null) = (frozen is null)", name="early_advice_unit_frozen_as_it_left"),
        Index("early_advice_unit_by_unit", "unit"),
        Index("early_advice_unit_left", "organisation", "left_at", postgresql_where=text("left_at is not null")),
    )

    request_id: UUID = Field(primary_key=True, foreign_key="early_advice_request.id")
    unit: str = Field(primary_key=True)
    organisation: str
    since: datetime = Field(sa_column=moment())
    # When the request left the unit, until it comes back; and what the unit goes on seeing: codes, ids and times.
    left_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    frozen: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


class EarlyAdviceStep(SQLModel, table=True):
    """A step that was taken: by whom, when, from which state to which, and what was said with it."""

    __tablename__ = "early_advice_step"
    __table_args__ = (
        Index("early_advice_step_in_order", "request_id", "number", unique=True),
        Index("early_advice_step_by_time", "at"),
        CheckConstraint(one_of("state_to", State), name="early_advice_step_state_to"),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    step: str
    state_from: str | None = None
    state_to: str
    at: datetime = Field(sa_column=moment())
    organisation: str
    unit: str | None = None
    client_id: str
    staff_id: str | None = None
    version: int | None = None
    due_on: date | None = None
    codes: list[str] = Field(sa_column=listed_column())
    sealed: bytes = Field(sa_column=sealed_column())


class EarlyAdvice(SQLModel, table=True):
    """The advice as issued. Immutable and privileged: for the parties to the request alone."""

    __tablename__ = "early_advice"

    request_id: UUID = Field(primary_key=True, foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    issued_at: datetime = Field(sa_column=moment())
    organisation: str
    unit: str | None = None
    client_id: str
    staff_id: str | None = None
    topics: list[str] = Field(sa_column=listed_column())
    attachment_ids: list[str] = Field(sa_column=listed_column())
    sealed: bytes = Field(sa_column=sealed_column())
