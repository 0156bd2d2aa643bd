"""A bundle is verified with nothing but the file and the key; a byte that was changed anywhere is found, and named."""

import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from casefile_api.attachments.bag import Bag, Member
from casefile_api.attachments.bundle_verification import verify_bundle
from casefile_api.attachments.sealing_bags import OF_BAG, OF_FILE, Seal
from casefile_api.case_files.versions import seal_version
from casefile_api.cli.bundles import app
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, sign_checkpoint
from casefile_api.ledger.tree import leaf_hash, node_hash

KEY = SignerKey("log.example", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SignerKey("log.example", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
SEAL = Seal("bundle-1", [KEY])
MADE_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CASE = UUID("019f0000-0000-7000-8000-000000000000")
CHUNK = bytes(range(256)) * 4096


def view(number: int, parent: str | None) -> dict[str, object]:
    version = seal_version(CASE, {"summary": f"Version {number}."}, [], number=number, parent_digest=parent)
    said = {name: getattr(version, name) for name in ("number", "digest", "parent_digest", "salt", "attachments")}
    return {"id": str(CASE), "version": said, "content": orjson.loads(version.content)}


def small_documents() -> dict[str, bytes]:
    """Two versions, the receipts of two acts, the checkpoint they are in, and a file."""
    first = view(1, None)
    views = [first, view(2, str(first["version"]["digest"]))]  # type: ignore[index]
    leaves = [leaf_hash(b"one"), leaf_hash(b"two")]
    proofs = [
        {"leaf_index": at, "leaf_hash": leaves[at].hex(), "hashes": [leaves[1 - at].hex()], "tree_size": 2}
        for at in (0, 1)
    ]
    receipts = {"items": [{"inclusion_proof": proof} for proof in proofs]}
    note = sign_checkpoint(Checkpoint("log.example", 2, node_hash(*leaves)), [KEY])
    return {
        "README.txt": b"What this is.\n",
        **{f"versions/{at}.json": orjson.dumps(one) for at, one in enumerate(views, 1)},
        "proofs/receipts.json": orjson.dumps(receipts),
        "proofs/checkpoint.txt": note.encode(),
        "attachments/a/content": b"evidence " * 20,
    }


def made(documents: dict[str, bytes], seal: Seal = SEAL) -> bytes:
    members = [Member(path, iter([data])) for path, data in documents.items()]
    return b"".join(Bag(seal, MADE_AT).chunks(members, {"Contact-Name": "nobody"}))


def findings(data: bytes, folder: Path, key: SignerKey = KEY) -> dict[str, str]:
    file = folder / "bundle.zip"
    file.write_bytes(data)
    return dict(verify_bundle(file, [key.verifier])[0])


def test_a_bundle_as_it_was_made_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(made(small_documents()))
    found, counts = verify_bundle(file, [OTHER.verifier, KEY.verifier])
    assert found == []
    assert (counts["files"], counts["versions"], counts["proofs"]) == (9, 2, 2)


def places(data: bytes) -> Iterator[tuple[str, int]]:
    """A byte of each file, of each header before a file, of the directory, of the end and of the seal."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        directory = archive.start_dir
    for info in infos:
        name = info.filename.split("/", 1)[1]
        header = info.header_offset
        begins = header + 30 + int.from_bytes(data[header + 26 : header + 28], "little")
        begins += int.from_bytes(data[header + 28 : header + 30], "little")
        for at in {0, info.compress_size // 2, info.compress_size - 1}:
            yield name, begins + at
        for at in (0, 4, 6, 8, 10, 14, 18, 27, 31):
            yield f"the header of {name}", header + at
        yield f"after {name}", begins + info.compress_size + 5
    for at in range(0, 60, 3):
        yield "the directory", directory + at
    for at in range(directory, len(data), 7):
        yield "the end", at


def test_one_byte_changed_anywhere_is_found_and_named(tmp_path: Path) -> None:
    data = made(small_documents())
    tried = 0
    for name, at in places(data):
        in_a_file = name.startswith(("data/", "manifest", "bag", "tagmanifest", "seal"))
        for bit in (0x01, 0x10, 0x80) if in_a_file else (0x10,):
            spoilt = bytearray(data)
            spoilt[at] ^= bit
            found = findings(bytes(spoilt), tmp_path)
            assert found, f"byte {at}, in {name}"
            if in_a_file:
                assert name in found, f"{name} was changed at {at}, and {found} is told"
            tried += 1
    assert tried > 250


@pytest.mark.soak
def test_every_byte_is_covered(tmp_path: Path) -> None:
    data = made(small_documents())
    for at in range(len(data)):
        for bit in (0x01, 0x80):
            spoilt = bytearray(data)
            spoilt[at] ^= bit
            assert findings(bytes(spoilt), tmp_path), at


def test_what_was_left_out_added_or_made_by_another_is_found(tmp_path: Path) -> None:
    documents = small_documents()
    data = made(documents)
    assert "the seal at the end of the file" in findings(data + b"x", tmp_path)
    assert "the seal at the end of the file" in findings(data, tmp_path, OTHER), "by a key that is not known"
    forged = findings(made(documents, Seal("bundle-1", [OTHER])), tmp_path)
    assert {"seal.txt", "the seal at the end of the file"} <= set(forged)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if not info.filename.endswith("versions/1.json")]
        again = io.BytesIO()
        with zipfile.ZipFile(again, "w") as fewer:
            for info in infos:
                fewer.writestr(info.filename, archive.read(info))
            fewer.writestr("bundle-1/data/more.txt", b"more")
    found = findings(again.getvalue(), tmp_path)
    assert found["data/versions/1.json"] == "it is missing" and found["data/more.txt"] == "no manifest lists it"


def test_what_the_service_itself_got_wrong_is_found(tmp_path: Path) -> None:
    documents = small_documents()
    wrong = orjson.loads(documents["versions/2.json"])
    wrong["content"]["summary"] = "Another."
    found = findings(made(documents | {"versions/2.json": orjson.dumps(wrong)}), tmp_path)
    assert found == {"data/versions/2.json": "its digest is not that of its content"}
    receipts = orjson.loads(documents["proofs/receipts.json"])
    receipts["items"][1]["inclusion_proof"]["hashes"] = ["00" * 32]
    found = findings(made(documents | {"proofs/receipts.json": orjson.dumps(receipts)}), tmp_path)
    assert set(found) == {"data/proofs/receipts.json"}
    del wrong["content"]  # of one that was retracted, what is left goes on from the one before it
    assert findings(made(documents | {"versions/2.json": orjson.dumps(wrong)}), tmp_path) == {}


def test_a_seal_of_one_kind_is_not_taken_for_the_other_nor_for_a_checkpoint(tmp_path: Path) -> None:
    data = made(small_documents())
    comment = zipfile.ZipFile(io.BytesIO(data)).comment
    spoilt = SEAL.note(OF_BAG, hashlib.sha256(data[: -len(comment)]).hexdigest())
    same_length = spoilt.replace(OF_BAG.encode(), OF_FILE.encode())
    assert len(same_length) == len(comment)
    assert "the seal at the end of the file" in findings(data[: -len(comment)] + same_length, tmp_path)


def test_the_command_says_where_it_is_broken(tmp_path: Path) -> None:
    file, key = tmp_path / "bundle.zip", tmp_path / "log.key"
    key.write_text(KEY.verifier.text() + "\n")
    data = made(small_documents())
    file.write_bytes(data)
    whole = CliRunner().invoke(app, ["verify", str(file), "--public-key", str(key)])
    assert whole.exit_code == 0 and "The bundle is whole: 9 files" in whole.output
    file.write_bytes(data.replace(b"evidence evidence", b"evidence evidance", 1))
    broken = CliRunner().invoke(app, ["verify", str(file), "--public-key", str(key)])
    assert broken.exit_code != 0 and "data/attachments/a/content: it is not what the manifest says" in broken.output


def long_bundle(file: Path, mib: int) -> list[tuple[str, str]]:
    """Makes a bundle of one file of so many MiB, and verifies it."""
    with file.open("wb") as out:
        member = Member("attachments/a/content", (CHUNK for _ in range(mib)))
        for chunk in Bag(SEAL, MADE_AT).chunks([member], {}):
            out.write(chunk)
    return verify_bundle(file, [KEY.verifier])[0]


def test_a_long_bundle_is_made_and_verified_in_little_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        assert long_bundle(tmp_path / "bundle.zip", 48) == []
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.soak
def test_a_bundle_of_two_gigabytes_is_made_and_verified_within_300_megabytes(tmp_path: Path) -> None:
    mib = int(os.environ.get("CASEFILE_SOAK_BUNDLE_MIB", "2048"))
    program = (
        "import resource, sys; from pathlib import Path; from tests.rules.test_bundles_verified import long_bundle\n"
        f"assert long_bundle(Path(sys.argv[1]), {mib}) == []\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "bundle.zip")], capture_output=True, text=True, check=True
    )
    assert (tmp_path / "bundle.zip").stat().st_size > mib * 1024 * 1024
    assert int(ran.stdout) * 1024 < 300 * 1000 * 1000, f"{int(ran.stdout) // 1024} MiB"
