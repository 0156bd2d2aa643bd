"""The bucket with the checkpoints, for commands: that of the settings, or of the embedded store where it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.cli.parts import storage_environment
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.seaweedfs import SeaweedFS
from casefile_api.ledger.checkpoints import CheckpointError, SignerKey, parse_checkpoint, parse_note
from casefile_api.ledger.log_keys import key_file, load_private_keys
from casefile_api.settings import Settings


@contextmanager
def retained_in_reach(settings: Settings) -> Iterator[RetainedCheckpoints | None]:
    """The bucket; None where the settings name none, and where the embedded store does not run."""
    if not settings.s3_endpoint_url:
        directory = DataDirectory(settings.data_dir)
        if not directory.in_use:
            yield None
            return
        os.environ.update(found := storage_environment(SeaweedFS(directory).address(), settings))
        settings = settings.with_values(s3_endpoint_url=found["CASEFILE_S3_ENDPOINT_URL"])
    retained = RetainedCheckpoints.of(settings)
    try:
        yield retained
    finally:
        if retained is not None:
            retained.close()


async def newest_retained(settings: Settings, retained: RetainedCheckpoints, note: str | None) -> str | None:
    """The newest checkpoint in the bucket of the log whose checkpoint lies beside the key, or that is set."""
    await retained.prepare()
    if not key_file(settings).exists():
        return None
    try:
        origin = parse_checkpoint(parse_note(note).text).origin if note else settings.origin
    except CheckpointError:
        origin = settings.origin
    keys = [SignerKey(origin, key).verifier for key in load_private_keys(settings)]
    return await retained.newest(origin, keys)
