"""Objects in storage: uploads in parts, looking, removing, and streams in constant memory."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from casefile_api.attachments.inspection.ranged import Ranged
from casefile_api.attachments.links import checksum
from casefile_api.attachments.locking import Kept, remove_although_held
from casefile_api.attachments.parts import PART_LIMIT
from casefile_api.attachments.storage import Answer, Closing, MissingObject, Storage, StoreRefused
from casefile_api.errors import DependencyUnavailable

CHUNK_BYTES = 1024 * 1024
_WRITTEN_PART_BYTES = 8 * CHUNK_BYTES
_RESUMPTIONS = 6
_COPIED_AT_ONCE_BYTES = 256 * CHUNK_BYTES


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that storage has received.

    `etags` is what it wants to hear when the parts are joined: one for each time the part was sent, the newest first.
    """

    number: int
    size_bytes: int
    etags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as storage tells of it: a claim, not a proof."""

    size_bytes: int
    version_id: str | None


async def begin_parts(storage: Storage, key: str) -> str:
    """Begin an upload in parts; returns the upload's id."""
    answer = await storage.call(lambda: storage.ask("create_multipart_upload", Key=key, ChecksumAlgorithm="SHA256"))
    return str(answer["UploadId"])


async def list_parts(storage: Storage, key: str, upload_id: str) -> list[StoredPart]:
    """Return the parts received so far, by number.

    Raises MissingObject where the upload was joined, abandoned or never begun.
    """

    def all_parts() -> list[StoredPart]:
        listed = [
            part for page in storage.pages("list_parts", Key=key, UploadId=upload_id) for part in page.get("Parts", [])
        ]
        # SeaweedFS lists a part as often as it was sent. The one sent last counts, and two may be of one second.
        listed.sort(key=lambda part: part["LastModified"], reverse=True)
        sent: dict[int, list[Answer]] = {}
        for part in listed:
            sent.setdefault(int(part["PartNumber"]), []).append(part)
        return [
            StoredPart(number, int(copies[0]["Size"]), tuple(dict.fromkeys(str(copy["ETag"]) for copy in copies)))
            for number, copies in sorted(sent.items())
        ]

    return await storage.call(all_parts)


async def is_open(storage: Storage, key: str, upload_id: str) -> bool:
    """Say whether parts can still be sent to an upload: stores may give up old ones by themselves."""
    try:
        await storage.call(lambda: storage.ask("list_parts", Key=key, UploadId=upload_id, MaxParts=1))
    except MissingObject:
        return False
    return True


async def join_parts(storage: Storage, key: str, upload_id: str, parts: Sequence[tuple[StoredPart, str]]) -> None:
    """Join the parts, each with its SHA-256, into the object.

    Where a part was sent more than once and storage does not know its newest tag, the others are tried: which copy it
    took is found out when the object is read back. Raises MissingObject where the upload is gone, WrittenAlready where
    the object is there, StoreRefused where storage joins none of them.
    """
    most = max(len(part.etags) for part, _ in parts)
    for copy in range(most):
        joined = [
            {
                "PartNumber": part.number,
                "ETag": part.etags[min(copy, len(part.etags) - 1)],
                "ChecksumSHA256": checksum(sha256),
            }
            for part, sha256 in parts
        ]
        try:
            await storage.call(partial(_join, storage, key, upload_id, joined), seconds=60)
        except StoreRefused:
            if copy == most - 1:
                raise
        else:
            return


def _join(storage: Storage, key: str, upload_id: str, joined: Sequence[Answer]) -> None:
    together = {"Parts": joined}
    storage.ask("complete_multipart_upload", Key=key, UploadId=upload_id, MultipartUpload=together, IfNoneMatch="*")


async def abandon_parts(storage: Storage, key: str, upload_id: str) -> None:
    """Give up an upload in parts; one that is gone already is given up."""
    try:
        await storage.call(lambda: storage.ask("abort_multipart_upload", Key=key, UploadId=upload_id))
    except MissingObject:
        return


async def abandon_all(storage: Storage, prefix: str) -> None:
    """Give up every upload in parts under a prefix: what a worker that was killed left behind."""

    def abandon() -> None:
        for page in storage.pages("list_multipart_uploads", Prefix=prefix):
            for upload in page.get("Uploads", []):
                storage.ask("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])

    await storage.call(abandon)


async def find_object(storage: Storage, key: str) -> StoredObject | None:
    """Return what storage says of the object, None where there is none."""
    try:
        head = await storage.call(lambda: storage.ask("head_object", Key=key))
    except MissingObject:
        return None
    return StoredObject(int(head["ContentLength"]), head.get("VersionId"))


async def remove_objects(storage: Storage, prefix: str, *, keep: str | None = None) -> None:
    """Remove every version of the objects under a prefix, but for one; what is gone already is removed."""

    def remove_versions() -> None:
        for page in storage.pages("list_object_versions", Prefix=prefix):
            for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                if version["Key"] != keep:
                    storage.ask("delete_object", Key=version["Key"], VersionId=version["VersionId"])

    await storage.call(remove_versions)


async def remove_held_objects(storage: Storage, prefix: str) -> Kept | None:
    """Remove every version of the objects under a prefix, held or not; returns what the store keeps longest."""

    def remove_versions() -> list[Kept]:
        return [
            kept
            for page in storage.pages("list_object_versions", Prefix=prefix)
            for version in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            if (kept := remove_although_held(storage, version["Key"], version["VersionId"])) is not None
        ]

    return max(await storage.call(remove_versions), key=lambda kept: kept.until, default=None)


def read_object(storage: Storage, key: str, version_id: str | None, *, patience: int = _RESUMPTIONS) -> Iterator[bytes]:
    """Read an object to its end in chunks, going on from where a broken connection left it: for `storage.stream`.

    `patience` is how often it is asked again without getting further. Raises MissingObject where it is gone,
    DependencyUnavailable where the store gives up.
    """
    version = {"VersionId": version_id} if version_id else {}
    offset, failures, size = 0, 0, None
    while size is None or offset < size:
        before = offset
        try:
            answer = storage.ask("get_object", Key=key, **version, **({"Range": f"bytes={offset}-"} if offset else {}))
            size = offset + int(answer["ContentLength"])
            for chunk in storage.chunks(answer, CHUNK_BYTES):
                offset += len(chunk)
                yield chunk
        except (Closing, StoreRefused):
            raise
        except DependencyUnavailable:
            failures = 1 if offset > before else failures + 1
            if failures > patience:
                raise
            time.sleep(min(2.0, 0.1 * 2**failures))


def ranged_object(storage: Storage, key: str, version_id: str | None, size_bytes: int) -> Ranged:
    """Read here and there in an object: for `storage.stream`. Raises as `read_object` does."""
    version = {"VersionId": version_id} if version_id else {}

    def fetch(offset: int, length: int) -> bytes:
        wanted = f"bytes={offset}-{offset + length - 1}"
        answer = storage.ask("get_object", Key=key, Range=wanted, **version)
        return b"".join(storage.chunks(answer, CHUNK_BYTES))

    return Ranged(size_bytes, fetch)


def write_object(storage: Storage, key: str, chunks: Iterator[bytes]) -> StoredObject:
    """Write an object of unknown length in parts, or nothing where that fails: for `storage.stream`."""
    upload = {"Key": key, "UploadId": storage.ask("create_multipart_upload", Key=key)["UploadId"]}
    try:
        parts = []
        for number, data in enumerate(_gathered(chunks), 1):
            etag = storage.ask("upload_part", **upload, PartNumber=number, Body=data)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
        answer = storage.ask("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
    except Closing:
        # The next build clears away what this one leaves.
        raise
    except BaseException:
        storage.ask("abort_multipart_upload", **upload)
        raise
    return StoredObject(int(storage.ask("head_object", Key=key)["ContentLength"]), answer.get("VersionId"))


def copy_object(storage: Storage, key: str, version_id: str | None, to_key: str, size_bytes: int) -> None:
    """Have storage copy a version to another key, which nothing was written under: for `storage.stream`.

    In stretches, each of which is an answer within the time limit. Raises MissingObject where it is gone.
    """
    source = {"Bucket": storage.bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
    if size_bytes <= _COPIED_AT_ONCE_BYTES:
        storage.ask("copy_object", Key=to_key, CopySource=source, MetadataDirective="REPLACE")
        return
    stretch_bytes = max(_COPIED_AT_ONCE_BYTES, -(-size_bytes // PART_LIMIT))
    upload = {"Key": to_key, "UploadId": storage.ask("create_multipart_upload", Key=to_key)["UploadId"]}
    parts = []
    for number, start in enumerate(range(0, size_bytes, stretch_bytes), 1):
        stretch = f"bytes={start}-{min(start + stretch_bytes, size_bytes) - 1}"
        answer = storage.ask(
            "upload_part_copy", **upload, PartNumber=number, CopySource=source, CopySourceRange=stretch
        )
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    storage.ask("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})


def _gathered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Gather chunks into parts that a store takes; there is always at least one part."""
    held = bytearray()
    sent = False
    for chunk in chunks:
        held += chunk
        while len(held) >= _WRITTEN_PART_BYTES:
            yield bytes(held[:_WRITTEN_PART_BYTES])
            del held[:_WRITTEN_PART_BYTES]
            sent = True
    if held or not sent:
        yield bytes(held)
