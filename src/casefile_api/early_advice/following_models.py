"""Tables of what stands beside the workflow: messages and drafts, what was read, not sought, disputed or came of it.

Messages, drafts and readings are only ever inserted.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from casefile_api.early_advice.columns import listed_column, sealed_column
from casefile_api.ledger.models import moment


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
    attachment_ids: list[str] = Field(sa_column=listed_column())
    sealed: bytes = Field(sa_column=sealed_column())


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
    sealed: bytes = Field(sa_column=sealed_column())


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
    suspect_ids: list[str] = Field(sa_column=listed_column())
    code: str
    recorded_at: datetime = Field(sa_column=moment())
    client_id: str
    staff_id: str | None = None
    sealed: bytes = Field(sa_column=sealed_column())


class EarlyAdviceEscalation(SQLModel, table=True):
    """A disagreement at one level of the ladder, and its answer."""

    __tablename__ = "early_advice_escalation"
    __table_args__ = (
        CheckConstraint("level between 1 and 3", name="early_advice_escalation_level"),
        CheckConstraint("to_side in ('cps', 'police')", name="early_advice_escalation_to_side"),
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
    # Who is to answer: the side that did not raise it.
    to_side: str = Field(default="cps", sa_column_kwargs={"server_default": text("'cps'")})
    subject: str
    action_id: UUID | None = Field(default=None, foreign_key="early_advice_action.id")
    previous_id: UUID | None = Field(default=None, foreign_key="early_advice_escalation.id")
    raised_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    grounds: bytes = Field(sa_column=sealed_column())
    answered_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    answered_by: str | None = None
    outcome: str | None = None
    answer: bytes | None = Field(default=None, sa_column=sealed_column(nullable=True))


class EarlyAdviceOutcome(SQLModel, table=True):
    """What became of one suspect of a request, as the police told it; the newest of a suspect stands."""

    __tablename__ = "early_advice_outcome"
    __table_args__ = (Index("early_advice_outcome_by_request", "request_id", "id"),)

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="early_advice_request.id")
    case_file_id: UUID = Field(foreign_key="case_file.id")
    suspect_id: str
    code: str
    decided_on: date
    recorded_at: datetime = Field(sa_column=moment())
    organisation: str
    client_id: str
    staff_id: str | None = None
    sealed: bytes = Field(sa_column=sealed_column())
