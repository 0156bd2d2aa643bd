"""A case file notes what its newest version is found by, so that one that changes nothing of it looks for nothing.

Null, as it is for all that is there, means that the next version compares for itself and notes it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have a place for the digest."""
    op.add_column("case_file", sa.Column("findable_as", sa.String))


def downgrade() -> None:
    """Without it every version compares."""
    op.drop_column("case_file", "findable_as")
