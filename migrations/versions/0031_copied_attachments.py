"""Bytes that were not sent again: which file of the same case they were copied from."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there was sent."""
    op.add_column("attachment", sa.Column("copied_from", sa.Uuid, sa.ForeignKey("attachment.id")))
    op.create_index(
        "attachment_by_content",
        "attachment",
        ["case_file_id", "sha256"],
        postgresql_where=sa.text("status = 'available'"),
    )


def downgrade() -> None:
    """Take the column away again; the copies are files of their own."""
    op.drop_index("attachment_by_content", "attachment")
    op.drop_column("attachment", "copied_from")
