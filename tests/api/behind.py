"""The store behind the service's back: with its credentials, and without the service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from casefile_api.attachments.storage import Storage
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.seaweedfs import SeaweedFS
from casefile_api.settings import Settings
from tests.outside.client import Party


@contextmanager
def storage_of(directory: Path) -> Iterator[Storage]:
    """The store of a sandbox: the embedded one, or the one that all of them were given (CASEFILE_SANDBOX_STORE)."""
    data = DataDirectory(directory)
    given = os.environ.get("CASEFILE_SANDBOX_STORE")
    with pytest.MonkeyPatch.context() as patch:
        if given:
            settings = Settings(s3_endpoint_url=given, s3_bucket=data.kept_word("s3_bucket", ""))
        else:
            own = SeaweedFS(data).address()
            patch.setenv("AWS_ACCESS_KEY_ID", own.access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", own.secret_key)
            settings = Settings(s3_endpoint_url=own.endpoint_url)
        storage = Storage(settings)
    yield storage
    storage.close()


def newest(storage: Storage, attachment_id: str) -> dict[str, str]:
    """Key and version of the newest object of an attachment."""
    found = storage.ask("list_object_versions", Prefix=f"attachments/{attachment_id}/")["Versions"]
    return {name: next(each[name] for each in found if each["IsLatest"]) for name in ("Key", "VersionId")}


def all_events(system: Party) -> list[dict[str, Any]]:
    """Everything its organisation was told, from the beginning."""
    told: list[dict[str, Any]] = []
    cursor = None
    while True:
        after = {"limit": 200} | ({"after": cursor} if cursor else {})
        page = system.get("/v1/events", params=after).json()
        if not page["items"]:
            return told
        told += page["items"]
        cursor = page["next_cursor"]
