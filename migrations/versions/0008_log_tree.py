"""The tree over the audit log: tiles, checkpoints, the log's name and keys, its alarm."""

import sqlalchemy as sa
from alembic import op

from migrations.grants import grant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.CheckConstraint(
            "octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0", name="audit_tile_whole_hashes"
        ),
    )
    # Hashes do not compress; trying would only cost time.
    op.execute("alter table audit_tile alter column hashes set storage external")
    op.create_table(
        "audit_checkpoint",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("root_hash", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("octet_length(root_hash) = 32", name="audit_checkpoint_root_hash_length"),
    )
    op.create_index("audit_checkpoint_by_size", "audit_checkpoint", ["tree_size", "id"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name="audit_log_one_row"),
    )
    op.create_table(
        "audit_log_key",
        sa.Column("verifier_key", sa.String, primary_key=True),
        sa.Column("first_used_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "log_alarm",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("raised_at", _MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name="log_alarm_one_row"),
    )
    grant("audit_tile", "select, insert, update")
    for table in ("audit_checkpoint", "audit_log", "audit_log_key"):
        grant(table, "select, insert")
    grant("log_alarm", "select, insert, update, delete")


def downgrade() -> None:
    for table in ("log_alarm", "audit_log_key", "audit_log", "audit_checkpoint", "audit_tile"):
        op.drop_table(table)
