"""What case files are found by: codes, days, staff ids and keyed hashes, a row where a version changed any of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import ORGANISATION, grant, of_case, secure

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# A row counts for every version up to the next row, so that it is there for whoever was given one of them.
_OWNED = f"""exists (select from case_file f where f.id = case_file_finding.case_file_id
    and f.organisation = {ORGANISATION})"""
_SHARED = f"""exists (select from case_file_share s where s.case_file_id = case_file_finding.case_file_id
    and s.number >= case_file_finding.number and s.organisation = {ORGANISATION})"""


def upgrade() -> None:
    op.create_table(
        "case_file_finding",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("officers", ARRAY(sa.String), nullable=False),
        sa.Column("reported_on", sa.Date),
        sa.Column("suspects", JSONB, nullable=False),
    )
    op.create_index(
        "case_file_finding_by_suspect",
        "case_file_finding",
        ["suspects"],
        postgresql_using="gin",
        postgresql_ops={"suspects": "jsonb_path_ops"},
    )
    grant("case_file_finding", "select, insert")
    secure("case_file_finding", f"({_OWNED} or {_SHARED} and {of_case()})", added=_OWNED)
    op.create_index("case_file_by_crime_reference", "case_file", ["crime_references"], postgresql_using="gin")
    op.create_index(
        "early_advice_clock_open_by_case",
        "early_advice_clock",
        ["case_file_id", "due_at"],
        postgresql_where=sa.text("stopped_at is null and paused_at is null"),
    )


def downgrade() -> None:
    op.drop_index("early_advice_clock_open_by_case", "early_advice_clock")
    op.drop_index("case_file_by_crime_reference", "case_file")
    op.drop_table("case_file_finding")
