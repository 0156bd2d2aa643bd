"""What a CPS unit goes on seeing of a request that left it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import grant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = "early_advice_unit"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("left_at", sa.DateTime(timezone=True)))
    op.add_column(TABLE, sa.Column("frozen", JSONB()))
    op.create_check_constraint("early_advice_unit_frozen_as_it_left", TABLE, "(left_at is null) = (frozen is null)")
    op.create_index(
        "early_advice_unit_left", TABLE, ["organisation", "left_at"], postgresql_where=sa.text("left_at is not null")
    )
    grant(TABLE, "update (left_at, frozen)")


def downgrade() -> None:
    op.drop_index("early_advice_unit_left", TABLE)
    op.drop_constraint("early_advice_unit_frozen_as_it_left", TABLE)
    op.drop_column(TABLE, "frozen")
    op.drop_column(TABLE, "left_at")
