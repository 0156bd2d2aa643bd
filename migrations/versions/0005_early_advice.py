"""Early advice: requests and the units they were sent to, steps, clocks, advice, actions, messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import grant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_STATES = (
    "'draft', 'submitted', 'returned', 'manager_review', 'refused', 'appealed', 'accepted', 'allocated', "
    "'information_requested', 'advised', 'action_plan_open', 'completed', 'withdrawn', 'administratively_finalised'"
)
_ACTION_STATES = "'open', 'in_progress', 'returned', 'disputed', 'satisfied', 'cancelled'"
_CHANGING = ("early_advice_request", "early_advice_action", "early_advice_clock")
_APPENDED = (
    "early_advice_unit",
    "early_advice_step",
    "early_advice",
    "early_advice_action_step",
    "early_advice_message",
)


def upgrade() -> None:
    _request()
    _unit()
    _step()
    _advice()
    _action()
    _action_step()
    _clock()
    _message()
    for table in _CHANGING:
        grant(table, "select, insert, update")
    for table in _APPENDED:
        grant(table, "select, insert")


def _request() -> None:
    op.create_table(
        "early_advice_request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("state_before", sa.String),
        sa.Column("suspect_set_key", sa.String, nullable=False),
        sa.Column("suspect_ids", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("method", sa.String),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("submitted_at", _MOMENT),
        sa.Column("version", sa.Integer),
        sa.Column("cps_organisation", sa.String),
        sa.Column("cps_unit", sa.String),
        sa.Column("review_type", sa.String),
        sa.Column("case_type", sa.String),
        sa.Column("prosecutor", sa.String),
        sa.Column("response_due_on", sa.Date),
        sa.Column("refused_by", sa.String),
        sa.Column("refusal_upheld", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("due_at", _MOMENT),
        sa.Column("previous_request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint(
            "(state = 'draft') <= (cps_unit is null)", name="early_advice_request_draft_is_nobody_elses"
        ),
        sa.CheckConstraint(f"state in ({_STATES})", name="early_advice_request_state"),
        sa.CheckConstraint(
            f"state_before is null or state_before in ({_STATES})", name="early_advice_request_state_before"
        ),
        sa.CheckConstraint("(cps_unit is null) = (cps_organisation is null)", name="early_advice_request_unit_of_area"),
        sa.CheckConstraint("version is null or version > 0", name="early_advice_request_version"),
    )
    op.create_index("early_advice_request_by_area", "early_advice_request", ["cps_organisation", "updated_at", "id"])
    op.create_index(
        "early_advice_request_by_organisation", "early_advice_request", ["organisation", "updated_at", "id"]
    )
    op.create_index("early_advice_request_by_submission", "early_advice_request", ["submitted_at"])
    op.create_index("early_advice_request_by_unit", "early_advice_request", ["cps_unit", "updated_at", "id"])
    op.create_index(
        "early_advice_request_one_open",
        "early_advice_request",
        ["case_file_id", "suspect_set_key"],
        unique=True,
        postgresql_where=sa.text("state not in ('administratively_finalised', 'completed', 'withdrawn')"),
    )


def _unit() -> None:
    op.create_table(
        "early_advice_unit",
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), primary_key=True),
        sa.Column("unit", sa.String, primary_key=True),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
    )
    op.create_index("early_advice_unit_by_unit", "early_advice_unit", ["unit"])


def _step() -> None:
    op.create_table(
        "early_advice_step",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("state_from", sa.String),
        sa.Column("state_to", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("version", sa.Integer),
        sa.Column("due_on", sa.Date),
        sa.Column("codes", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint(f"state_to in ({_STATES})", name="early_advice_step_state_to"),
    )
    op.create_index("early_advice_step_by_time", "early_advice_step", ["at"])
    op.create_index("early_advice_step_in_order", "early_advice_step", ["request_id", "number"], unique=True)


def _advice() -> None:
    op.create_table(
        "early_advice",
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("topics", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("attachment_ids", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def _action() -> None:
    op.create_table(
        "early_advice_action",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("gating", sa.String, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("suspect_ids", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("set_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT),
        sa.Column("extension_due_on", sa.Date),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("cycle >= 1", name="early_advice_action_cycle"),
        sa.CheckConstraint("gating in ('pre_decision', 'post_charge')", name="early_advice_action_gating"),
        sa.CheckConstraint(f"state in ({_ACTION_STATES})", name="early_advice_action_state"),
    )
    op.create_index("early_advice_action_in_order", "early_advice_action", ["request_id", "number"], unique=True)


def _action_step() -> None:
    op.create_table(
        "early_advice_action_step",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("action_id", sa.Uuid, sa.ForeignKey("early_advice_action.id"), nullable=False),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("state_from", sa.String),
        sa.Column("state_to", sa.String, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("version", sa.Integer),
        sa.Column("due_on", sa.Date),
        sa.Column("due_on_before", sa.Date),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint(f"state_to in ({_ACTION_STATES})", name="early_advice_action_step_state_to"),
    )
    op.create_index(
        "early_advice_action_step_in_order", "early_advice_action_step", ["action_id", "number"], unique=True
    )


def _clock() -> None:
    op.create_table(
        "early_advice_clock",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("action_id", sa.Uuid, sa.ForeignKey("early_advice_action.id")),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("warn_days", sa.Integer, nullable=False),
        sa.Column("warns_at", _MOMENT, nullable=False),
        sa.Column("paused_at", _MOMENT),
        sa.Column("paused_days", sa.Integer, nullable=False),
        sa.Column("stopped_at", _MOMENT),
        sa.Column("warned_at", _MOMENT),
        sa.Column("breach_told_at", _MOMENT),
        sa.CheckConstraint(
            "kind in ('advice', 'triage', 'police_response', 'action', 'appeal')", name="early_advice_clock_kind"
        ),
        sa.CheckConstraint("(kind = 'action') = (action_id is not null)", name="early_advice_clock_of_action"),
        sa.CheckConstraint("paused_days >= 0", name="early_advice_clock_paused_days"),
        sa.CheckConstraint(
            "stopped_at is null or stopped_at >= started_at", name="early_advice_clock_stops_after_start"
        ),
    )
    op.create_index("early_advice_clock_by_action", "early_advice_clock", ["action_id"])
    op.create_index("early_advice_clock_by_request", "early_advice_clock", ["request_id", "started_at"])
    op.create_index(
        "early_advice_clock_one_running",
        "early_advice_clock",
        ["request_id", "kind"],
        unique=True,
        postgresql_where=sa.text("stopped_at is null and action_id is null"),
    )
    op.create_index(
        "early_advice_clock_one_running_of_action",
        "early_advice_clock",
        ["action_id"],
        unique=True,
        postgresql_where=sa.text("stopped_at is null and action_id is not null"),
    )
    op.create_index(
        "early_advice_clock_to_breach",
        "early_advice_clock",
        ["due_at"],
        postgresql_where=sa.text("stopped_at is null and paused_at is null and breach_told_at is null"),
    )
    op.create_index(
        "early_advice_clock_to_warn",
        "early_advice_clock",
        ["warns_at"],
        postgresql_where=sa.text("stopped_at is null and paused_at is null and warned_at is null"),
    )


def _message() -> None:
    op.create_table(
        "early_advice_message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("attachment_ids", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("early_advice_message_in_order", "early_advice_message", ["request_id", "number"], unique=True)


def downgrade() -> None:
    for table in (
        "early_advice_message",
        "early_advice_clock",
        "early_advice_action_step",
        "early_advice_action",
        "early_advice",
        "early_advice_step",
        "early_advice_unit",
        "early_advice_request",
    ):
        op.drop_table(table)
