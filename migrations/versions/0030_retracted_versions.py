"""Versions that were shared in error and retracted: marked, never taken out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import ORGANISATION, OWN, WORKER_ROLE, grant, secure

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# As with shares: the policy of case files is asked by a function, so that a version is read at no greater cost.
_TOLD = f"({OWN} or {ORGANISATION} = any(recipients)) and casefile_lets_in(case_file_id)"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "case_file_retraction",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("recipients", ARRAY(sa.String), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retracted_by", JSONB, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
    )
    grant("case_file_retraction", "select, insert")
    grant("case_file_retraction", "select", to=WORKER_ROLE)
    secure("case_file_retraction", _TOLD, added=OWN, unattended=WORKER_ROLE)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("case_file_retraction")
