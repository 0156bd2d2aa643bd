"""Tables of the action plan: each action as it stands, and the steps taken with it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.columns import listed_column, one_of, sealed_column
from casefile_api.ledger.models import moment


class EarlyAdviceAction(SQLModel, table=True):
    """An action of the action plan, as it stands."""

    __tablename__ = "early_advice_action"
    __table_args__ = (
        CheckConstraint(one_of("state", ActionState), name="early_advice_action_state"),
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
    suspect_ids: list[str] = Field(sa_column=listed_column())
    set_at: datetime = Field(sa_column=moment())
    updated_at: datetime = Field(sa_column=moment())
    settled_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    # The date of an extension that was asked for and not yet decided.
    extension_due_on: date | None = None
    sealed: bytes = Field(sa_column=sealed_column())


class EarlyAdviceActionStep(SQLModel, table=True):
    """A step that was taken with an action, in which cycle, and what was said with it."""

    __tablename__ = "early_advice_action_step"
    __table_args__ = (
        Index("early_advice_action_step_in_order", "action_id", "number", unique=True),
        CheckConstraint(one_of("state_to", ActionState), name="early_advice_action_step_state_to"),
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
    sealed: bytes = Field(sa_column=sealed_column())
