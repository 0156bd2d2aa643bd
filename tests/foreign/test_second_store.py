"""A second store beside the embedded one, Ceph RGW: what it does not check is found by reading back (`make ceph`)."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest

from casefile_api.attachments.bucket import prepare_bucket
from casefile_api.attachments.findings import examine
from casefile_api.attachments.links import get_link, part_link, put_link
from casefile_api.attachments.locking import lock_object
from casefile_api.attachments.objects import (
    begin_parts,
    copy_object,
    find_object,
    join_parts,
    list_parts,
    read_object,
    remove_objects,
    write_object,
)
from casefile_api.attachments.storage import MissingObject, Storage, StoreRefused
from casefile_api.attachments.store_probe import probe_store
from casefile_api.settings import ObjectLock, Settings
from tests.outside.ceph import CephStore, is_installed

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not is_installed(), reason="Ceph is not installed"),
]
PART_BYTES = 5 * 1024 * 1024
PARTS = [bytes([number]) * PART_BYTES for number in (1, 2)] + [b"the rest"]
WHOLE = b"".join(PARTS)
LIFETIME = timedelta(minutes=5)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def settings(ceph_store: CephStore) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ceph_store.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", ceph_store.secret_key)
        yield Settings(s3_endpoint_url=ceph_store.endpoint_url)


@pytest.fixture
async def storage(settings: Settings) -> Storage:
    storage = Storage(settings)
    await prepare_bucket(storage)
    return storage


async def sent_in_parts(storage: Storage, key: str, bodies: list[bytes]) -> None:
    """Sends bodies by URLs that were signed for the parts, in any order, and joins them."""
    upload_id = await begin_parts(storage, key)
    for number in (3, 1, 2):
        part = PARTS[number - 1]
        link = part_link(storage, key, upload_id, number, size_bytes=len(part), sha256=sha256(part), lifetime=LIFETIME)
        assert httpx.put(link.url, content=bodies[number - 1], headers=link.headers).status_code == 200
    received = await list_parts(storage, key, upload_id)
    assert [part.number for part in received] == [1, 2, 3]
    await join_parts(storage, key, upload_id, [(part, sha256(PARTS[part.number - 1])) for part in received])


async def test_what_it_guarantees_is_told(storage: Storage) -> None:
    await prepare_bucket(storage)
    assert {each.name: each.holds for each in probe_store(storage)} == {
        "checksums of bodies": False,
        "lengths of bodies": True,
        "checksums of parts": False,
        "writing once": False,
        "signatures": True,
        "ends of URLs": True,
        "addresses": False,
        "versions": True,
        "ranges": True,
        "unfinished uploads": True,
        "access log": False,
        "object lock": True,
    }
    storage.close()


async def test_a_file_goes_in_parts_and_is_read_copied_and_removed(storage: Storage) -> None:
    key, copy = f"attachments/a/{os.urandom(8).hex()}", f"attachments/b/{os.urandom(8).hex()}"
    await sent_in_parts(storage, key, PARTS)
    found = await find_object(storage, key)
    assert found is not None and found.size_bytes == len(WHOLE)
    copy_object(storage, key, found.version_id, copy, len(WHOLE))
    for each in (key, copy):
        assert examine(read_object(storage, each, None), "").sha256 == sha256(WHOLE)
    link = get_link(storage, key, found.version_id, media_type="text/plain", name="n", lifetime=LIFETIME)
    answer = httpx.get(link.url, headers={"Range": f"bytes={PART_BYTES - 1}-{PART_BYTES}"})
    assert (answer.status_code, answer.content) == (206, b"\x01\x02")
    await remove_objects(storage, "attachments/")
    assert await find_object(storage, key) is None
    with pytest.raises(MissingObject):
        storage.ask("get_object", Key=copy)
    storage.close()


async def test_a_body_that_it_takes_although_another_was_signed_is_found_by_reading_back(storage: Storage) -> None:
    key = f"attachments/c/{os.urandom(8).hex()}"
    await sent_in_parts(storage, key, [PARTS[1], *PARTS[1:]])
    assert examine(read_object(storage, key, None), "").sha256 != sha256(WHOLE)
    one = f"{key}-one"
    link = put_link(storage, one, size_bytes=3, sha256=sha256(b"abc"), lifetime=LIFETIME)
    httpx.put(link.url, content=b"abx", headers=link.headers)
    assert examine(read_object(storage, one, None), "").sha256 == sha256(b"abx")
    storage.close()


@pytest.mark.parametrize("mode", [ObjectLock.GOVERNANCE, ObjectLock.COMPLIANCE])
async def test_what_was_submitted_is_held(storage: Storage, mode: ObjectLock) -> None:
    key = f"attachments/d/{os.urandom(8).hex()}"
    write_object(storage, key, iter([b"submitted"]))
    found = await find_object(storage, key)
    assert found is not None
    held = {"Key": key, "VersionId": found.version_id}
    until = datetime.now(UTC) + timedelta(days=1)
    assert await lock_object(storage, key, found.version_id, mode, until) is mode
    with pytest.raises(StoreRefused, match="AccessDenied"):
        storage.ask("delete_object", **held)
    storage.ask("put_object_legal_hold", **held, LegalHold={"Status": "OFF"})
    with pytest.raises(StoreRefused, match="AccessDenied"):
        storage.ask("delete_object", **held)
    assert b"".join(read_object(storage, key, found.version_id)) == b"submitted"
    storage.close()
