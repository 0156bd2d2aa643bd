"""Where a case file is listed: a row for each unit that has it, so that a page of a list is read off an index.

Until now whoever asked for their unit's list had every case file of the force or the Area looked at. Which case
files name a member of staff is asked of a function: an index on a list is of no use behind a policy.
"""

import sqlalchemy as sa
from alembic import op

from migrations.grants import HELD, ORGANISATION, SERVICE_ROLE, WORKER_ROLE

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TABLE = "case_file_party"
_UNITS = f"""
    update {_TABLE} p set unit = coalesce(
        (select s.unit from case_file_share s where s.case_file_id = p.case_file_id
            and s.organisation = p.organisation order by s.shared_at, s.unit limit 1),
        (select case when c.organisation = p.organisation then c.police_unit else c.cps_unit end
            from case_file c where c.id = p.case_file_id))
    """
_FURTHER_UNITS = f"""
    insert into {_TABLE} (case_file_id, organisation, unit, first, created_at, updated_at)
    select distinct s.case_file_id, s.organisation, s.unit, false, p.created_at, p.updated_at
    from case_file_share s join {_TABLE} p on p.case_file_id = s.case_file_id and p.organisation = s.organisation
    on conflict do nothing
    """
_NAMING = f"""
    create function casefile_naming(staff text) returns setof uuid
    language plpgsql stable security definer rows 50 set search_path = pg_catalog, pg_temp as $$ begin
        return query select c.id from public.case_file c
            where c.organisation = {ORGANISATION} and c.named_staff @> array[staff]::varchar[];
    end $$
    """
# What no part of the worker, or of what answers callers, ever does.
_NEVER_DONE = (
    ("insert", "seen_assertion", WORKER_ROLE),
    ("insert", "revoked_token", WORKER_ROLE),
    ("insert, update", "token_cutoff", WORKER_ROLE),
    ("insert, update", "staff", WORKER_ROLE),
    ("insert, update", "rate_bucket", WORKER_ROLE),
    ("insert", "audit_time_stamp", SERVICE_ROLE),
)
# Who holds a case file has seen it: the change that they make notes for all its parties that it changed.
_SEES = "casefile_sees(case_file_id)"
_HOLDS = f"(case_file_id::text = {HELD} or {_SEES})"


def upgrade() -> None:
    """Give each unit its row."""
    op.add_column(_TABLE, sa.Column("unit", sa.String))
    op.add_column(_TABLE, sa.Column("first", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute(_UNITS)
    op.alter_column(_TABLE, "unit", nullable=False)
    op.alter_column(_TABLE, "first", server_default=None)
    op.drop_constraint("case_file_party_pkey", _TABLE)
    op.create_primary_key("case_file_party_pkey", _TABLE, ["case_file_id", "organisation", "unit"])
    op.execute(_FURTHER_UNITS)
    op.drop_index("case_file_party_by_change", _TABLE)
    op.create_index(
        "case_file_party_by_change",
        _TABLE,
        ["organisation", "updated_at", "case_file_id"],
        postgresql_where=sa.text("first"),
    )
    op.create_index("case_file_party_by_unit", _TABLE, ["organisation", "unit", "updated_at", "case_file_id"])
    # A unit is of one organisation: without knowing it the planner expects hardly any rows, and sorts them all.
    op.execute(f"create statistics case_file_party_unit_of (dependencies) on organisation, unit from {_TABLE}")
    op.create_index("case_file_by_named_staff", "case_file", ["named_staff"], postgresql_using="gin")
    op.execute(_NAMING)
    op.execute("revoke execute on function casefile_naming from public")
    op.execute(f"grant execute on function casefile_naming to {SERVICE_ROLE}")
    _ask("seen", "using", _HOLDS)
    _ask("added", "with check", _HOLDS)
    op.execute(f"alter policy changed on {_TABLE} using ({_HOLDS}) with check ({_HOLDS})")
    for rights, table, role in _NEVER_DONE:
        op.execute(f"revoke {rights} on {table} from {role}")


def downgrade() -> None:
    """One row for each organisation."""
    for rights, table, role in _NEVER_DONE:
        op.execute(f"grant {rights} on {table} to {role}")
    op.execute(f"alter policy changed on {_TABLE} using ({_SEES}) with check ({_SEES})")
    _ask("added", "with check", _SEES)
    _ask("seen", "using", "exists (select from case_file seen where seen.id = case_file_id)")
    op.execute("drop function casefile_naming")
    op.drop_index("case_file_by_named_staff", "case_file")
    op.execute("drop statistics case_file_party_unit_of")
    op.drop_index("case_file_party_by_unit", _TABLE)
    op.drop_index("case_file_party_by_change", _TABLE)
    op.execute(f"delete from {_TABLE} where not first")
    op.drop_constraint("case_file_party_pkey", _TABLE)
    op.create_primary_key("case_file_party_pkey", _TABLE, ["case_file_id", "organisation"])
    op.create_index("case_file_party_by_change", _TABLE, ["organisation", "updated_at", "case_file_id"])
    op.drop_column(_TABLE, "first")
    op.drop_column(_TABLE, "unit")


def _ask(policy: str, clause: str, condition: str) -> None:
    op.execute(f"alter policy {policy} on {_TABLE} {clause} ({condition})")
