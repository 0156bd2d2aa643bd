"""Who may do what in an embedded database.

Dramatis personae: the *superuser* makes roles and databases and is used for nothing else; the *owner* runs the
migrations and owns the tables; *casefile_service* is what answers callers, *casefile_worker* what acts without one and
*casefile_sequencer* what numbers the log; none of them owns anything. Each has a generated password.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

SUPERUSER, OWNER = "postgres", "casefile_owner"
SERVICE, WORKER, SEQUENCER = "casefile_service", "casefile_worker", "casefile_sequencer"
DATABASE = "casefile"


@dataclass(frozen=True)
class DatabaseAddresses:
    """Where the database is, for each of the roles."""

    superuser: str
    owner: str
    service: str
    worker: str
    sequencer: str


def make_roles_and_database(addresses: DatabaseAddresses) -> None:
    """Everybody and everything that the addresses name; what is there already is brought to the same state."""
    with psycopg.connect(addresses.superuser, autocommit=True) as connection:
        for address in (addresses.owner, addresses.service, addresses.worker, addresses.sequencer):
            whose = urlsplit(address)
            _ensure_role(connection, str(whose.username), str(whose.password))
        _ensure_database(connection, DATABASE, OWNER)
        for role in (SERVICE, WORKER, SEQUENCER):
            names = sql.Identifier(role), sql.Identifier(OWNER)
            connection.execute(sql.SQL("grant {} to {} with admin option").format(*names))
            names = sql.Identifier(DATABASE), sql.Identifier(role)
            connection.execute(sql.SQL("grant connect on database {} to {}").format(*names))


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    """A login role with that password and no other rights."""
    known = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    verb = sql.SQL("alter" if known else "create")
    connection.execute(
        sql.SQL("{} role {} with login password {}").format(verb, sql.Identifier(role), sql.Literal(password))
    )


def _ensure_database(connection: psycopg.Connection, database: str, owner: str) -> None:
    """A database of that owner, into which nobody else gets unless granted."""
    if connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone():
        return
    name, role = sql.Identifier(database), sql.Identifier(owner)
    connection.execute(sql.SQL("create database {} owner {}").format(name, role))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
