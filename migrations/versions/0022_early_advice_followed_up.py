"""Early advice followed up: answers months late are chased, drafts of advice kept, messages read, lists worked from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import OWN, grant, of_case, secure

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

REQUEST, CLOCK = "early_advice_request", "early_advice_clock"
# Actions that are late already are chased from now on: what passed before is told once, when it is next looked at.
_CHASE_RUNNING = f"""
    update {CLOCK} set chase_months = '[1, 2]', chase_at =
        ((due_on + interval '1 month')::date + time '23:59:59') at time zone 'Europe/London' + interval '1 second'
    where kind = 'action' and stopped_at is null
"""
_OPEN = "state not in ('administratively_finalised', 'completed', 'withdrawn')"
_REACHED = "casefile_request_reaches(request_id)"


def upgrade() -> None:
    op.add_column(CLOCK, sa.Column("chase_months", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")))
    op.add_column(CLOCK, sa.Column("chased", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column(CLOCK, sa.Column("chase_at", sa.DateTime(timezone=True)))
    op.execute(_CHASE_RUNNING)
    op.create_index(
        "early_advice_clock_to_chase",
        CLOCK,
        ["chase_at"],
        postgresql_where=sa.text("stopped_at is null and paused_at is null and chase_at is not null"),
    )
    op.add_column(REQUEST, sa.Column("edited", sa.LargeBinary))
    for side, column in (("force", "organisation"), ("area", "cps_organisation")):
        op.create_index(
            f"early_advice_request_open_of_{side}", REQUEST, [column, "due_at", "id"], postgresql_where=sa.text(_OPEN)
        )
    _drafts()
    _readings()
    _not_sought()
    _escalations()


def _of_request() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
    ]


def _drafts() -> None:
    op.create_table(
        "early_advice_draft",
        *_of_request(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("early_advice_draft_in_order", "early_advice_draft", ["request_id", "number"], unique=True)
    grant("early_advice_draft", "select, insert")
    secure("early_advice_draft", f"{OWN} and {of_case()}", added=f"{OWN} and {of_case()} and {_REACHED}")


def _readings() -> None:
    op.create_table(
        "early_advice_reading",
        *_of_request(),
        sa.Column("up_to", sa.Integer, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
    )
    op.create_index("early_advice_reading_by_request", "early_advice_reading", ["request_id", "up_to"])
    grant("early_advice_reading", "select, insert")
    secure("early_advice_reading", f"{_REACHED} and {of_case()}", added=f"{OWN} and {of_case()} and {_REACHED}")


def _not_sought() -> None:
    op.create_table(
        "early_advice_not_sought",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("suspect_set_key", sa.String, nullable=False),
        sa.Column("suspect_ids", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    table = "early_advice_not_sought"
    op.create_index("early_advice_not_sought_by_case", table, ["case_file_id", "id"])
    op.create_index("early_advice_not_sought_by_force", table, ["organisation", "recorded_at"])
    grant(table, "select, insert")
    secure(table, of_case(), added=f"{OWN} and {of_case()}")


def _escalations() -> None:
    table = "early_advice_escalation"
    op.create_table(
        table,
        *_of_request(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("action_id", sa.Uuid, sa.ForeignKey("early_advice_action.id")),
        sa.Column("previous_id", sa.Uuid, sa.ForeignKey("early_advice_escalation.id")),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grounds", sa.LargeBinary, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.String),
        sa.Column("outcome", sa.String),
        sa.Column("answer", sa.LargeBinary),
        sa.CheckConstraint("level between 1 and 3", name="early_advice_escalation_level"),
    )
    op.create_index("early_advice_escalation_in_order", table, ["request_id", "number"], unique=True)
    op.create_index(
        "early_advice_escalation_one_open",
        table,
        ["request_id"],
        unique=True,
        postgresql_where=sa.text("answered_at is null"),
    )
    grant(table, "select, insert, update")
    secure(table, f"{_REACHED} and {of_case()}")


def downgrade() -> None:
    op.drop_table("early_advice_escalation")
    op.drop_table("early_advice_not_sought")
    op.drop_table("early_advice_reading")
    op.drop_table("early_advice_draft")
    for side in ("force", "area"):
        op.drop_index(f"early_advice_request_open_of_{side}", REQUEST)
    op.drop_column(REQUEST, "edited")
    op.drop_index("early_advice_clock_to_chase", CLOCK)
    for column in ("chase_at", "chased", "chase_months"):
        op.drop_column(CLOCK, column)
