"""Jobs: the schema that Procrastinate brings along, and the rights of the service on it."""

from alembic import op
from procrastinate.schema import SchemaManager

from migrations.grants import SERVICE_ROLE, grant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("procrastinate_events", "procrastinate_periodic_defers", "procrastinate_jobs", "procrastinate_workers")


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the schema of the jobs needs a live connection")
    driver.execute(SchemaManager.get_schema())  # many statements in one string: the driver alone takes that
    for table in _TABLES:
        grant(table, "select, insert, update, delete")
        op.execute(f"grant usage on sequence {table}_id_seq to {SERVICE_ROLE}")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"drop table {table} cascade")
    op.execute(
        """
        do $$ declare found record; begin
            for found in select oid::regprocedure as signature from pg_proc where proname like 'procrastinate\\_%' loop
                execute 'drop function ' || found.signature || ' cascade';
            end loop;
        end $$
        """
    )
    for kind in ("procrastinate_job_to_defer_v1", "procrastinate_job_status", "procrastinate_job_event_type"):
        op.execute(f"drop type {kind}")
