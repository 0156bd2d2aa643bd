"""What witnesses and time-stampers say of checkpoints, how witnesses are doing, and what searches by time rely on."""

import sqlalchemy as sa
from alembic import op

from migrations.grants import grant
from migrations.log_functions import THIN_CHECKPOINTS

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)

# Of each hour the last checkpoint stays that witnesses vouched for, beside the last one of all.
_WITNESSED = """exists (
                select from audit_cosignature s
                where s.checkpoint_id = c.id and s.origin = (select origin from audit_log))"""
THIN_KEEPING_WITNESSED = THIN_CHECKPOINTS.replace(
    "date_trunc('hour', created_at) order", f"date_trunc('hour', created_at), {_WITNESSED} order"
).replace("            from audit_checkpoint\n", "            from audit_checkpoint c\n", 1)


def upgrade() -> None:
    op.create_table(
        "audit_cosignature",
        # A log can have a successor, whose checkpoints count from 1 again: whose they are is in the name.
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("checkpoint_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("line", sa.String, nullable=False),
        sa.Column("cosigned_at", _MOMENT, nullable=False),
    )
    op.create_index("audit_cosignature_by_witness", "audit_cosignature", ["origin", "witness", "checkpoint_id"])
    op.create_table(
        "audit_witness",
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("trouble", sa.String),
        sa.Column("told_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "audit_time_stamp",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("tree_size", sa.BigInteger, primary_key=True, autoincrement=False),
        # The checkpoint itself may be thinned one day.
        sa.Column("note", sa.String, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("stamped_at", _MOMENT, nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False),
    )
    grant("audit_time_stamp", "select, insert")
    grant("audit_cosignature", "select, insert")
    grant("audit_witness", "select, insert, update")
    op.execute(_replacing(THIN_KEEPING_WITNESSED))
    _searches_by_time()


def _searches_by_time() -> None:
    """Which checkpoint there was when, and the entries that got their leaf long after they occurred."""
    op.create_index("audit_checkpoint_by_time", "audit_checkpoint", ["created_at", "tree_size"])
    op.create_table(
        "audit_latecomer",
        sa.Column("leaf_index", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("occurred_at", _MOMENT, nullable=False),
    )
    op.create_index("audit_latecomer_by_time", "audit_latecomer", ["occurred_at", "leaf_index"])
    grant("audit_latecomer", "select, insert")
    op.execute(
        """
        insert into audit_latecomer (leaf_index, occurred_at)
        select l.leaf_index, e.occurred_at from audit_leaf l join audit_entry e on e.id = l.entry_id
        where e.occurred_at < interval '-1 minute' + (
            select c.created_at from audit_checkpoint c where c.tree_size > l.leaf_index order by c.tree_size limit 1)
        """
    )


def _replacing(function: str) -> str:
    return function.replace("create function", "create or replace function", 1)


def downgrade() -> None:
    op.drop_table("audit_latecomer")
    op.drop_index("audit_checkpoint_by_time")
    op.execute(_replacing(THIN_CHECKPOINTS))
    op.drop_table("audit_time_stamp")
    op.drop_table("audit_witness")
    op.drop_table("audit_cosignature")
