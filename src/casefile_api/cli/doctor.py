"""What `doctor` does: try the object store, and say in words what it guarantees and what the service does instead."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from casefile_api.attachments.bucket import prepare_bucket
from casefile_api.attachments.storage import Storage
from casefile_api.attachments.store_probe import Guarantee, probe_store
from casefile_api.cli.parts import storage_environment
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.seaweedfs import SeaweedFS
from casefile_api.settings import Settings


def examine_store(console: Console) -> None:
    """Try the store that the settings name, or the embedded one; raises what `prepare_bucket` raises."""
    with _store(Settings()) as settings:
        storage = Storage(settings)
        try:
            with console.status("Trying the object store …"):
                asyncio.run(prepare_bucket(storage))
                found = probe_store(storage)
        finally:
            storage.close()
    _tell(console, settings, found)


@contextmanager
def _store(settings: Settings) -> Iterator[Settings]:
    if settings.s3_endpoint_url:
        yield settings
        return
    directory = DataDirectory(settings.data_dir)
    directory.create()
    store = SeaweedFS(directory)
    if directory.in_use:
        os.environ.update(found := storage_environment(store.address(), settings))
        yield settings.with_values(s3_endpoint_url=found["CASEFILE_S3_ENDPOINT_URL"])
        return
    with directory.held():
        try:
            os.environ.update(found := storage_environment(store.start(), settings))
            yield settings.with_values(s3_endpoint_url=found["CASEFILE_S3_ENDPOINT_URL"])
        finally:
            store.stop()


def _tell(console: Console, settings: Settings, found: list[Guarantee]) -> None:
    table = Table(title=f"The store at {settings.s3_endpoint_url}, bucket {settings.s3_bucket}", title_justify="left")
    for heading in ("what", "holds", "so"):
        table.add_column(heading)
    for guarantee in found:
        table.add_row(guarantee.name, "yes" if guarantee.holds else "no", guarantee.sentence)
    console.print(table)
