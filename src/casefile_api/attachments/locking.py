"""Object Lock: a store that has it refuses to delete or overwrite a locked version, whoever asks (S3 API, WORM)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from casefile_api.attachments.storage import MissingObject, Storage, StoreRefused
from casefile_api.errors import Misconfigured
from casefile_api.settings import ObjectLock

_ENABLED = {"ObjectLockEnabled": "Enabled"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store keeps against everybody: by which mode, and until when."""

    mode: str
    until: datetime


def has_lock(storage: Storage) -> bool:
    """Say whether objects of the bucket can be locked: waits, so it is for a thread."""
    try:
        answer = storage.ask("get_object_lock_configuration")
    except (StoreRefused, MissingObject):
        return False
    return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")


def enable_lock(storage: Storage, wanted: ObjectLock | None) -> None:
    """Let objects of the bucket be locked: waits, so it is for a thread.

    Raises Misconfigured where it was asked for and the store does not do it.
    """
    if wanted is ObjectLock.OFF or has_lock(storage):
        return
    try:
        storage.ask("put_object_lock_configuration", ObjectLockConfiguration=_ENABLED)
    except (StoreRefused, MissingObject) as refused:
        if wanted is None:
            return
        said = refused.reason if isinstance(refused, StoreRefused) else "it is gone"
        raise Misconfigured(
            f"Objects of the bucket {storage.bucket} cannot be locked ({said}): create it with Object Lock, or set "
            "CASEFILE_OBJECT_LOCK=off."
        ) from refused


async def lock_object(
    storage: Storage, key: str, version_id: str | None, wanted: ObjectLock | None, until: datetime
) -> ObjectLock | None:
    """Lock a version until then, and put it on legal hold beyond; returns the mode, None where there is no lock."""
    if wanted is ObjectLock.OFF or version_id is None:
        return None
    mode = wanted or ObjectLock.GOVERNANCE

    def lock() -> ObjectLock | None:
        if not has_lock(storage):
            return None
        version = {"Key": key, "VersionId": version_id}
        retention = {"Mode": mode.name, "RetainUntilDate": until}
        storage.ask("put_object_retention", **version, Retention=retention)
        storage.ask("put_object_legal_hold", **version, LegalHold={"Status": "ON"})
        return mode

    return await storage.call(lock)


def remove_although_held(storage: Storage, key: str, version_id: str) -> Kept | None:
    """Remove a version that was held, for an erasure that two people decided: waits, so it is for a thread.

    Takes off the legal hold, and passes over a retention in mode `governance` where the credentials may. Returns what
    the store does not let go of; raises StoreRefused where it does not say why it keeps it.
    """
    version = {"Key": key, "VersionId": version_id}
    # What was written or deleted over it is not held, and a mark of deletion knows no hold (NoSuchKey on Ceph).
    with suppress(StoreRefused, MissingObject):
        storage.ask("put_object_legal_hold", **version, LegalHold={"Status": "OFF"})
    try:
        storage.ask("delete_object", **version, BypassGovernanceRetention=True)
    except StoreRefused as refused:
        retention = _retention(storage, key, version_id)
        if retention is None:
            raise refused
        return retention
    return None


def _retention(storage: Storage, key: str, version_id: str) -> Kept | None:
    try:
        told = storage.ask("get_object_retention", Key=key, VersionId=version_id)["Retention"]
        return Kept(str(told["Mode"]).lower(), told["RetainUntilDate"])
    except (StoreRefused, MissingObject, KeyError):
        return None
