"""What witnesses signed under checkpoints, and how each of them is doing."""

import sqlalchemy as sa
from alembic import op

from migrations.grants import grant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_cosignature",
        sa.Column("checkpoint_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("line", sa.String, nullable=False),
        sa.Column("cosigned_at", _MOMENT, nullable=False),
    )
    op.create_index("audit_cosignature_by_witness", "audit_cosignature", ["witness", "checkpoint_id"])
    op.create_table(
        "audit_witness",
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("trouble", sa.String),
        sa.Column("told_at", _MOMENT, nullable=False),
    )
    grant("audit_cosignature", "select, insert")
    grant("audit_witness", "select, insert, update")


def downgrade() -> None:
    op.drop_table("audit_witness")
    op.drop_table("audit_cosignature")
