"""Figures of early advice, counted ahead: what each request adds, the sums by month, and what is due anew.

Whatever happens to a request marks it, in the transaction in which it happens; the worker counts it anew. A question
takes the sums, without what is marked, and counts that from its sources: so figures are never behind.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.grants import KIND, ORGANISATION, OWN, SERVICE_ROLE, grant, secure

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_REMIT = "(select casefile_remit())"
_SEEN = f"""({OWN} or area = {ORGANISATION} and {KIND} = 'cps' or {_REMIT} = 'all' or {_REMIT} = organisation)"""

_MARKS = """
    create function figure_mark() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$ begin
        if tg_table_name = 'case_file' then
            insert into public.figure_due (kind, subject_id, organisation)
                values ('case_file', new.id, new.organisation);
        else
            insert into public.figure_due (kind, subject_id, organisation)
                select 'request', r.id, r.organisation from public.early_advice_request r where r.id = new.request_id;
        end if;
        if tg_table_name = 'early_advice_step' and to_jsonb(new) ->> 'step' = 'submit' then
            insert into public.figure_due (kind, subject_id, organisation)
                select 'case_file', c.id, c.organisation from public.case_file c where c.id = new.case_file_id;
        end if;
        return null;
    end $$
    """
# Which request or case file a restriction or a conflict hides from who asks, of those that are counted.
_HIDDEN = """
    create function casefile_uncounted() returns setof uuid language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp as $$ begin
        return query select f.subject_id from public.case_file c join public.figure_fact f on f.case_file_id = c.id
            where (c.restricted or cardinality(c.shut_out) > 0) and not public.casefile_lets_in(c.id);
    end $$
    """
_TRIGGERS = {
    "early_advice_step": "after insert on early_advice_step",
    "early_advice_action": "after insert on early_advice_action",
    "early_advice_action_step": "after insert on early_advice_action_step",
    "early_advice_clock": "after update of breach_told_at on early_advice_clock",
    "case_file": "after insert or update of cps_unit on case_file",
}


def upgrade() -> None:
    _tables()
    # Marks are written by the function alone, as the owner.
    grant("figure_due", "select, delete")
    grant("figure_fact", "select, insert, update, delete")
    grant("figure_total", "select, insert, update, delete")
    marked = f"({OWN} or casefile_request_reaches(subject_id) or {_REMIT} in ('all', organisation))"
    secure("figure_due", marked, added="false")
    secure("figure_fact", _SEEN, written="false")
    secure("figure_total", _SEEN, written="false")
    op.create_index(
        "case_file_hidden",
        "case_file",
        ["id"],
        postgresql_where=sa.text("restricted or cardinality(shut_out) > 0"),
    )
    op.execute(_MARKS)
    op.execute(_HIDDEN)
    op.execute("revoke execute on function casefile_uncounted() from public")
    op.execute(f"grant execute on function casefile_uncounted() to {SERVICE_ROLE}")
    for name, when in _TRIGGERS.items():
        op.execute(f"create trigger figure_mark_{name} {when} for each row execute function figure_mark()")
    # What was there before is counted by the worker.
    op.execute(
        "insert into figure_due (kind, subject_id, organisation)"
        " select 'request', id, organisation from early_advice_request where submitted_at is not null"
        " union all select 'case_file', id, organisation from case_file"
    )


def _tables() -> None:
    op.create_table(
        "figure_due",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.CheckConstraint("kind in ('case_file', 'request')", name="figure_due_kind"),
    )
    op.create_table(
        "figure_fact",
        sa.Column("subject_id", sa.Uuid, primary_key=True),
        sa.Column("case_file_id", sa.Uuid, nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("area", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("items", JSONB, nullable=False),
    )
    op.create_index("figure_fact_by_area", "figure_fact", ["area", "day"])
    op.create_index("figure_fact_by_case", "figure_fact", ["case_file_id"])
    op.create_index("figure_fact_by_day", "figure_fact", ["day"])
    op.create_index("figure_fact_by_force", "figure_fact", ["organisation", "day"])
    op.create_table(
        "figure_total",
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("organisation", sa.String, primary_key=True),
        sa.Column("area", sa.String, primary_key=True),
        sa.Column("unit", sa.String, primary_key=True),
        sa.Column("measure", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_index("figure_total_by_area", "figure_total", ["area", "month"])
    op.create_index("figure_total_by_force", "figure_total", ["organisation", "month"])
    op.create_index("figure_total_by_measure", "figure_total", ["measure", "key"])
    op.create_index("figure_total_empty", "figure_total", ["month"], postgresql_where=sa.text("count = 0"))


def downgrade() -> None:
    for name in _TRIGGERS:
        op.execute(f"drop trigger figure_mark_{name} on {name}")
    op.execute("drop function figure_mark()")
    op.execute("drop function casefile_uncounted()")
    op.drop_index("case_file_hidden", "case_file")
    for table in ("figure_total", "figure_fact", "figure_due"):
        op.drop_table(table)
