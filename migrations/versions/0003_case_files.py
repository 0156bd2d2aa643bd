"""Case files, their immutable versions, who shares in them, and their corrections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import grant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("urn", sa.String, nullable=False),
        sa.Column("urn_suffix", sa.String),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("police_unit", sa.String, nullable=False),
        sa.Column("cps_unit", sa.String, nullable=False),
        sa.Column("crime_references", ARRAY(sa.String), nullable=False),
        sa.Column("newest_number", sa.Integer, nullable=False),
        sa.Column("named_staff", ARRAY(sa.String), nullable=False),
        sa.CheckConstraint("urn ~ '^[0-9]{2}[A-Z0-9]{2}[0-9]{5}[0-9]{2}$'", name="case_file_urn_form"),
        sa.CheckConstraint("urn_suffix is null or urn_suffix ~ '^[0-9]{1,2}$'", name="case_file_urn_suffix_form"),
        sa.CheckConstraint("newest_number >= 1", name="case_file_newest_number"),
    )
    op.create_index("case_file_urn", "case_file", ["urn", sa.text("coalesce(urn_suffix, '')")], unique=True)
    op.create_index("case_file_by_unit", "case_file", ["organisation", "police_unit"])
    op.create_table(
        "case_file_version",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("parent_digest", sa.String),
        sa.Column("salt", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sa.Column("attachments", JSONB, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
        sa.Column("created_by", JSONB, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("case_type", sa.String, nullable=False),
        sa.Column("offence_codes", ARRAY(sa.String), nullable=False),
        sa.CheckConstraint("number >= 1", name="case_file_version_number"),
        sa.CheckConstraint("(number = 1) = (parent_digest is null)", name="case_file_version_parent"),
    )
    # Sealed bytes do not compress: trying costs writes a tenth and more.
    op.execute("alter table case_file_version alter column body set storage external")
    op.create_table(
        "case_file_version_attachment",
        sa.Column("case_file_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attachment_id", sa.Uuid, primary_key=True),
    )
    op.create_index("case_file_version_attachment_by_attachment", "case_file_version_attachment", ["attachment_id"])
    _sharing()
    for table in ("case_file", "case_file_party", "case_file_request_position"):
        grant(table, "select, insert, update")
    for table in ("case_file_version", "case_file_version_attachment", "case_file_share", "case_file_correction"):
        grant(table, "select, insert")


def _sharing() -> None:
    op.create_table(
        "case_file_party",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("organisation", sa.String, primary_key=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    op.create_index("case_file_party_by_change", "case_file_party", ["organisation", "updated_at", "case_file_id"])
    op.create_table(
        "case_file_share",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("unit", sa.String, primary_key=True),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("shared_at", _MOMENT, nullable=False),
    )
    op.create_index("case_file_share_by_unit", "case_file_share", ["organisation", "unit", "case_file_id"])
    op.create_table(
        "case_file_request_position",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("submitted", sa.Boolean, nullable=False),
        sa.CheckConstraint("holder in ('police', 'cps', 'both', 'none')", name="case_file_request_position_holder"),
    )
    op.create_index("case_file_request_position_by_case", "case_file_request_position", ["case_file_id"])
    op.create_table(
        "case_file_correction",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("corrected_at", _MOMENT, nullable=False),
        sa.Column("corrected_by", JSONB, nullable=False),
        sa.Column("before", JSONB, nullable=False),
        sa.Column("after", JSONB, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
    )
    op.create_index("case_file_correction_by_case", "case_file_correction", ["case_file_id"])


def downgrade() -> None:
    for table in (
        "case_file_correction",
        "case_file_request_position",
        "case_file_share",
        "case_file_party",
        "case_file_version_attachment",
        "case_file_version",
        "case_file",
    ):
        op.drop_table(table)
