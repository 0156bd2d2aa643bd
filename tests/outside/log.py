"""The audit log checked from outside: RFC 6962 proofs, the signed checkpoint and the tiles, all by our own code.

Follows RFC 6962 2.1 (RFC 9162 2.1.3.2 and 2.1.4.2 for the verification algorithms), C2SP signed-note,
C2SP tlog-checkpoint and C2SP tlog-tiles.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TILE_WIDTH = 256
ED25519 = 1


class NotProven(AssertionError):
    """A proof, signature or tile does not show what it should."""


def leaf_hash(entry: dict[str, Any]) -> bytes:
    return hashlib.sha256(b"\x00" + rfc8785.dumps(entry)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree head of a list of leaf hashes (RFC 6962 2.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def erasable_hash(erasable: dict[str, Any], salt: str) -> str:
    """What an entry says of its erasable part."""
    return hashlib.sha256(rfc8785.dumps({"erasable": erasable, "salt": salt})).hexdigest()


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 2.1.3.2."""
    if not 0 <= index < size:
        raise NotProven(f"index {index} is outside a tree of {size}")
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise NotProven("the inclusion proof is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or computed != root:
        raise NotProven(f"entry {index} is not in the tree of {size} with that root")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 2.1.4.2, with the two trivial cases."""
    if old > new:
        raise NotProven("the older tree is the larger one")
    if old in (0, new):
        if proof or (old == new and old_root != new_root) or (old == 0 and old_root != root_of([])):
            raise NotProven("a trivial consistency proof does not hold")
        return
    _check_continuation(old, new, old_root, new_root, [old_root, *proof] if old & (old - 1) == 0 else list(proof))


def _check_continuation(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> None:
    if not path:
        raise NotProven("the consistency proof is empty")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotProven("the consistency proof is too long")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or first != old_root or second != new_root:
        raise NotProven(f"the tree of {new} does not continue the tree of {old}")


@dataclass(frozen=True)
class VerifierKey:
    """`name+hex(key id)+base64(type || key)` (C2SP signed-note)."""

    name: str
    key_id: bytes
    key: Ed25519PublicKey

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        name, hex_id, encoded = text.strip().split("+", 2)
        typed_key = base64.b64decode(encoded, validate=True)
        if typed_key[0] != ED25519 or len(typed_key) != 33:
            raise NotProven("not an Ed25519 verifier key")
        key_id = hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:4]
        if key_id.hex() != hex_id:
            raise NotProven("the key id does not belong to the key")
        return cls(name, key_id, Ed25519PublicKey.from_public_bytes(typed_key[1:]))


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the log as its operator signed them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def open(cls, note: str, keys: Sequence[VerifierKey]) -> "Checkpoint":
        """Parses and verifies: at least one of the known keys has signed."""
        text, separator, signatures = note.rpartition("\n\n")
        if not separator or not signatures.endswith("\n"):
            raise NotProven("not a signed note")
        text += "\n"
        signed_by = [line for line in signatures.splitlines() if any(_signed(text, line, key) for key in keys)]
        if not signed_by:
            raise NotProven("no known key has signed the checkpoint")
        origin, size, root, *_ = text.split("\n")
        if str(int(size)) != size or not any(key.name == origin for key in keys):
            raise NotProven("the checkpoint's size or origin is not right")
        return cls(origin, int(size), base64.b64decode(root, validate=True))


def _signed(text: str, line: str, key: VerifierKey) -> bool:
    dash, name, encoded = line.split(" ", 2)
    blob = base64.b64decode(encoded, validate=True)
    if dash != "—" or name != key.name or blob[:4] != key.key_id:
        return False
    try:
        key.key.verify(blob[4:], text.encode())
    except InvalidSignature as broken:
        raise NotProven("a known key's signature does not verify") from broken
    return True


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """`<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an x (C2SP tlog-tiles)."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    encoded = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"{level}/{encoded}" + (f".p/{width}" if width < TILE_WIDTH else "")


def leaves_from_tiles(read: Callable[[str], bytes], size: int) -> list[bytes]:
    """Every leaf hash of a tree of `size`, from its bottom tiles."""
    leaves: list[bytes] = []
    for index in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        tile = read(tile_path(0, index, width))
        if len(tile) != width * 32:
            raise NotProven(f"tile {tile_path(0, index, width)} has {len(tile)} bytes")
        leaves += [tile[start : start + 32] for start in range(0, len(tile), 32)]
    return leaves


def check_tiles(read: Callable[[str], bytes], size: int, root: bytes) -> list[bytes]:
    """The tiles give the signed root, and every full tile stands as one hash in the level above; gives the leaves."""
    leaves = level_hashes = leaves_from_tiles(read, size)
    if root_of(leaves) != root:
        raise NotProven("the bottom tiles do not give the signed root")
    level = 0
    while len(level_hashes) >= TILE_WIDTH:
        full = len(level_hashes) // TILE_WIDTH
        level, level_hashes = (
            level + 1,
            [root_of(level_hashes[tile * TILE_WIDTH : (tile + 1) * TILE_WIDTH]) for tile in range(full)],
        )
        for index in range(-(-full // TILE_WIDTH)):
            expected = level_hashes[index * TILE_WIDTH : (index + 1) * TILE_WIDTH]
            if read(tile_path(level, index, len(expected))) != b"".join(expected):
                raise NotProven(f"tile {tile_path(level, index, len(expected))} is not made of the level below")
    return leaves
