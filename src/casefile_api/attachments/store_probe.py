"""What a store really guarantees, found out by trying; and what the service does where it does not.

Stores that call themselves S3 differ in what they check. None of this is relied on for integrity: what was uploaded is
read back and hashed in any case. But an operator should know.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx2 as httpx

from casefile_api.attachments.lifecycle import give_up_unfinished
from casefile_api.attachments.links import Link, get_link, part_link, put_link
from casefile_api.attachments.locking import has_lock
from casefile_api.attachments.storage import Answer, MissingObject, Storage, StoreRefused
from casefile_api.clock import real_now
from casefile_api.identifiers import random_hex

_LIFETIME = timedelta(minutes=5)
_LONGEST_LEEWAY_SECONDS = 10
_BODY = b"what was signed"
_OTHER = b"what was edited"
_SHA256 = hashlib.sha256(_BODY).hexdigest()


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Something a store may promise: whether it holds, and the sentence that says what follows."""

    name: str
    holds: bool
    sentence: str


def probe_store(storage: Storage) -> list[Guarantee]:
    """Try the store, on objects of our own that are removed again: waits, so it is for a thread or a command."""
    prefix = f"probe/{random_hex(16)}/"
    with httpx.Client(timeout=20, trust_env=False) as outside:
        try:
            return [
                Guarantee(name, holds := trial(storage, outside, prefix + str(number)), yes if holds else no)
                for number, (name, trial, yes, no) in enumerate(_TRIALS)
            ]
        finally:
            _remove(storage, prefix)


Trial = Callable[[Storage, httpx.Client, str], bool]


def _put(outside: httpx.Client, link: Link, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    length = {"Content-Length": str(len(body))}
    return outside.put(link.url, content=body, headers={**link.headers, **length, **(headers or {})}).status_code


def _signed(storage: Storage, key: str) -> Link:
    return put_link(storage, key, size_bytes=len(_BODY), sha256=_SHA256, lifetime=_LIFETIME)


def _refuses_another_body(storage: Storage, outside: httpx.Client, key: str) -> bool:
    return _put(outside, _signed(storage, key), _OTHER) >= 400


def _refuses_another_length(storage: Storage, outside: httpx.Client, key: str) -> bool:
    return _put(outside, _signed(storage, key), _BODY + b"!") >= 400


def _refuses_another_part(storage: Storage, outside: httpx.Client, key: str) -> bool:
    upload = storage.ask("create_multipart_upload", Key=key, ChecksumAlgorithm="SHA256")["UploadId"]
    try:
        link = part_link(storage, key, upload, 1, size_bytes=len(_BODY), sha256=_SHA256, lifetime=_LIFETIME)
        return _put(outside, link, _OTHER) >= 400
    finally:
        storage.ask("abort_multipart_upload", Key=key, UploadId=upload)


def _writes_once(storage: Storage, outside: httpx.Client, key: str) -> bool:
    return _put(outside, _signed(storage, key), _BODY) == 200 and _put(outside, _signed(storage, key), _BODY) == 412


def _refuses_the_unsigned(storage: Storage, outside: httpx.Client, key: str) -> bool:
    storage.ask("put_object", Key=key, Body=_BODY)
    link = get_link(storage, key, None, media_type="text/plain", name="probe", lifetime=_LIFETIME)
    return outside.get(link.url).status_code == 200 and outside.get(link.url.split("?")[0]).status_code >= 400


def _keeps_versions(storage: Storage, outside: httpx.Client, key: str) -> bool:
    first = storage.ask("put_object", Key=key, Body=_BODY).get("VersionId")
    storage.ask("put_object", Key=key, Body=_OTHER)
    storage.ask("delete_object", Key=key)
    if first is None:
        return False
    link = get_link(storage, key, first, media_type="text/plain", name="probe", lifetime=_LIFETIME)
    return outside.get(link.url).content == _BODY


def _reads_ranges(storage: Storage, outside: httpx.Client, key: str) -> bool:
    storage.ask("put_object", Key=key, Body=_BODY)
    link = get_link(storage, key, None, media_type="text/plain", name="probe", lifetime=_LIFETIME)
    part = outside.get(link.url, headers={"Range": "bytes=5-7"})
    return (part.status_code, part.content) == (206, _BODY[5:8])


def _ends_urls(storage: Storage, outside: httpx.Client, key: str) -> bool:
    storage.ask("put_object", Key=key, Body=_BODY)
    link = get_link(storage, key, None, media_type="text/plain", name="probe", lifetime=timedelta(seconds=1))
    until = time.monotonic() + _LONGEST_LEEWAY_SECONDS
    while outside.get(link.url).status_code == 200:
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def _binds_addresses(storage: Storage, outside: httpx.Client, key: str) -> bool:
    """Whether a URL that this machine got is refused to another address: tried where it has one, on loopback."""
    storage.ask("put_object", Key=key, Body=_BODY)
    link = get_link(storage, key, None, media_type="text/plain", name="probe", lifetime=_LIFETIME)
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=5) as elsewhere:
        try:
            return elsewhere.get(link.url).status_code >= 400
        except httpx.TransportError:
            return False


def _gives_up_unfinished(storage: Storage, outside: httpx.Client, key: str) -> bool:
    return give_up_unfinished(storage, storage.give_up_days)


def _tells_of_requests(storage: Storage, outside: httpx.Client, key: str) -> bool:
    try:
        return bool(storage.ask("get_bucket_logging").get("LoggingEnabled"))
    except (StoreRefused, MissingObject):
        return False


def _locks(storage: Storage, outside: httpx.Client, key: str) -> bool:
    if not has_lock(storage):
        return False
    version = {"Key": key, "VersionId": storage.ask("put_object", Key=key, Body=_BODY).get("VersionId")}
    until = real_now() + _LIFETIME
    storage.ask("put_object_retention", **version, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    storage.ask("put_object_legal_hold", **version, LegalHold={"Status": "ON"})
    kept = _cannot_be_deleted(storage, version)
    storage.ask("put_object_legal_hold", **version, LegalHold={"Status": "OFF"})
    kept = kept and _cannot_be_deleted(storage, version)
    with suppress(StoreRefused, MissingObject):
        storage.ask("delete_object", **version, BypassGovernanceRetention=True)
    return kept


def _cannot_be_deleted(storage: Storage, version: Answer) -> bool:
    try:
        storage.ask("delete_object", **version)
    except StoreRefused:
        return True
    return False


_TRIALS: tuple[tuple[str, Trial, str, str], ...] = (
    (
        "checksums of bodies",
        _refuses_another_body,
        "A body other than the one signed is refused on arrival.",
        "A body other than the one signed is taken; reading the file back finds it, and rejects it.",
    ),
    (
        "lengths of bodies",
        _refuses_another_length,
        "A body of another length than signed is refused on arrival.",
        "A body of another length is taken; reading the file back finds it, and rejects it.",
    ),
    (
        "checksums of parts",
        _refuses_another_part,
        "A part other than the one signed is refused on arrival.",
        "A part other than the one signed is taken; reading the file back finds it, and rejects the whole.",
    ),
    (
        "writing once",
        _writes_once,
        "An upload URL works once.",
        "An upload URL works until it expires; the version that was verified is the one that is served.",
    ),
    (
        "signatures",
        _refuses_the_unsigned,
        "Nothing can be read without a signed URL.",
        "Objects can be read WITHOUT a signed URL: do not use this store.",
    ),
    (
        "ends of URLs",
        _ends_urls,
        "A URL is refused after its time.",
        "A URL works LONGER than it was signed for: look at the store's clock, or use another store.",
    ),
    (
        "addresses",
        _binds_addresses,
        "A URL works for the address alone that it was given to.",
        "A URL works from any address while it lives, as S3 has it: one of a download lives a minute, one of an upload "
        "takes the signed bytes alone, and the log knows who asked, with a hash of their address. A bucket policy with "
        "aws:SourceIp keeps all of them to your networks.",
    ),
    (
        "versions",
        _keeps_versions,
        "What was verified stays readable although something was written over it.",
        "Overwritten objects are LOST: turn on versioning, or use another store.",
    ),
    (
        "ranges",
        _reads_ranges,
        "A broken download goes on where it stopped.",
        "A broken download begins again from the start.",
    ),
    (
        "unfinished uploads",
        _gives_up_unfinished,
        "Parts of an upload that nobody finished are given up by the store itself, where the worker never came to it.",
        "Parts of an upload that nobody finished are given up by the worker alone.",
    ),
    (
        "access log",
        _tells_of_requests,
        "The store writes down each request of the bucket: `casefile-api read-access-log` brings downloads from there "
        "into the chains of custody.",
        "The store does not say that it writes down requests of the bucket: the chain of custody tells who was given a "
        "URL, and not that the bytes went. Turn on server access logging; an operations log of Ceph RGW is read too, "
        "and is not seen here.",
    ),
    (
        "object lock",
        _locks,
        "A file that was submitted is not deleted while it is held; in mode `compliance` by nobody, in `governance` "
        "by nobody who has not taken the hold off first.",
        "Whoever has the service's credentials can delete what was submitted: the service itself never does, every "
        "file is read again within the set time, and a loss is said at once.",
    ),
)


def _remove(storage: Storage, prefix: str) -> None:
    for page in storage.pages("list_object_versions", Prefix=prefix):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            with suppress(StoreRefused):
                storage.ask("delete_object", Key=version["Key"], VersionId=version["VersionId"])
