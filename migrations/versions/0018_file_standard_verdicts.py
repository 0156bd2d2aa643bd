"""The content schema that each version was written by; the rule sets of file standards, and the verdicts given."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import grant, of_case, secure

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_file_version", sa.Column("content_schema", sa.SmallInteger, nullable=False, server_default="1"))
    _rule_sets()
    _verdicts()


def _rule_sets() -> None:
    op.create_table(
        "file_standard_rule_set",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("tables", JSONB, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="file_standard_rule_set_digest"),
    )
    op.create_index("file_standard_rule_set_by_owner", "file_standard_rule_set", ["owner", "valid_from", "loaded_at"])
    grant("file_standard_rule_set", "select, insert")


def _verdicts() -> None:
    op.create_table(
        "file_standard_verdict",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("request_id", sa.Uuid),
        sa.Column("standard", sa.String, nullable=False),
        sa.Column("rule_set", sa.String, nullable=False),
        sa.Column("national_digest", sa.String, nullable=False),
        sa.Column("local_digest", sa.String),
        sa.Column("judged_on", sa.Date, nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("outcomes", JSONB, nullable=False),
        sa.Column("given", sa.LargeBinary, nullable=False),
    )
    op.create_index("file_standard_verdict_by_case", "file_standard_verdict", ["case_file_id", "number"])
    grant("file_standard_verdict", "select, insert")
    secure("file_standard_verdict", of_case())


def downgrade() -> None:
    op.drop_table("file_standard_verdict")
    op.drop_table("file_standard_rule_set")
    op.drop_column("case_file_version", "content_schema")
