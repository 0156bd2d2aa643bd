"""Early advice followed up: answers that are months late are chased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CLOCK = "early_advice_clock"
# Actions that are late already are chased from now on: what passed before is told once, when it is next looked at.
_CHASE_RUNNING = f"""
    update {CLOCK} set chase_months = '[1, 2]', chase_at =
        ((due_on + interval '1 month')::date + time '23:59:59') at time zone 'Europe/London' + interval '1 second'
    where kind = 'action' and stopped_at is null
"""


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


def downgrade() -> None:
    op.drop_index("early_advice_clock_to_chase", CLOCK)
    for column in ("chase_at", "chased", "chase_months"):
        op.drop_column(CLOCK, column)
