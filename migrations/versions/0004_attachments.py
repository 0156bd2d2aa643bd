"""Attachments, the parts of their uploads, and the chain of custody, which the service may only add to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import grant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _attachment()
    _part()
    _custody()
    grant("attachment", "select, insert, update")
    grant("attachment_part", "select, insert, update, delete")
    grant("attachment_custody", "select, insert")


def _attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("rejection_code", sa.String),
        sa.Column("scan", sa.String),
        sa.Column("part_size", sa.BigInteger, nullable=False),
        sa.Column("part_count", sa.Integer, nullable=False),
        sa.Column("object_key", sa.String, nullable=False, unique=True),
        sa.Column("upload_id", sa.String),
        sa.Column("version_id", sa.String),
        sa.Column("derived_from", sa.Uuid, sa.ForeignKey("attachment.id")),
        sa.Column("names", sa.LargeBinary, nullable=False),
        sa.Column("visible_to_police", sa.Boolean, nullable=False),
        sa.Column("declared_at", _MOMENT, nullable=False),
        sa.Column("declared_by", JSONB, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "status in ('uploading', 'verifying', 'available', 'rejected', 'deleted')", name="attachment_status"
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="attachment_sha256"),
        sa.CheckConstraint("size between 0 and 5497558138880", name="attachment_size"),
        sa.CheckConstraint("part_count between 1 and 10000 and part_size > 0", name="attachment_parts"),
        sa.CheckConstraint("status <> 'rejected' or rejection_code is not null", name="attachment_rejection"),
        sa.CheckConstraint("scan in ('performed', 'not_performed')", name="attachment_scan"),
    )
    op.create_index("attachment_by_case", "attachment", ["case_file_id", "id"])
    op.create_index("attachment_by_status", "attachment", ["status", "declared_at"])


def _part() -> None:
    op.create_table(
        "attachment_part",
        sa.Column("attachment_id", sa.Uuid, sa.ForeignKey("attachment.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="attachment_part_sha256"),
        sa.CheckConstraint("number between 1 and 10000", name="attachment_part_number"),
    )


def _custody() -> None:
    op.create_table(
        "attachment_custody",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("attachment_id", sa.Uuid, sa.ForeignKey("attachment.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("organisation", sa.String),
        sa.Column("client_id", sa.String),
        sa.Column("staff_id", sa.String),
        sa.Column("sha256", sa.String),
        sa.Column("size", sa.BigInteger),
        sa.Column("audit_entry_id", sa.Uuid, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
    )
    op.create_index("attachment_custody_by_attachment", "attachment_custody", ["attachment_id", "id"])


def downgrade() -> None:
    for table in ("attachment_custody", "attachment_part", "attachment"):
        op.drop_table(table)
