"""How Alembic reaches the database: over a connection handed in, or as the owner named in the settings."""

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlmodel import SQLModel

import casefile_api
from casefile_api.database import driver_url
from casefile_api.settings import Settings
from casefile_api.tenancy import SEQUENCER_ROLE, SERVICE_ROLE, WORKER_ROLE


def every_table() -> None:
    """Import every capability's tables, so that a comparison with the database sees all of them."""
    from importlib import import_module
    from pathlib import Path

    package = Path(casefile_api.__file__).parent
    for models in sorted(package.rglob("*models.py")):
        import_module(".".join(("casefile_api", *models.relative_to(package).with_suffix("").parts)))


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Leave out of comparisons the tables of the job queue, which bring their own schema, and the log's partitions."""
    left_out = ("procrastinate_", "audit_entry_", "audit_leaf_", "audit_search_")
    return kind != "table" or not (name or "").startswith(left_out)


def run(connection: Connection) -> None:
    """Apply what is asked for in one transaction: all of it or nothing."""
    if not context.config.attributes.get("upgrade_only"):  # an upgrade compares nothing, and starts sooner without
        every_table()
    context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True, include_name=is_ours)
    with context.begin_transaction():
        context.run_migrations()
        # The service checks at its start that the tables are the ones it knows.
        for role in (SERVICE_ROLE, WORKER_ROLE, SEQUENCER_ROLE):
            known = connection.execute(text(f"select to_regclass('alembic_version'), to_regrole('{role}')")).one()
            if None not in known:
                connection.execute(text(f"grant select on alembic_version to {role}"))


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    run(given)
else:
    with create_engine(driver_url(Settings().owner_database_url)).connect() as own:
        run(own)
        own.commit()
