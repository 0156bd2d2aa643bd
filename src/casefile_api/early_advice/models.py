"""Tables of early advice. What people wrote is sealed; only codes, dates, ids and states are in clear, to find by.

One request for a set of suspects may be open at a time; a partial unique index keeps it so. Steps, advice and messages
are only ever inserted.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.clocks import ClockKind
from casefile_api.early_advice.workflow import ENDED, State
from casefile_api.ledger.models import moment


def _one_of(column: str, values: type[State] | type[ActionState] | type[ClockKind]) -> str:
    return f"{column} in ({', '.join(repr(value.value) for value in values)})"


OPEN_REQUEST = f"state not in ({', '.join(repr(state.value) for state in sorted(ENDED))})"


def _sealed(*, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable)


def _json() -> Column[Any]:
    return Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))


class EarlyAdviceRequest(SQLModel, table=True):
    """A request for early advice, as it stands."""

    __tablename__ = "early_advice_request"
    __table_args__ = (
        CheckConstraint(_one_of("state", State), name="early_advice_request_state"),
        CheckConstraint(
            "state_before is null or " + _one_of("state_before", State), name="early_advice_request_state_before"
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
    suspect_ids: list[str] = Field(sa_column=_json())
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
    sealed: bytes = Field(sa_column=_sealed())
    # What the police edited since the request was returned; theirs alone until they submit it again.
    edited: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))


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
        CheckConstraint(_one_of("state_to", State), name="early_advice_step_state_to"),
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
    codes: list[str] = Field(sa_column=_json())
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceClock(SQLModel, table=True):
    """A deadline of a request or of one action, with what happened to it."""

    __tablename__ = "early_advice_clock"
    __table_args__ = (
        CheckConstraint(_one_of("kind", ClockKind), name="early_advice_clock_kind"),
        CheckConstraint("(kind = 'action') = (action_id is not null)", name="early_advice_clock_of_action"),
        CheckConstraint("paused_days >= 0", name="early_advice_clock_paused_days"),
        CheckConstraint("stopped_at is null or stopped_at >= started_at", name="early_advice_clock_stops_after_start"),
        Index("early_advice_clock_by_request", "request_id", "started_at"),
        Index("early_advice_clock_by_action", "action_id"),
        Index(
            "early_advice_clock_one_running",
            "request_id",
            "kind",
            unique=True,
            postgresql_where=text("stopped_at is null and action_id is null"),
        ),
        Index(
            "early_advice_clock_one_running_of_action",
            "action_id",
            unique=True,
            postgresql_where=text("stopped_at is null and action_id is not null"),
        ),
        Index(
            "early_advice_clock_open_by_case",
            "case_file_id",
            "due_at",
            postgresql_where=text("stopped_at is null and paused_at is null"),
        ),
        Index(
            "early_advice_clock_to_warn",
            "warns_at",
            postgresql_where=text("stopped_at is null and paused_at is null and warned_at is null"),
        ),
        Index(
            "early_advice_clock_to_breach",
            "due_at",
            postgresql_where=text("stopped_at is null and paused_at is null and breach_told_at is null"),
        ),
        Index(
            "early_advice_clock_to_chase",
            "chase_at",
            postgresql_where=text("stopped_at is null and paused_at is null and chase_at is not null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    action_id: UUID | None = Field(default=None, foreign_key="early_advice_action.id")
    kind: str
    started_at: datetime = Field(sa_column=moment())
    due_on: date
    due_at: datetime = Field(sa_column=moment())
    warn_days: int
    warns_at: datetime = Field(sa_column=moment())
    paused_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    paused_days: int = 0
    stopped_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    warned_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    breach_told_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    # So many months after the due date an answer is chased; how many of these were told; when the next is.
    chase_months: list[int] = Field(default_factory=list, sa_column=_json())
    chased: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    chase_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


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
    topics: list[str] = Field(sa_column=_json())
    attachment_ids: list[str] = Field(sa_column=_json())
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceAction(SQLModel, table=True):
    """An action of the action plan, as it stands."""

    __tablename__ = "early_advice_action"
    __table_args__ = (
        CheckConstraint(_one_of("state", ActionState), name="early_advice_action_state"),
        CheckConstraint("gating in ('pre_decision', 'post_charge')", name="early_advice_action_gating"),
        CheckConstraint("cycle >= 1", name="early_advice_action_cycle"),
        Index("early_advice_action_in_order", "request_id", "number", unique=True),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    state: str
    category: str
    gating: str
    due_on: date
    cycle: int = 1
    revision: int = 1
    suspect_ids: list[str] = Field(sa_column=_json())
    set_at: datetime = Field(sa_column=moment())
    updated_at: datetime = Field(sa_column=moment())
    settled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    # The date of an extension that was asked for and not yet decided.
    extension_due_on: date | None = None
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceActionStep(SQLModel, table=True):
    """A step that was taken with an action, in which cycle, and what was said with it."""

    __tablename__ = "early_advice_action_step"
    __table_args__ = (
        Index("early_advice_action_step_in_order", "action_id", "number", unique=True),
        CheckConstraint(_one_of("state_to", ActionState), name="early_advice_action_step_state_to"),
    )

    id: UUID = Field(primary_key=True)
    action_id: UUID = Field(foreign_key="early_advice_action.id")
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    step: str
    state_from: str | None = None
    state_to: str
    cycle: int
    at: datetime = Field(sa_column=moment())
    organisation: str
    unit: str | None = None
    client_id: str
    staff_id: str | None = None
    version: int | None = None
    due_on: date | None = None
    due_on_before: date | None = None
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceMessage(SQLModel, table=True):
    """A message between officer and prosecutor."""

    __tablename__ = "early_advice_message"
    __table_args__ = (Index("early_advice_message_in_order", "request_id", "number", unique=True),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    sent_at: datetime = Field(sa_column=moment())
    organisation: str
    unit: str | None = None
    client_id: str
    staff_id: str | None = None
    attachment_ids: list[str] = Field(sa_column=_json())
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceDraft(SQLModel, table=True):
    """A version of advice while it is written: the prosecutor's side alone."""

    __tablename__ = "early_advice_draft"
    __table_args__ = (Index("early_advice_draft_in_order", "request_id", "number", unique=True),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    saved_at: datetime = Field(sa_column=moment())
    organisation: str
    unit: str | None = None
    client_id: str
    staff_id: str | None = None
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceReading(SQLModel, table=True):
    """That somebody read the messages of a request up to one of them."""

    __tablename__ = "early_advice_reading"
    __table_args__ = (Index("early_advice_reading_by_request", "request_id", "up_to"),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    up_to: int
    read_at: datetime = Field(sa_column=moment())
    organisation: str
    client_id: str
    staff_id: str | None = None


class EarlyAdviceNotSought(SQLModel, table=True):
    """That advice was not sought for a set of suspects, and why."""

    __tablename__ = "early_advice_not_sought"
    __table_args__ = (
        Index("early_advice_not_sought_by_case", "case_file_id", "id"),
        Index("early_advice_not_sought_by_force", "organisation", "recorded_at"),
    )

    id: UUID = Field(primary_key=True)
    case_file_id: UUID = Field(foreign_key="case_file.id")
    organisation: str
    suspect_set_key: str
    suspect_ids: list[str] = Field(sa_column=_json())
    code: str
    recorded_at: datetime = Field(sa_column=moment())
    client_id: str
    staff_id: str | None = None
    sealed: bytes = Field(sa_column=_sealed())


class EarlyAdviceEscalation(SQLModel, table=True):
    """A disagreement at one level of the ladder, and its answer."""

    __tablename__ = "early_advice_escalation"
    __table_args__ = (
        CheckConstraint("level between 1 and 3", name="early_advice_escalation_level"),
        Index("early_advice_escalation_in_order", "request_id", "number", unique=True),
        Index(
            "early_advice_escalation_one_open",
            "request_id",
            unique=True,
            postgresql_where=text("answered_at is null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    number: int
    level: int
    subject: str
    action_id: UUID | None = Field(default=None, foreign_key="early_advice_action.id")
    previous_id: UUID | None = Field(default=None, foreign_key="early_advice_escalation.id")
    raised_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    grounds: bytes = Field(sa_column=_sealed())
    answered_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    answered_by: str | None = None
    outcome: str | None = None
    answer: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))
