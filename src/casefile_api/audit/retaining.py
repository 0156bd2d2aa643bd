"""Checkpoints in a bucket of their own, locked in compliance mode: nobody can delete one before its day, we included.

The file beside the key follows every checkpoint; this follows at a pace of minutes, and is what is left when a machine
is put back as a whole. Keys fall as trees grow, so that the newest is listed first; versions are read, so that neither
a delete marker nor something written over it hides one.
"""

from collections.abc import Collection
from datetime import timedelta
from urllib.parse import quote

import structlog

from casefile_api.attachments.bucket import prepare_bucket
from casefile_api.attachments.locking import has_lock
from casefile_api.attachments.storage import MissingObject, Storage, StoreRefused
from casefile_api.clock import real_now
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.ledger.checkpoints import (
    MAX_NOTE_SIZE_CHARACTERS,
    CheckpointError,
    VerifierKey,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
)
from casefile_api.settings import Settings

_ABOVE_ALL_SIZES = 10**18
_SECONDS = 60

_log = structlog.get_logger("casefile_api.retaining")


class RetainedCheckpoints:
    """The bucket with the checkpoints."""

    def __init__(self, settings: Settings) -> None:
        # Where the store has no lock they are kept all the same, against the loss of a disk.
        self.storage = Storage(settings.with_values(s3_bucket=settings.checkpoint_bucket, object_lock=None))
        self._days = settings.log_bucket_days
        self._prepared = False
        self.locked = False

    @classmethod
    def of(cls, settings: Settings) -> "RetainedCheckpoints | None":
        """The bucket of the settings; None where they name none."""
        return cls(settings) if settings.checkpoint_bucket else None

    async def newest(self, origin: str, keys: Collection[VerifierKey]) -> str | None:
        """The newest one of this log that one of these keys signed.

        Raises DependencyUnavailable where the store does not answer, Misconfigured where the bucket cannot be had.
        """
        await self.prepare()
        try:
            return await self.storage.call(lambda: self._find(origin, keys), seconds=_SECONDS)
        except StoreRefused as refused:
            raise Misconfigured(f"The bucket {self.storage.bucket} cannot be listed ({refused.reason}).") from None

    async def retain(self, note: str) -> None:
        """Put a checkpoint there, and lock it."""
        await self.prepare()
        try:
            await self.storage.call(lambda: self._put(note), seconds=_SECONDS)
        except (MissingObject, StoreRefused) as refused:
            self._prepared = False
            said = refused.reason if isinstance(refused, StoreRefused) else "it is gone"
            raise DependencyUnavailable(f"The bucket {self.storage.bucket} takes no checkpoint ({said}).") from None

    async def prepare(self) -> None:
        """Make and check the bucket at its first use; say once where it has no lock."""
        if self._prepared:
            return
        await prepare_bucket(self.storage)
        self.locked = await self.storage.call(lambda: has_lock(self.storage))
        if not self.locked:
            _log.warning("checkpoints_not_locked", bucket=self.storage.bucket)
        self._prepared = True

    def close(self) -> None:
        """Let go of threads and connections."""
        self.storage.close()

    def _put(self, note: str) -> None:
        checkpoint = parse_checkpoint(parse_note(note).text)
        key = _key(checkpoint.origin, checkpoint.tree_size)
        put = self.storage.ask("put_object", Key=key, Body=note.encode(), ContentType="text/plain; charset=utf-8")
        if self.locked:
            retention = {"Mode": "COMPLIANCE", "RetainUntilDate": real_now() + timedelta(days=self._days)}
            self.storage.ask("put_object_retention", Key=key, VersionId=put["VersionId"], Retention=retention)

    def _find(self, origin: str, keys: Collection[VerifierKey]) -> str | None:
        for page in self.storage.pages("list_object_versions", Prefix=_prefix(origin)):
            for version in sorted(page.get("Versions", []), key=_place):
                note = self._read(version["Key"], version["VersionId"])
                try:
                    if open_checkpoint(note, keys).origin == origin:
                        return note
                except CheckpointError:
                    _log.warning("retained_checkpoint_not_good", key=version["Key"])
        return None

    def _read(self, key: str, version_id: str) -> str:
        try:
            answer = self.storage.ask("get_object", Key=key, VersionId=version_id)
        except (MissingObject, StoreRefused):
            return ""
        first: bytes = next(self.storage.chunks(answer, MAX_NOTE_SIZE_CHARACTERS), b"")
        return first.decode("utf-8", "replace")


def _place(version: dict[str, object]) -> str:
    return str(version["Key"])


def _prefix(origin: str) -> str:
    return f"checkpoints/{quote(origin, safe='')}/"


def _key(origin: str, size: int) -> str:
    return f"{_prefix(origin)}{_ABOVE_ALL_SIZES - size:019d}-{size}"
