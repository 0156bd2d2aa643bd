"""Rates shared by all processes. Unlogged: nothing is waited for, and after a crash every bucket is full again."""

import sqlalchemy as sa
from alembic import op

from migrations.grants import grant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_bucket",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), nullable=False),
        prefixes=["UNLOGGED"],
    )
    grant("rate_bucket", "select, insert, update, delete")


def downgrade() -> None:
    op.drop_table("rate_bucket")
