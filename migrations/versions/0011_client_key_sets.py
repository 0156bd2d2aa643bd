"""Where a client publishes its keys itself."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client", sa.Column("jwks_uri", sa.String()))


def downgrade() -> None:
    op.drop_column("client", "jwks_uri")
