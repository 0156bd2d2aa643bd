"""Webhooks: endpoints, their sealed secrets, deliveries and attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.grants import grant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = ("webhook_attempt", "webhook_delivery", "webhook_secret", "webhook_endpoint")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("event_types", ARRAY(sa.String), nullable=False),
        sa.Column("description", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("fed_to", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failing_since", _MOMENT),
        sa.Column("paused_until", _MOMENT),
        sa.CheckConstraint("state in ('pending', 'active', 'disabled')", name="webhook_endpoint_state"),
        sa.CheckConstraint("(state = 'disabled') = (reason is not null)", name="webhook_endpoint_reason_when_disabled"),
        sa.CheckConstraint("cardinality(event_types) > 0", name="webhook_endpoint_event_types"),
    )
    op.create_index("webhook_endpoint_by_organisation", "webhook_endpoint", ["organisation", "id"])
    op.create_table(
        "webhook_secret",
        sa.Column("id", sa.Uuid, primary_key=True),
        _endpoint(),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
    )
    op.create_index("webhook_secret_by_endpoint", "webhook_secret", ["endpoint_id"])
    _deliveries()
    op.create_index("event_by_time", "event", ["organisation", "occurred_at"])
    op.create_index("event_position_by_event", "event_position", ["event_id", "organisation"], unique=True)
    for table in _TABLES:
        grant(table, "select, insert, update, delete")


def _endpoint() -> sa.Column[object]:
    return sa.Column("endpoint_id", sa.Uuid, sa.ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False)


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        _endpoint(),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("event_type", sa.String, nullable=False),
        sa.Column("case_file_id", sa.Uuid),
        sa.Column("position", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("first_tried_at", _MOMENT),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("endpoint_id", "event_id", name="webhook_delivery_once_per_event"),
        sa.CheckConstraint("state in ('waiting', 'delivered', 'given_up')", name="webhook_delivery_state"),
    )
    op.create_index(
        "webhook_delivery_waiting",
        "webhook_delivery",
        ["endpoint_id", "position"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "webhook_delivery_waiting_by_case",
        "webhook_delivery",
        ["endpoint_id", "case_file_id", "position"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "webhook_delivery_waiting_by_due",
        "webhook_delivery",
        ["endpoint_id", "due_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("webhook_delivery_by_endpoint", "webhook_delivery", ["endpoint_id", "id"])
    op.create_table(
        "webhook_attempt",
        sa.Column("delivery_id", sa.Uuid, sa.ForeignKey("webhook_delivery.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tried_at", _MOMENT, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("latency_ms", sa.Integer, nullable=False),
        sa.Column("error", sa.String),
        sa.Column("answer", sa.String),
    )


def downgrade() -> None:
    op.drop_index("event_position_by_event")
    op.drop_index("event_by_time")
    for table in _TABLES:
        op.drop_table(table)
