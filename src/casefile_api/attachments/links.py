"""Presigned requests: whoever holds one may make exactly this request, until it expires.

Length and SHA-256 are signed in, so the store itself refuses another body. Download links carry ids, never file names.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from casefile_api.attachments.storage import Storage
from casefile_api.clock import real_now


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned request, with the headers that have to be sent as given."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


def put_link(storage: Storage, key: str, *, size_bytes: int, sha256: str, lifetime: timedelta) -> Link:
    """Sign the upload of a whole object, to be written once: a second use is refused by the store (412)."""
    url = storage.sign(
        "put_object",
        _seconds(lifetime),
        Key=key,
        ContentLength=size_bytes,
        ChecksumSHA256=checksum(sha256),
        IfNoneMatch="*",
    )
    return Link(url, {**_upload_headers(size_bytes, sha256), "If-None-Match": "*"}, _end(lifetime))


def part_link(
    storage: Storage, key: str, upload_id: str, number: int, *, size_bytes: int, sha256: str, lifetime: timedelta
) -> Link:
    """Sign the upload of one part of a larger object."""
    url = storage.sign(
        "upload_part",
        _seconds(lifetime),
        Key=key,
        UploadId=upload_id,
        PartNumber=number,
        ContentLength=size_bytes,
        ChecksumSHA256=checksum(sha256),
    )
    return Link(url, _upload_headers(size_bytes, sha256), _end(lifetime))


def get_link(
    storage: Storage,
    key: str,
    version_id: str | None,
    *,
    media_type: str,
    name: str,
    lifetime: timedelta,
    entry: UUID | None = None,
) -> Link:
    """Sign the download of one version of an object, under a name made of ids, and for an entry of the log."""
    version = {"VersionId": version_id} if version_id else {}
    url = storage.sign(
        "get_object",
        _seconds(lifetime),
        entry=entry,
        Key=key,
        ResponseContentType=media_type,
        ResponseContentDisposition=f'attachment; filename="{name}"',
        ResponseCacheControl="private, no-store",
        **version,
    )
    return Link(url, {}, _end(lifetime))


def checksum(sha256: str) -> str:
    """Return a hex SHA-256 in the form of `x-amz-checksum-sha256`."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _upload_headers(size_bytes: int, sha256: str) -> dict[str, str]:
    return {"Content-Length": str(size_bytes), "x-amz-checksum-sha256": checksum(sha256)}


def _seconds(lifetime: timedelta) -> int:
    return int(lifetime.total_seconds())


def _end(lifetime: timedelta) -> datetime:
    # The store reckons in whole seconds of real time, whatever the sandbox's working time is.
    return real_now().replace(microsecond=0) + lifetime
