"""Bundles: bags of one version, each built for the organisation that asked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import grant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bundle",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("requested_by", JSONB, nullable=False),
        sa.Column("roles", ARRAY(sa.String), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("object_key", sa.String, nullable=False, unique=True),
        sa.Column("version_id", sa.String),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.String),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state in ('building', 'ready', 'failed', 'expired')", name="bundle_state"),
        sa.CheckConstraint("state <> 'ready' or sha256 is not null and size is not null", name="bundle_ready"),
    )
    op.create_index("bundle_by_state", "bundle", ["state", "requested_at"])
    op.create_index("bundle_by_case", "bundle", ["case_file_id", "organisation"])
    grant("bundle", "select, insert, update")


def downgrade() -> None:
    op.drop_table("bundle")
