"""Which database and object store a command works on: those the settings name, or embedded ones in the data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from casefile_api.cli.supervision import Supervisor
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.embedded.roles import DatabaseAddresses
from casefile_api.embedded.seaweedfs import SeaweedFS, StorageAddress
from casefile_api.settings import Settings

WORKERS_WAY, SEQUENCERS_WAY = "CASEFILE_WORKER_DATABASE_URL", "CASEFILE_SEQUENCER_DATABASE_URL"


class Parts:
    """The parts that the settings do not name, started side by side with those who use them."""

    def __init__(self, settings: Settings) -> None:
        directory = DataDirectory(settings.data_dir)
        self._settings = settings
        self._database = None if settings.database_url else PostgreSQL(directory)
        self._store = None if settings.s3_endpoint_url else SeaweedFS(directory)

    def plan(self) -> dict[str, str]:
        """What they will add to the environment of those who use them, before they are started."""
        return self._environment(
            self._database.plan() if self._database else None, self._store.plan() if self._store else None
        )

    def begin(self, supervisor: Supervisor) -> None:
        """Let the one that takes a while come up by itself."""
        if self._store:
            supervisor.watch(self._store)
            self._store.begin()

    def finish(self, supervisor: Supervisor) -> dict[str, str]:
        """Start the rest and wait until all can be used; answers what they really add to the environment."""
        addresses = None
        if self._database:
            supervisor.watch(self._database)
            addresses = self._database.start()
        return self._environment(addresses, self._store.finish() if self._store else None)

    def _environment(self, addresses: DatabaseAddresses | None, store: StorageAddress | None) -> dict[str, str]:
        found = database_environment(addresses) if addresses else {}
        return found | (storage_environment(store, self._settings) if store else {})


def database_environment(addresses: DatabaseAddresses) -> dict[str, str]:
    """The settings that lead to an embedded database, as the roles that own nothing."""
    ways = {WORKERS_WAY: addresses.worker, SEQUENCERS_WAY: addresses.sequencer}
    return {"CASEFILE_DATABASE_URL": addresses.service, **ways}


def storage_environment(address: StorageAddress, settings: Settings) -> dict[str, str]:
    """The settings and credentials that lead to an embedded store."""
    return {
        "CASEFILE_S3_ENDPOINT_URL": address.endpoint_url,
        "CASEFILE_S3_PUBLIC_ENDPOINT_URL": settings.s3_public_endpoint_url or address.endpoint_url,
        "AWS_ACCESS_KEY_ID": address.access_key,
        "AWS_SECRET_ACCESS_KEY": address.secret_key,
    }


def uses_embedded_parts(settings: Settings) -> bool:
    """Whether anything has to be started here."""
    return not (settings.database_url and settings.s3_endpoint_url)


@contextmanager
def data_directory_held(settings: Settings) -> Iterator[DataDirectory]:
    """The data folder, made where it is missing and held for as long as we run."""
    directory = DataDirectory(settings.data_dir)
    directory.create()
    if uses_embedded_parts(settings):
        with directory.held():
            yield directory
    else:
        yield directory


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """The database for one command: the one named, the one a running service keeps, or one started for the occasion.

    The settings given back name it both as the service and as its owner.
    """
    if settings.database_url:
        yield settings
        return
    directory = DataDirectory(settings.data_dir)
    directory.create()
    server = PostgreSQL(directory)
    if directory.in_use:
        yield _reaching(settings, server.addresses())
        return
    with directory.held():
        try:
            yield _reaching(settings, server.start())
        finally:
            server.stop()


def _reaching(settings: Settings, addresses: DatabaseAddresses) -> Settings:
    return settings.with_values(
        database_url=addresses.service,
        worker_database_url=addresses.worker,
        sequencer_database_url=addresses.sequencer,
        migration_database_url=addresses.owner,
    )


def child_environment(*additions: Mapping[str, str], without: Sequence[str] = ()) -> dict[str, str]:
    """Our own environment, something added; the owner's way to the database is not for those who serve."""
    left_out = {"CASEFILE_MIGRATION_DATABASE_URL", *without}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    for addition in additions:
        environment |= addition
    return environment
