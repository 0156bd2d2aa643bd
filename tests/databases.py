"""Databases for tests: one server for each test process, one migrated template, and a fresh copy for whoever asks."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from casefile_api.cli import schema
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import OPTIONS, PostgreSQL
from casefile_api.embedded.roles import OWNER, SEQUENCER, SERVICE, WORKER, DatabaseAddresses
from tests.first_start import MIGRATED, laid_into

# Who may act in every role: what a test does at one address is done in the role that does it in earnest.
EACH = "casefile_each"


@dataclass(frozen=True)
class ScratchDatabase:
    """A migrated database of one test."""

    service_url: str
    owner_url: str


class DatabaseServer:
    """A running server with the template in it."""

    def __init__(self, addresses: DatabaseAddresses, *, migrated: bool) -> None:
        self._addresses = addresses
        self._numbers = itertools.count(1)
        self._each = addresses.service.replace(SERVICE, EACH, 1)
        self._run(f"create role {EACH} login password '{urlsplit(self._each).password}'")
        self._run(f"grant {SERVICE}, {WORKER}, {SEQUENCER} to {EACH}")
        self._run(f"grant {EACH} to {OWNER}")  # who may cut its connections
        if not migrated:
            self._run(f"create database {MIGRATED} owner {OWNER}")
            schema.upgrade(self._on(addresses.owner, MIGRATED))

    @contextmanager
    def scratch(self) -> Iterator[ScratchDatabase]:
        """A copy of the template, dropped afterwards with whoever is still connected."""
        name = f"scratch_{next(self._numbers)}"
        self._run(f"create database {name} template {MIGRATED} owner {OWNER} strategy file_copy")
        try:
            yield ScratchDatabase(self._on(self._each, name), self._on(self._addresses.owner, name))
        finally:
            self._run(f"drop database {name} with (force)")

    @contextmanager
    def backup(self, of: ScratchDatabase) -> Iterator[ScratchDatabase]:
        """A database as another one is now, to be restored from later."""
        name = f"backup_{next(self._numbers)}"
        source = of.owner_url.rpartition("/")[2]
        self._run(f"create database {name} template {source} owner {OWNER} strategy file_copy")
        try:
            yield ScratchDatabase(self._on(self._each, name), self._on(self._addresses.owner, name))
        finally:
            self._run(f"drop database {name} with (force)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._addresses.superuser, autocommit=True) as connection:
            connection.execute(statement.encode())

    @staticmethod
    def _on(address: str, database: str) -> str:
        return f"{address.rpartition('/')[0]}/{database}"


@contextmanager
def database_server(folder: Path) -> Iterator[DatabaseServer]:
    """A server on a folder of its own, stopped at the end; what is in it need not survive a power cut."""
    migrated = laid_into(folder)
    directory = DataDirectory(folder)
    directory.create()
    with directory.held():
        server = PostgreSQL(directory, OPTIONS | {"fsync": "off"})
        try:
            yield DatabaseServer(server.start(), migrated=migrated)
        finally:
            server.stop()
