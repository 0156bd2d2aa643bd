"""A bag is made as it goes, and is not made at all of bytes that are not the right ones."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casefile_api.attachments.bag import Bag, Member, NotAsExpected
from casefile_api.attachments.sealing_bags import Seal
from casefile_api.ledger.checkpoints import SignerKey

KEY = SignerKey("log.example", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SEAL = Seal("bundle-1", [KEY])
MADE_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CHUNK = b"0123456789abcdef" * 4096


def long_file(chunks: int) -> Iterator[bytes]:
    return (CHUNK for _ in range(chunks))


def made(*members: Member) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(Bag(SEAL, MADE_AT).chunks(members, {"Contact-Name": "nobody"}))))


def test_a_bag_has_what_the_standard_wants_and_the_hash_of_every_file() -> None:
    archive = made(Member("a.txt", iter([b"one", b"two"])), Member("b/content", long_file(3)))
    names = archive.namelist()
    assert names[0] == "bundle-1/bagit.txt"
    assert archive.read("bundle-1/bagit.txt") == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    manifest = archive.read("bundle-1/manifest-sha256.txt").decode().splitlines()
    assert manifest == [
        f"{hashlib.sha256(b'onetwo').hexdigest()}  data/a.txt",
        f"{hashlib.sha256(CHUNK * 3).hexdigest()}  data/b/content",
    ]
    assert f"Payload-Oxum: {6 + 3 * len(CHUNK)}.2" in archive.read("bundle-1/bag-info.txt").decode()
    assert archive.testzip() is None


def test_a_long_file_is_never_held() -> None:
    sizes = [len(chunk) for chunk in Bag(SEAL, MADE_AT).chunks([Member("x/content", long_file(200))], {})]
    assert max(sizes) < 2 * len(CHUNK)
    assert sum(sizes) > 200 * len(CHUNK)


def test_bytes_that_are_not_those_expected_spoil_the_bag() -> None:
    right = hashlib.sha256(CHUNK).hexdigest()
    assert made(Member("x/content", long_file(1), right)).testzip() is None
    with pytest.raises(NotAsExpected, match="data/x/content"):
        made(Member("x/content", long_file(2), right))
