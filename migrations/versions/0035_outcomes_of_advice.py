"""What came of early advice: outcomes told by the police, charges that versions show, and escalations with a clock.

Either side may escalate, and the answer has a deadline like any other. What is counted of requests and case files is
counted anew: with outcomes, and with the reasons why advice was not sought. Sums are kept by year too, and by unit over
all forces.
"""

import sqlalchemy as sa
from alembic import op

from migrations.grants import OWN, WORKER_ROLE, grant, of_case, of_row, secure

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CLOCK, ESCALATION = "early_advice_clock", "early_advice_escalation"
_OLD_KINDS = "kind in ('advice', 'triage', 'police_response', 'action', 'appeal')"
_NEW_KINDS = (
    "kind in ('advice', 'triage', 'police_response', 'action', 'appeal', 'escalation_to_cps', 'escalation_to_police')"
)
_OF_ESCALATION = "(kind in ('escalation_to_cps', 'escalation_to_police')) = (escalation_id is not null)"
_REMIT = "(select casefile_remit())"

# What was raised and is not answered gets its clock; what passed before is told once, when it is next looked at.
_CLOCKS_OF_ESCALATIONS = f"""
    insert into {CLOCK} (id, case_file_id, request_id, escalation_id, kind, started_at, due_on, due_at, warn_days,
                         warns_at, paused_days)
    select gen_random_uuid(), e.case_file_id, e.request_id, e.id, 'escalation_to_cps', e.raised_at, d.day, e.due_at, 1,
           (d.day - 1)::timestamp at time zone 'Europe/London', 0
    from {ESCALATION} e join early_advice_request r on r.id = e.request_id,
         lateral (select (e.due_at at time zone 'Europe/London')::date as day) d
    where e.answered_at is null and r.state not in ('administratively_finalised', 'completed', 'withdrawn')
"""
_MARKS = """
    create or replace function figure_mark() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$ begin
        if tg_table_name in ({case_files}) then
            insert into public.figure_due (kind, subject_id, organisation)
                select 'case_file', c.id, c.organisation from public.case_file c
                where c.id = {case};
        {charges}
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
_CASE = "(to_jsonb(new) ->> case tg_table_name when 'case_file' then 'id' else 'case_file_id' end)::uuid"
_CHARGES = """elsif tg_table_name = 'case_file_charge' then
            insert into public.figure_due (kind, subject_id, organisation)
                select 'request', r.id, r.organisation from public.early_advice_request r
                where r.case_file_id = new.case_file_id and r.submitted_at is not null;"""
_TRIGGERS = {
    "early_advice_outcome": "after insert on early_advice_outcome for each row",
    "case_file_charge": "after insert on case_file_charge for each row",
    "early_advice_not_sought": "after insert on early_advice_not_sought for each row",
    "escalation_clock": (
        "after insert or update of stopped_at on early_advice_clock for each row when (new.escalation_id is not null)"
    ),
}
_COUNT_ANEW = """
    insert into figure_due (kind, subject_id, organisation)
    select 'request', id, organisation from early_advice_request where submitted_at is not null
    union all select 'case_file', c.id, c.organisation from case_file c
"""

TOTAL = "figure_total"
_WHO, _WHAT = "organisation, area, unit", "measure, key, value"
_BY_UNIT = f"""
    insert into {TOTAL} (month, span, {_WHO}, {_WHAT}, count)
    select month, 1, '', area, unit, {_WHAT}, sum(count) from {TOTAL} where organisation <> ''
    group by month, area, unit, {_WHAT}
"""
_BY_YEAR = f"""
    insert into {TOTAL} (month, span, {_WHO}, {_WHAT}, count)
    select date_trunc('year', month)::date, 12, {_WHO}, {_WHAT}, sum(count) from {TOTAL}
    where measure not in ('open', 'holding', 'received', 'returned', 'answered') group by 1, {_WHO}, {_WHAT}
"""


def upgrade() -> None:
    """Add outcomes, charges and the clocks of escalations, and have everything counted anew."""
    _outcomes()
    _charges()
    _escalations()
    _sums()
    op.execute(_MARKS.format(case_files="'case_file', 'early_advice_not_sought'", case=_CASE, charges=_CHARGES))
    for name, when in _TRIGGERS.items():
        op.execute(f"create trigger figure_mark_{name} {when} execute function figure_mark()")
    op.execute(_COUNT_ANEW)


def _outcomes() -> None:
    table = "early_advice_outcome"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("early_advice_request.id"), nullable=False),
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("suspect_id", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("staff_id", sa.String),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("early_advice_outcome_by_request", table, ["request_id", "id"])
    grant(table, "select, insert")
    grant(table, "select", to=WORKER_ROLE)
    of_request = of_row("early_advice_request", "request_id")
    secure(table, of_request, written=f"{of_request} and {of_case()} and {OWN}", unattended=WORKER_ROLE)


def _charges() -> None:
    table = "case_file_charge"
    op.create_table(
        table,
        sa.Column("case_file_id", sa.Uuid, sa.ForeignKey("case_file.id"), primary_key=True),
        sa.Column("suspect_id", sa.String, primary_key=True),
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("charged_on", sa.Date, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
    )
    grant(table, "select, insert")
    grant(table, "select", to=WORKER_ROLE)
    # What was not shared is the force's own; those who inspect it count it.
    secure(
        table,
        f"({OWN} and {of_case()} or {_REMIT} = 'all' or {_REMIT} = organisation)",
        written=f"{OWN} and {of_case()}",
        unattended=WORKER_ROLE,
    )


def _escalations() -> None:
    op.add_column(ESCALATION, sa.Column("to_side", sa.String, nullable=False, server_default="cps"))
    op.create_check_constraint("early_advice_escalation_to_side", ESCALATION, "to_side in ('cps', 'police')")
    op.add_column(CLOCK, sa.Column("escalation_id", sa.Uuid, sa.ForeignKey(f"{ESCALATION}.id")))
    op.create_index(
        "early_advice_clock_by_escalation",
        CLOCK,
        ["escalation_id"],
        postgresql_where=sa.text("escalation_id is not null"),
    )
    op.drop_constraint("early_advice_clock_kind", CLOCK)
    op.create_check_constraint("early_advice_clock_kind", CLOCK, _NEW_KINDS)
    op.create_check_constraint("early_advice_clock_of_escalation", CLOCK, _OF_ESCALATION)
    op.execute(_CLOCKS_OF_ESCALATIONS)


def _sums() -> None:
    op.add_column(TOTAL, sa.Column("span", sa.SmallInteger, nullable=False, server_default="1"))
    op.drop_constraint("figure_total_pkey", TOTAL)
    op.create_primary_key(
        "figure_total_pkey", TOTAL, ["month", "span", "organisation", "area", "unit", "measure", "key", "value"]
    )
    op.create_check_constraint("figure_total_span", TOTAL, "span in (1, 12)")
    for side, column in (("area", "area"), ("force", "organisation")):
        op.drop_index(f"figure_total_by_{side}", TOTAL)
        op.create_index(f"figure_total_by_{side}", TOTAL, [column, "span", "month"])
    op.execute(_BY_UNIT)
    op.execute(_BY_YEAR)


def _sums_by_month_alone() -> None:
    op.execute(f"delete from {TOTAL} where span = 12 or organisation = '' and unit <> ''")
    for side, column in (("area", "area"), ("force", "organisation")):
        op.drop_index(f"figure_total_by_{side}", TOTAL)
        op.create_index(f"figure_total_by_{side}", TOTAL, [column, "month"])
    op.drop_constraint("figure_total_span", TOTAL)
    op.drop_constraint("figure_total_pkey", TOTAL)
    op.drop_column(TOTAL, "span")
    op.create_primary_key(
        "figure_total_pkey", TOTAL, ["month", "organisation", "area", "unit", "measure", "key", "value"]
    )


def downgrade() -> None:
    """Take all of it away again; what the police were asked to answer goes with its column."""
    for name in _TRIGGERS:
        table = "early_advice_clock" if name == "escalation_clock" else name
        op.execute(f"drop trigger figure_mark_{name} on {table}")
    op.execute(_MARKS.format(case_files="'case_file'", case="new.id", charges=""))
    _sums_by_month_alone()
    op.execute(f"delete from {CLOCK} where escalation_id is not null")
    op.drop_constraint("early_advice_clock_of_escalation", CLOCK)
    op.drop_constraint("early_advice_clock_kind", CLOCK)
    op.create_check_constraint("early_advice_clock_kind", CLOCK, _OLD_KINDS)
    op.drop_index("early_advice_clock_by_escalation", CLOCK)
    op.drop_column(CLOCK, "escalation_id")
    op.execute(f"delete from {ESCALATION} where to_side = 'police'")
    op.drop_constraint("early_advice_escalation_to_side", ESCALATION)
    op.drop_column(ESCALATION, "to_side")
    op.drop_table("case_file_charge")
    op.drop_table("early_advice_outcome")
