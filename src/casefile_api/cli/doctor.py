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
from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.cli.parts import storage_environment
from casefile_api.cli.retained import newest_retained
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.seaweedfs import SeaweedFS
from casefile_api.ledger.checkpoints import parse_checkpoint, parse_note
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.settings import Settings

NO_LOCK = "the store has NO lock: whoever has its credentials can delete it"


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
        console.print(asyncio.run(_checkpoints_outside(settings)), soft_wrap=True, highlight=False)


async def _checkpoints_outside(settings: Settings) -> str:
    """Where checkpoints are kept outside the database, how far each place came, and which one counts."""
    kept = KeptCheckpoint.beside_key(settings)
    note = kept.read()
    bucket = "none in a bucket (CASEFILE_LOG_BUCKET names none)"
    retained = RetainedCheckpoints.of(settings)
    if retained is not None:
        try:
            kept.retained = await newest_retained(settings, retained, note)
            lock = "nobody can delete it" if retained.locked else NO_LOCK
            bucket = f"{_covered(kept.retained)} in the bucket {settings.checkpoint_bucket} ({lock})"
        finally:
            retained.close()
    which = "none" if kept.newest() is None else "the file" if kept.newest() == note else "the bucket"
    return (
        f"Checkpoints outside the database: {_covered(note)} in {kept.path}, {bucket}."
        f" Before it signs, the sequencer compares with the newer one: {which}."
    )


def _covered(note: str | None) -> str:
    return "none" if note is None else f"one over {parse_checkpoint(parse_note(note).text).tree_size:,} entries"


@contextmanager
def _store(settings: Settings) -> Iterator[Settings]:
    """The settings with the store that they name, or the embedded one, which is started where it does not run."""
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
