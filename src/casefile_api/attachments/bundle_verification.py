"""A bundle verified offline: the file and a public key, and neither database nor network. In constant memory.

Every byte of the file is covered by the note that is its comment: whatever was changed is found. Where it was is told
by the manifests, file by file; what no manifest covers is the archive's own frame.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import orjson

from casefile_api.attachments.sealing_bags import OF_BAG, OF_FILE, sealed_hash
from casefile_api.canonical import canonical_json
from casefile_api.ledger.checkpoints import CheckpointError, VerifierKey, open_checkpoint
from casefile_api.ledger.tree import ProofError, verify_inclusion

CHUNK_BYTES = 1024 * 1024
LARGEST_DOCUMENT_BYTES = 256 * 1024 * 1024
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65_535
Finding = tuple[str, str]
"""What is wrong: where, and what."""


def verify_bundle(file: Path, keys: Sequence[VerifierKey]) -> tuple[list[Finding], dict[str, int]]:
    """Return what is wrong with a bundle, and how much of what was looked at."""
    found: list[Finding] = []
    name, expected = _comment(file, keys, found)
    if expected is not None and _hash_before_comment(file) != expected:
        found.append(("the file", "it is not the file that was signed"))
    counts = {"files": 0, "bytes": 0, "versions": 0, "proofs": 0}
    try:
        with zipfile.ZipFile(file) as archive:
            found += _Inside(archive, name, keys, counts).findings()
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError) as fault:
        found.append(("the archive's directory", f"it cannot be read: {fault}"))
    if found and all(place == "the file" for place, _ in found):
        found.append(("the archive's frame", "every file in it is right: headers, directory or padding were changed"))
    return found, counts


def _comment(file: Path, keys: Sequence[VerifierKey], found: list[Finding]) -> tuple[str | None, str | None]:
    """Return the bundle's name and the hash of all before the comment, as signed; none where the seal is not right."""
    try:
        return sealed_hash(_tail(file)[1], OF_FILE, None, keys)
    except CheckpointError as fault:
        found.append(("the seal at the end of the file", str(fault)))
        return None, None


def _tail(file: Path) -> tuple[int, bytes]:
    """Return where the comment begins, and the comment."""
    size = file.stat().st_size
    with file.open("rb") as data:
        start = max(0, size - _END_BYTES - _LONGEST_COMMENT)
        data.seek(start)
        last = data.read()
    at = last.rfind(_END)
    begins = at + _END_BYTES
    if at < 0 or begins + int.from_bytes(last[begins - 2 : begins], "little") != len(last):
        raise CheckpointError("the end of the archive is not there, or something follows it")
    return start + begins, last[begins:]


def _hash_before_comment(file: Path) -> str:
    left, digest = _tail(file)[0], hashlib.sha256()
    with file.open("rb") as data:
        while left and (chunk := data.read(min(left, CHUNK_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


class _Inside:
    """What is in the archive, held against the manifests, and these against the seal."""

    def __init__(
        self, archive: zipfile.ZipFile, name: str | None, keys: Sequence[VerifierKey], counts: dict[str, int]
    ) -> None:
        self._archive = archive
        self._keys = keys
        self._counts = counts
        names = archive.namelist()
        self._folder = names[0].split("/")[0] if names else ""
        self._name = name or self._folder
        self._paths = {path.removeprefix(f"{self._folder}/") for path in names}
        self._twice = len(self._paths) != len(names)

    def findings(self) -> Iterator[Finding]:
        """Say what is wrong."""
        if self._folder != self._name or self._twice:
            yield "the archive's directory", "its names are not those of this bundle, or one is there twice"
        tags, payload = self._manifest("tagmanifest-sha256.txt"), self._manifest("manifest-sha256.txt")
        listed = {**tags, **payload}
        yield from self._seal()
        for path in sorted(self._paths - set(listed) - {"tagmanifest-sha256.txt", "seal.txt"}):
            yield path, "no manifest lists it"
        for path, sha256 in sorted(listed.items()):
            if path not in self._paths:
                yield path, "it is missing"
            elif self._hashed(path) != sha256:
                yield path, "it is not what the manifest says"
        yield from self._versions()
        yield from self._proofs()

    def _seal(self) -> Iterator[Finding]:
        try:
            _, sha256 = sealed_hash(self._read("seal.txt"), OF_BAG, self._name, self._keys)
        except CheckpointError as fault:
            yield "seal.txt", str(fault)
            return
        if hashlib.sha256(self._read("tagmanifest-sha256.txt")).hexdigest() != sha256:
            yield "tagmanifest-sha256.txt", "it is not the one that was signed"

    def _manifest(self, path: str) -> Mapping[str, str]:
        lines = self._read(path).decode("utf-8", "replace").splitlines()
        return {file: sha256 for sha256, _, file in (line.partition("  ") for line in lines)}

    def _hashed(self, path: str) -> str | None:
        digest = hashlib.sha256()
        try:
            with self._open(path) as data:
                while chunk := data.read(CHUNK_BYTES):
                    digest.update(chunk)
                    self._counts["bytes"] += len(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
            return None
        self._counts["files"] += 1
        return digest.hexdigest()

    def _open(self, path: str) -> IO[bytes]:
        return self._archive.open(f"{self._folder}/{path}")

    def _read(self, path: str) -> bytes:
        """Return a document, empty where it is not there or does not open: then its hash is told of."""
        try:
            with self._open(path) as data:
                return data.read(LARGEST_DOCUMENT_BYTES)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
            return b""

    def _versions(self) -> Iterator[Finding]:
        """Work out the digest of each version again, and see that each goes on from the one before."""
        numbered = sorted((p for p in self._paths if p.startswith("data/versions/")), key=lambda p: (len(p), p))
        digests: dict[int, str] = {}
        for path in numbered:
            try:
                view = orjson.loads(self._read(path))
                version, case_file_id = view["version"], view["id"]
                sealed = {name: version[name] for name in ("attachments", "number", "parent_digest", "salt")}
                body = canonical_json({**sealed, "case_file_id": case_file_id, "content": view.get("content")})
                number, parent, digest = version["number"], version["parent_digest"], version["digest"]
            except (ValueError, KeyError, TypeError):
                yield path, "it is not a version"
                continue
            self._counts["versions"] += 1
            if "content" in view and digest != f"sha256:{hashlib.sha256(body).hexdigest()}":
                yield path, "its digest is not that of its content"
            if number - 1 in digests and parent != digests[number - 1]:
                yield path, "it does not go on from the version before it"
            digests[number] = digest

    def _proofs(self) -> Iterator[Finding]:
        """See that each receipt is in the tree that the checkpoint in the bag signs."""
        note = self._read("data/proofs/checkpoint.txt").decode("utf-8", "replace")
        if not note:
            return  # nothing was published yet when the bag was made
        try:
            checkpoint = open_checkpoint(note, self._keys)
        except CheckpointError as fault:
            yield "data/proofs/checkpoint.txt", str(fault)
            return
        try:
            receipts = orjson.loads(self._read("data/proofs/receipts.json"))["items"]
            for proof in (receipt["inclusion_proof"] for receipt in receipts if receipt["inclusion_proof"]):
                hashes = [bytes.fromhex(value) for value in proof["hashes"]]
                leaf, place = bytes.fromhex(proof["leaf_hash"]), proof["leaf_index"]
                verify_inclusion(leaf, place, checkpoint.tree_size, checkpoint.root_hash, hashes)
                self._counts["proofs"] += 1
        except (ValueError, KeyError, TypeError, ProofError) as fault:
            yield "data/proofs/receipts.json", f"a proof does not lead to the checkpoint: {fault}"
