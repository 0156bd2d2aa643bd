"""The ledger: entries, leaves, events, the sequencer's inbox, kept answers, case keys, working time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import SERVICE_ROLE, create_role, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_role(SERVICE_ROLE)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("occurred_at", _MOMENT, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("operation", sa.String),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("organisation", sa.String),
        sa.Column("client_id", sa.String),
        sa.Column("staff_id", sa.String),
        sa.Column("case_file_id", sa.Uuid),
        sa.Column("owner", sa.String),
        sa.Column("erasable", sa.LargeBinary),
        sa.Column("salt", sa.String),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="audit_entry_leaf_hash_length"),
        sa.CheckConstraint("outcome in ('allowed', 'refused')", name="audit_entry_outcome"),
        sa.CheckConstraint("(erasable is null) = (salt is null)", name="audit_entry_erasable_with_salt"),
    )
    op.create_index("audit_entry_by_case", "audit_entry", ["case_file_id"])
    op.create_index("audit_entry_by_organisation", "audit_entry", ["organisation", "occurred_at"])
    op.create_index("audit_entry_by_owner", "audit_entry", ["owner", "occurred_at"])
    op.create_index("audit_entry_by_time", "audit_entry", ["occurred_at"])
    op.create_table("audit_pending", sa.Column("entry_id", sa.Uuid, primary_key=True))
    op.create_table(
        "audit_leaf",
        sa.Column("leaf_index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Uuid, sa.ForeignKey("audit_entry.id"), nullable=False, unique=True),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="audit_leaf_leaf_hash_length"),
    )
    op.create_index("ix_audit_leaf_leaf_hash", "audit_leaf", ["leaf_hash"])
    op.create_table(
        "refusal_tally",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("reason", sa.String, primary_key=True),
        sa.Column("minute", _MOMENT, primary_key=True),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
    )
    _events()
    _kept()
    for table in ("audit_entry", "audit_leaf", "event", "event_position"):
        grant(table, "select, insert")
    for table in ("audit_pending", "event_pending", "job_request"):
        grant(table, "select, insert, delete")
    for table in ("refusal_tally", "kept_answer", "working_time", "event_sequence"):
        grant(table, "select, insert, update, delete")
    grant("case_key", "select, insert, delete")


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("organisation", sa.String, primary_key=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("case_file_id", sa.Uuid),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("occurred_at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("actor_organisation", sa.String),
        sa.Column("actor_staff_id", sa.String),
        sa.Column("endpoint_id", sa.Uuid),
        sa.Column("traceparent", sa.String),
        sa.CheckConstraint("(case_file_id is null) = (sequence is null)", name="event_sequence_with_case"),
    )
    op.create_index("event_by_case", "event", ["organisation", "case_file_id", "sequence"], unique=True)
    op.create_table(
        "event_pending",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("organisation", sa.String, primary_key=True),
    )
    op.create_table(
        "event_position",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
    )
    op.create_index("event_position_by_organisation", "event_position", ["organisation", "position"])
    op.create_table(
        "event_sequence",
        sa.Column("case_file_id", sa.Uuid, primary_key=True),
        sa.Column("organisation", sa.String, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "job_request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject_id", sa.String, nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
    )


def _kept() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("client_id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("method", sa.String, primary_key=True),
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("case_file_id", sa.Uuid),
        sa.Column("expires_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_kept_answer_expires_at", "kept_answer", ["expires_at"])
    op.create_table(
        "case_key",
        sa.Column("case_file_id", sa.Uuid, primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "working_time",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ahead_seconds", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.CheckConstraint("id = 1", name="working_time_one_row"),
    )
    op.execute("insert into working_time (id) values (1)")


def downgrade() -> None:
    for table in (
        "working_time",
        "case_key",
        "kept_answer",
        "job_request",
        "event_sequence",
        "event_position",
        "event_pending",
        "event",
        "refusal_tally",
        "audit_leaf",
        "audit_pending",
        "audit_entry",
    ):
        op.drop_table(table)
