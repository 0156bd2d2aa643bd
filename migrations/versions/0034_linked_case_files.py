"""Links between case files, splits and merges; and where each suspect stands by what a version says of charges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import ORGANISATION, OWN, WORKER_ROLE, grant, of_case, secure

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
# As with what case files are found by: a row counts for every version up to the next row.
_OWNED = f"""exists (select from case_file f where f.id = case_file_standing.case_file_id
    and f.organisation = {ORGANISATION})"""
_SHARED = f"""exists (select from case_file_share s where s.case_file_id = case_file_standing.case_file_id
    and s.number >= case_file_standing.number and s.organisation = {ORGANISATION})"""
# A link is there for who can see both ends of it.
_BOTH = f"{of_case()} and {of_case('other_id')}"


def upgrade() -> None:
    """Make the tables; the worker fills in where suspects of older versions stand."""
    op.add_column("case_file", sa.Column("merged_into", sa.Uuid, sa.ForeignKey("case_file.id")))
    op.create_table(
        "case_file_standing",
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("suspects", JSONB, nullable=False),
    )
    grant("case_file_standing", "select, insert")
    grant("case_file_standing", "select, insert", to=WORKER_ROLE)
    secure("case_file_standing", f"({_OWNED} or {_SHARED} and {of_case()})", added=_OWNED, unattended=WORKER_ROLE)
    op.add_column("bundle", sa.Column("with_advice", sa.Boolean, nullable=False, server_default=sa.false()))
    _links()


def _links() -> None:
    op.create_table(
        "case_file_link",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("relation", sa.String),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("other_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("suspect_ids", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.Column("linked_by", JSONB, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("removed_at", _MOMENT),
        sa.Column("removed_by", JSONB),
        sa.Column("removed_because", sa.LargeBinary),
        sa.CheckConstraint("kind in ('link', 'split', 'merge')", name="case_file_link_kind"),
        sa.CheckConstraint("(kind = 'link') = (relation is not null)", name="case_file_link_relation"),
        sa.CheckConstraint("case_file_id <> other_id", name="case_file_link_two"),
        sa.CheckConstraint("kind = 'link' or removed_at is null", name="case_file_link_stays"),
        sa.CheckConstraint(
            "(removed_at is null) = (removed_by is null) and (removed_at is null) = (removed_because is null)",
            name="case_file_link_removal",
        ),
    )
    op.create_index("case_file_link_by_case", "case_file_link", ["case_file_id"])
    op.create_index("case_file_link_by_other", "case_file_link", ["other_id"])
    grant("case_file_link", "select, insert, update (removed_at, removed_by, removed_because)")
    grant("case_file_link", "select", to=WORKER_ROLE)
    secure("case_file_link", _BOTH, added=f"{OWN} and {_BOTH}", unattended=WORKER_ROLE)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("case_file_link")
    op.drop_column("bundle", "with_advice")
    op.drop_table("case_file_standing")
    op.drop_column("case_file", "merged_into")
