"""How fast an endpoint wants to be told, and what its owner reads of how it fares."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_PACE = "webhook_endpoint_pace"


def upgrade() -> None:
    op.add_column("webhook_endpoint", sa.Column("max_at_once", sa.SmallInteger))
    op.add_column("webhook_endpoint", sa.Column("max_per_second", sa.Integer))
    op.create_check_constraint(_PACE, "webhook_endpoint", "max_at_once > 0 and max_per_second > 0")
    op.add_column("webhook_attempt", sa.Column("endpoint_id", sa.Uuid))
    op.execute(
        "update webhook_attempt a set endpoint_id = d.endpoint_id from webhook_delivery d where d.id = a.delivery_id"
    )
    op.alter_column("webhook_attempt", "endpoint_id", nullable=False)
    op.create_index("webhook_attempt_by_endpoint", "webhook_attempt", ["endpoint_id", "tried_at"])
    op.create_index(
        "webhook_attempt_failed",
        "webhook_attempt",
        ["endpoint_id", "tried_at"],
        postgresql_where=sa.text("error is not null"),
    )
    op.create_index(
        "webhook_delivery_given_up",
        "webhook_delivery",
        ["endpoint_id", "id"],
        postgresql_where=sa.text("state = 'given_up'"),
    )


def downgrade() -> None:
    op.drop_index("webhook_delivery_given_up", "webhook_delivery")
    op.drop_index("webhook_attempt_failed", "webhook_attempt")
    op.drop_index("webhook_attempt_by_endpoint", "webhook_attempt")
    op.drop_column("webhook_attempt", "endpoint_id")
    op.drop_constraint(_PACE, "webhook_endpoint")
    op.drop_column("webhook_endpoint", "max_per_second")
    op.drop_column("webhook_endpoint", "max_at_once")
