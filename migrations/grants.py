"""Roles and what each may do. The service's role owns nothing; append-only tables are granted insert at most."""

from alembic import op

SERVICE_ROLE = "casefile_service"


def create_service_role() -> None:
    """Make the service's role where it is missing, and let the owner act as it."""
    op.execute(
        f"""
        do $$ begin
            if not exists (select from pg_roles where rolname = '{SERVICE_ROLE}') then
                create role {SERVICE_ROLE} nologin;
            end if;
        exception when duplicate_object or unique_violation then null;
        end $$
        """
    )
    op.execute(f"grant {SERVICE_ROLE} to current_user")
    op.execute(f"grant usage on schema public to {SERVICE_ROLE}")


def grant(table: str, rights: str) -> None:
    """Give the service's role these rights on a table."""
    op.execute(f"grant {rights} on {table} to {SERVICE_ROLE}")
