"""Figures are summed by calendar quarter too, and those of every force are found by their months.

Five years that do not begin with one are three years and some quarters and months, rather than years and months alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TOTAL, SPANS = "figure_total", "figure_total_span"
# Charges that were told beside those that versions show are for the CPS, which asks by Area.
_TOLD = "organisation <> '' and measure <> 'charge_told'"
_BY_QUARTER = f"""
    insert into {TOTAL} (month, span, organisation, area, unit, measure, key, value, count)
    select date_trunc('quarter', month)::date, 3, organisation, area, unit, measure, key, value, sum(count)
    from {TOTAL} where span = 1 and measure not in ('open', 'holding', 'received', 'returned', 'answered')
    group by 1, 3, 4, 5, 6, 7, 8
"""


def upgrade() -> None:
    """Add the sums by quarter, made of those by month."""
    op.drop_constraint(SPANS, TOTAL)
    op.create_check_constraint(SPANS, TOTAL, "span in (1, 3, 12)")
    op.execute(_BY_QUARTER)
    op.create_index(
        "figure_total_by_span",
        TOTAL,
        ["span", "month"],
        postgresql_where=sa.text(_TOLD),
        postgresql_include=["organisation", "area", "unit", "measure", "key", "value", "count"],
    )


def downgrade() -> None:
    """Take them away again: months and years say the same."""
    op.drop_index("figure_total_by_span", TOTAL)
    op.execute(f"delete from {TOTAL} where span = 3")
    op.drop_constraint(SPANS, TOTAL)
    op.create_check_constraint(SPANS, TOTAL, "span in (1, 12)")
