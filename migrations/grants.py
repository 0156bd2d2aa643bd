"""Roles and what each may do. The service's role owns nothing; append-only tables are granted insert at most.

Rights say which table, row-level security which rows: `secure` makes the policies of a table from one condition. They
read what the transaction says it acts for (`casefile_api.tenancy`); where nothing is said, no row is there. They hold
for the service's role: the owner, who migrates, and the functions below, which tell one fact each, are not bound.
"""

from alembic import op

SERVICE_ROLE, WORKER_ROLE = "casefile_service", "casefile_worker"

ORGANISATION = "(select current_setting('casefile.organisation', true))"
KIND = "(select current_setting('casefile.kind', true))"
PRINCIPALS = "(select string_to_array(current_setting('casefile.principals', true), ' '))"
HELD = "(select current_setting('casefile.held', true))"
BREAKING = "(select current_setting('casefile.breaking_glass', true))"
UNATTENDED = f"{KIND} = 'worker'"

OWN = f"organisation = {ORGANISATION}"
"""The row is the acting organisation's own, by its column `organisation`."""


def of_case(column: str = "case_file_id") -> str:
    """Return the condition that the case file named in a column can be seen: shared with who asks, or their own."""
    return f"exists (select from case_file seen where seen.id = {column})"


def of_row(table: str, column: str, key: str = "id") -> str:
    """Return the condition that the row of another secured table that a column names can be seen."""
    return f"exists (select from {table} seen where seen.{key} = {column})"


def create_role(role: str) -> None:
    """Make a role where it is missing, and let the owner act as it."""
    op.execute(
        f"""
        do $$ begin
            if not exists (select from pg_roles where rolname = '{role}') then
                create role {role} nologin;
            end if;
        exception when duplicate_object or unique_violation then null;
        end $$
        """
    )
    op.execute(f"grant {role} to current_user")
    op.execute(f"grant usage on schema public to {role}")


def grant(table: str, rights: str, *, to: str = SERVICE_ROLE) -> None:
    """Give a role these rights on a table."""
    op.execute(f"grant {rights} on {table} to {to}")


def secure(
    table: str, seen: str, *, written: str | None = None, added: str | None = None, unattended: str = "public"
) -> None:
    """Turn row-level security on: which rows are seen, which may be changed to, which added.

    What may be written is what is seen, where nothing else is said; what may be added is what may be written. Acts
    without a caller see every row: what they may do to it is a matter of rights. Since 0027 they have a role of their
    own, which a table made after it names as `unattended`.
    """
    written = written or seen
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy unattended on {table} to {unattended} using ({UNATTENDED}) with check ({UNATTENDED})")
    op.execute(f"create policy seen on {table} for select using ({seen})")
    op.execute(f"create policy added on {table} for insert with check ({added or written})")
    op.execute(f"create policy changed on {table} for update using ({seen}) with check ({written})")
    op.execute(f"create policy removed on {table} for delete using ({written})")


def unsecure(table: str) -> None:
    """Take the policies away again."""
    for policy in ("unattended", "seen", "added", "changed", "removed"):
        op.execute(f"drop policy {policy} on {table}")
    op.execute(f"alter table {table} disable row level security")
