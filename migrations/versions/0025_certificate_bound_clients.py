"""Clients whose tokens are bound to their TLS certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("certificate_bound", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("client", "certificate_bound", server_default=None)


def downgrade() -> None:
    op.drop_column("client", "certificate_bound")
