"""Letting go of events that were held back, whoever they are for; and what was told of a break-glass that ran out.

Who lifts a restriction cannot see the events of the other side. One function lets go of those that may be known now:
it looks at the case file as it is, and trusts nothing that it is told but which case file.
"""

import sqlalchemy as sa
from alembic import op

from migrations.grants import SERVICE_ROLE, WORKER_ROLE, grant

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLE = "case_file_break_glass"
_LET_GO = """
    create function casefile_let_go(wanted uuid) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$ begin
        if not public.casefile_sees(wanted) then
            return;
        end if;
        insert into public.event_pending (event_id, organisation)
        select e.event_id, e.organisation
        from public.event e join public.case_file c on c.id = e.case_file_id
        where c.id = wanted and e.endpoint_id is null
          and (not c.restricted or e.organisation || '#system' = any(c.admitted))
          and not exists (select from public.event_position p
                          where p.event_id = e.event_id and p.organisation = e.organisation)
        on conflict do nothing;
    end $$
    """


def upgrade() -> None:
    """Add the function, and the time at which the end of a break-glass was told."""
    op.execute(_LET_GO)
    op.execute("revoke execute on function casefile_let_go from public")
    op.execute(f"grant execute on function casefile_let_go to {SERVICE_ROLE}")
    op.add_column(_TABLE, sa.Column("end_told_at", sa.DateTime(timezone=True)))
    running = sa.text("ended_at is null and end_told_at is null")
    op.create_index("case_file_break_glass_running", _TABLE, ["until"], postgresql_where=running)
    grant(_TABLE, "update (end_told_at)", to=WORKER_ROLE)


def downgrade() -> None:
    """Take both away again."""
    op.drop_index("case_file_break_glass_running", _TABLE)
    op.drop_column(_TABLE, "end_told_at")
    op.execute("drop function casefile_let_go")
