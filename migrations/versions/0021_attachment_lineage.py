"""What a copy is for and what was redacted in it, and which file another one takes the place of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Copies that are there say nothing of their purpose."""
    op.add_column("attachment", sa.Column("derivation", JSONB))
    op.add_column("attachment", sa.Column("supersedes", sa.Uuid, sa.ForeignKey("attachment.id")))
    op.create_check_constraint("attachment_derivation", "attachment", "derivation is null or derived_from is not null")
    op.create_index("attachment_by_source", "attachment", ["derived_from"])
    op.create_index("attachment_by_superseded", "attachment", ["supersedes"])


def downgrade() -> None:
    """Take the columns away again."""
    for index in ("attachment_by_superseded", "attachment_by_source"):
        op.drop_index(index, "attachment")
    op.drop_constraint("attachment_derivation", "attachment")
    for column in ("supersedes", "derivation"):
        op.drop_column("attachment", column)
