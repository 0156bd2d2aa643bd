"""The table of deadlines: one row for each clock that ever ran, of a request, an action or an escalation."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from casefile_api.early_advice.clocks import OF_ESCALATIONS, ClockKind
from casefile_api.early_advice.columns import listed_column, one_of
from casefile_api.ledger.models import moment


class EarlyAdviceClock(SQLModel, table=True):
    """A deadline of a request or of one action, with what happened to it."""

    __tablename__ = "early_advice_clock"
    __table_args__ = (
        CheckConstraint(one_of("kind", ClockKind), name="early_advice_clock_kind"),
        CheckConstraint("(kind = 'action') = (action_id is not null)", name="early_advice_clock_of_action"),
        CheckConstraint(
            f"(kind in ({', '.join(repr(kind.value) for kind in OF_ESCALATIONS)})) = (escalation_id is not null)",
            name="early_advice_clock_of_escalation",
        ),
        CheckConstraint("paused_days >= 0", name="early_advice_clock_paused_days"),
        CheckConstraint("stopped_at is null or stopped_at >= started_at", name="early_advice_clock_stops_after_start"),
        Index("early_advice_clock_by_request", "request_id", "started_at"),
        Index("early_advice_clock_by_action", "action_id"),
        Index("early_advice_clock_by_escalation", "escalation_id", postgresql_where=text("escalation_id is not null")),
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
    escalation_id: UUID | None = Field(default=None, foreign_key="early_advice_escalation.id")
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
    chase_months: list[int] = Field(default_factory=list, sa_column=listed_column())
    chased: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    chase_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
