"""The tables, brought to the state this program needs, and whether they are.

One upgrade at a time: an advisory lock makes a second program wait for the first, and then find nothing left to do.
Looking is quick on purpose (no Alembic): every process does it when it starts.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import psycopg

import casefile_api
from casefile_api.errors import Misconfigured
from casefile_api.settings import Settings

LOCK = 0x6361_7365  # "case": any number will do, as long as every program uses the same
_REVISION = re.compile(r'^(revision|down_revision)(?:: [^=]+)? = (?:"(\w+)"|None)$', re.MULTILINE)


def newest_revision() -> str:
    """The revision this program needs: the one that no other builds on."""
    revisions: set[str] = set()
    built_on: set[str | None] = set()
    for file in (migrations_folder() / "versions").glob("*.py"):
        names = dict(_REVISION.findall(file.read_text(encoding="utf-8")))
        revisions.add(names["revision"])
        built_on.add(names.get("down_revision"))
    newest = revisions - built_on
    if len(newest) != 1:
        raise Misconfigured("The migrations of this installation do not form one line; install the program again.")
    return newest.pop()


def current_revision(url: str) -> str | None:
    """The revision the database is at; None if it has no tables yet."""
    try:
        with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1), connect_timeout=10) as connection:
            known = connection.execute("select to_regclass('alembic_version')").fetchone()
            if known is None or known[0] is None:
                return None
            found = connection.execute("select max(version_num) from alembic_version").fetchone()
            return str(found[0]) if found and found[0] else None
    except psycopg.OperationalError:
        raise Misconfigured(
            "The database does not answer or does not let us in: is it running, and is CASEFILE_DATABASE_URL right?"
        ) from None


def check_tables(service_url: str) -> None:
    """Refuse to serve on tables that are not what this program needs."""
    found, needed = current_revision(service_url), newest_revision()
    if found != needed:
        raise Misconfigured(
            f"The tables are at {found or 'nothing'}, not at {needed}: run `casefile-api migrate` first."
        )


def await_tables(service_url: str, seconds: float) -> None:
    """Wait for whoever started us to have brought database and tables up; then it is as with `check_tables`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            return check_tables(service_url)
        except Misconfigured:
            time.sleep(0.1)
    return check_tables(service_url)


def upgrade(owner_url: str) -> tuple[str | None, str]:
    """Apply what is missing, as the owner; answers the revision before and after."""
    before, newest = current_revision(owner_url), newest_revision()
    if before != newest:
        _apply(owner_url)
    return before, newest


def record_migration(settings: Settings, before: str | None, after: str) -> None:
    """Have the log say that the tables were changed, and from what to what."""
    import asyncio

    from casefile_api.cli.administration import administering
    from casefile_api.clock import Clock
    from casefile_api.unattended import unattended

    async def record() -> None:
        async with administering(settings) as database, unattended(database, Clock(), "migrate_tables") as act:
            act.trail.about("tables", after)
            act.trail.details = {"from": before, "to": after}

    asyncio.run(record())


def _apply(owner_url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text

    from casefile_api.database import driver_url

    configuration = Config()
    configuration.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    configuration.set_main_option("prepend_sys_path", str(migrations_folder().parent).replace("%", "%%"))
    configuration.set_main_option("path_separator", "newline")
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            configuration.attributes |= {"connection": connection, "upgrade_only": True}
            command.upgrade(configuration, "head")
            connection.commit()
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    finally:
        engine.dispose()


def migrations_folder() -> Path:
    """Where the migrations are: beside the package in an installation, beside `src` in a working copy."""
    package = Path(casefile_api.__file__).parent
    for parent in package.parents[:2]:
        if (parent / "migrations" / "env.py").exists():
            return parent / "migrations"
    raise Misconfigured("The folder of migrations is missing; install the program again.")
