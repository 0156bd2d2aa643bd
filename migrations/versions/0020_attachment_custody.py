"""What looking inside a file found, how it was acquired, whether it is held and still what it was; turns of jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_INTEGRITY = "attachment_integrity"


def upgrade() -> None:
    """Every file that is available now is due for its first re-check."""
    op.add_column("attachment", sa.Column("findings", JSONB, nullable=False, server_default="{}"))
    op.add_column("attachment", sa.Column("acquisition", sa.LargeBinary))
    for moment in ("held_at", "rechecked_at", "recheck_due_at"):
        op.add_column("attachment", sa.Column(moment, _MOMENT))
    op.add_column("attachment", sa.Column("integrity", sa.String))
    op.create_check_constraint(
        _INTEGRITY, "attachment", "integrity in ('intact', 'altered', 'lost', 'unreadable', 'overwritten')"
    )
    op.execute("update attachment set recheck_due_at = now() where status = 'available'")
    op.create_index(
        "attachment_by_recheck",
        "attachment",
        ["recheck_due_at"],
        postgresql_where=sa.text("recheck_due_at is not null"),
    )
    op.create_index(
        "attachment_not_held",
        "attachment",
        ["case_file_id"],
        postgresql_where=sa.text("held_at is null and status = 'available'"),
    )
    op.add_column("job_request", sa.Column("share", sa.String))
    op.add_column("job_request", sa.Column("cost", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Take the columns away again; the chain of custody keeps what was written in it."""
    for column in ("cost", "share"):
        op.drop_column("job_request", column)
    for index in ("attachment_not_held", "attachment_by_recheck"):
        op.drop_index(index, "attachment")
    op.drop_constraint(_INTEGRITY, "attachment")
    for column in ("integrity", "recheck_due_at", "rechecked_at", "held_at", "acquisition", "findings"):
        op.drop_column("attachment", column)
