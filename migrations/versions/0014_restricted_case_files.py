"""Restricted case files: who is admitted, who is shut out, the history of both, and break-glass."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.grants import grant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NOBODY = sa.text("'{}'::text[]")


def upgrade() -> None:
    op.add_column("case_file", sa.Column("restricted", sa.Boolean, nullable=False, server_default=sa.false()))
    for column in ("admitted", "shut_out"):
        op.add_column("case_file", sa.Column(column, ARRAY(sa.Text), nullable=False, server_default=_NOBODY))
    op.create_check_constraint("case_file_admits_somebody", "case_file", "restricted = (cardinality(admitted) > 0)")
    _restrictions()
    _conflicts()
    _break_glass()
    grant("case_file_restriction", "select, insert")
    grant("case_file_conflict", "select, insert, update (withdrawn_at, withdrawn_by, withdrawn_because)")
    grant("case_file_break_glass", "select, insert, update (ended_at, ended_by)")


def _case() -> sa.Column[object]:
    return sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False)


def _restrictions() -> None:
    op.create_table(
        "case_file_restriction",
        sa.Column("id", sa.Uuid, primary_key=True),
        _case(),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", JSONB, nullable=False),
        sa.Column("admitted_before", ARRAY(sa.Text), nullable=False),
        sa.Column("admitted_after", ARRAY(sa.Text), nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("act in ('restricted', 'changed', 'lifted')", name="case_file_restriction_act"),
    )
    op.create_index("case_file_restriction_by_case", "case_file_restriction", ["case_file_id"])


def _conflicts() -> None:
    op.create_table(
        "case_file_conflict",
        sa.Column("id", sa.Uuid, primary_key=True),
        _case(),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("staff_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("declared_by", JSONB, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("reason", sa.LargeBinary),
        sa.Column("withdrawn_at", _MOMENT),
        sa.Column("withdrawn_by", JSONB),
        sa.Column("withdrawn_because", sa.LargeBinary),
        sa.CheckConstraint("kind in ('party', 'declared')", name="case_file_conflict_kind"),
        sa.CheckConstraint(
            "(kind = 'party') = (version is not null) and (kind = 'declared') = (reason is not null)",
            name="case_file_conflict_grounds",
        ),
        sa.CheckConstraint(
            "(withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawn_because is null)",
            name="case_file_conflict_withdrawal",
        ),
    )
    op.create_index(
        "case_file_conflict_one_of_a_kind",
        "case_file_conflict",
        ["case_file_id", "organisation", "staff_id", "kind"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )


def _break_glass() -> None:
    op.create_table(
        "case_file_break_glass",
        sa.Column("id", sa.Uuid, primary_key=True),
        _case(),
        # Whose it is in plain columns: the policy on case files looks here, so this table's may not look there.
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("principal", sa.String, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("opened_by", JSONB, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended_by", JSONB),
        sa.CheckConstraint("until > opened_at", name="case_file_break_glass_until"),
        sa.CheckConstraint("(ended_at is null) = (ended_by is null)", name="case_file_break_glass_end"),
    )
    op.create_index("case_file_break_glass_by_case", "case_file_break_glass", ["case_file_id", "principal"])


def downgrade() -> None:
    for table in ("case_file_break_glass", "case_file_conflict", "case_file_restriction"):
        op.drop_table(table)
    op.drop_constraint("case_file_admits_somebody", "case_file")
    for column in ("shut_out", "admitted", "restricted"):
        op.drop_column("case_file", column)
