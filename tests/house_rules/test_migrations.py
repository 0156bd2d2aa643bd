"""Migrations go up, down and up again, keep what they should, and make exactly the tables the code describes."""

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from casefile_api.database import driver_url
from tests.databases import ScratchDatabase
from tests.house_rules import sources

REVISIONS = sorted(path.stem.split("_")[0] for path in (sources.ROOT / "migrations" / "versions").glob("[0-9]*.py"))


def migrate(owner_url: str, act: str, revision: str = "") -> None:
    """One Alembic command on a database."""
    configuration = Config()
    configuration.set_main_option("script_location", str(sources.ROOT / "migrations"))
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.connect() as connection:
            configuration.attributes["connection"] = connection
            command.check(configuration) if act == "check" else getattr(command, act)(configuration, revision)
            connection.commit()
    finally:
        engine.dispose()


def tables(owner_url: str) -> set[str]:
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {name for (name,) in found} - {"alembic_version"}


def test_the_models_and_the_migrations_describe_the_same_tables(owner_database_url: str) -> None:
    migrate(owner_database_url, "check")


def test_everything_can_be_taken_back_and_made_again(owner_database_url: str) -> None:
    made = tables(owner_database_url)
    migrate(owner_database_url, "downgrade", "base")
    assert not tables(owner_database_url), "a downgrade leaves tables behind"
    migrate(owner_database_url, "upgrade", "head")
    assert tables(owner_database_url) == made


@pytest.mark.parametrize("revision", REVISIONS[1:-1])
def test_each_step_down_and_up_keeps_what_was_there_before_it(scratch_database: ScratchDatabase, revision: str) -> None:
    owner = scratch_database.owner_url
    with psycopg.connect(owner) as connection:
        connection.execute(
            "insert into organisation (id, kind, name, valid_from)"
            " values ('cps-nowhere', 'cps', 'Invented', '2020-01-01')"
        )
    migrate(owner, "downgrade", revision)
    migrate(owner, "upgrade", "head")
    with psycopg.connect(owner) as connection:
        kept = connection.execute("select name from organisation where id = 'cps-nowhere'").fetchall()
    assert kept == [("Invented",)]
