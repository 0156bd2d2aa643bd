"""The tables, brought to the state this program needs.

One start at a time: an advisory lock makes a second program wait for the first, and then find nothing left to do.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

import casefile_api
from casefile_api.database import driver_url
from casefile_api.errors import Misconfigured

LOCK = 0x6361_7365  # "case": any number will do, as long as every program uses the same


def upgrade(owner_url: str) -> tuple[str | None, str]:
    """Apply what is missing, as the owner; answers the revision before and after."""
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            before = MigrationContext.configure(connection).get_current_revision()
            connection.commit()
            if before != newest_revision():
                configuration = _configuration()
                configuration.attributes["connection"] = connection
                command.upgrade(configuration, "head")
                connection.commit()
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
            return before, newest_revision()
    except OperationalError:
        raise Misconfigured(
            "The database does not answer, or does not let its owner in: check CASEFILE_MIGRATION_DATABASE_URL"
            " (or CASEFILE_DATABASE_URL, where that is not set)."
        ) from None
    finally:
        engine.dispose()


def current_revision(url: str) -> str | None:
    """The revision the database is at; None if it has no tables yet."""
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            known = connection.execute(text("select to_regclass('alembic_version')")).scalar_one()
            if known is None:
                return None
            return connection.execute(text("select max(version_num) from alembic_version")).scalar_one_or_none()
    except OperationalError:
        raise Misconfigured(
            "The database does not answer or does not let us in: is it running, and is CASEFILE_DATABASE_URL right?"
        ) from None
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The revision this program needs."""
    head = ScriptDirectory.from_config(_configuration()).get_current_head()
    if head is None:
        raise Misconfigured("This installation has no migrations; install the program again.")
    return head


def _configuration() -> Config:
    """Where the migrations are: beside the package in an installation, beside `src` in a working copy."""
    package = Path(casefile_api.__file__).parent
    for parent in package.parents[:2]:
        if (parent / "migrations" / "env.py").exists():
            configuration = Config()
            configuration.set_main_option("script_location", str(parent / "migrations").replace("%", "%%"))
            configuration.set_main_option("prepend_sys_path", str(parent).replace("%", "%%"))
            configuration.set_main_option("path_separator", "newline")
            return configuration
    raise Misconfigured("The folder of migrations is missing; install the program again.")
