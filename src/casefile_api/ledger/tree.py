"""The Merkle tree over the audit log: its root, and proofs that an entry is in it and that it only grew.

RFC 6962 section 2.1. A *node* is the root of a perfect subtree and never changes once all its leaves exist, so
a tree of any size is covered by few nodes. Every proof is first planned (which nodes are needed) and then worked
out from those nodes, so that a proof over stored nodes costs O(log n) reads, all of which can be one query.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

HASH_SIZE_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not show what it claims to show, or cannot exist for the sizes named."""


class Node(NamedTuple):
    """The root of the perfect subtree over leaves ``number * 2**level`` up to ``(number + 1) * 2**level``."""

    level: int
    number: int


Span = tuple[Node, ...]
"""Adjacent perfect subtrees, left to right, which together make one hash of the tree."""

ReadNode = Callable[[Node], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """The leaf for the canonical bytes of one entry (RFC 6962 2.1: SHA-256(0x00 || entry))."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The parent of two subtrees (RFC 6962 2.1: SHA-256(0x01 || left || right))."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """One hash from those of adjacent subtrees of falling size, joined from the right."""
    if not hashes:
        return EMPTY_ROOT
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of adjacent subtrees of equal size."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the whole tree from all its leaves: O(n), for verification and small trees."""
    return fold([perfect_root(leaf_hashes[first:last]) for first, last in _perfect_ranges(0, len(leaf_hashes))])


def _perfect_ranges(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The leaf ranges of the perfect subtrees over [start, end); start must be where such a subtree can begin."""
    while start < end:
        width = 1 << ((end - start).bit_length() - 1)
        yield start, start + width
        start += width


# Proofs of neighbouring leaves are made of mostly the same spans.
@lru_cache(maxsize=4096)
def _span(start: int, end: int) -> Span:
    return tuple(
        Node((last - first).bit_length() - 1, first // (last - first)) for first, last in _perfect_ranges(start, end)
    )


def root_plan(size: int) -> Span:
    """The nodes that make the root of the tree of this size."""
    return _span(0, size)


def _split(width: int) -> int:
    """The largest power of two below the width: where RFC 6962 divides a tree in two."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_plan(index: int, size: int) -> tuple[Span, ...]:
    """What the audit path of one leaf is made of, leaf end first (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    start, end = 0, size
    path: list[Span] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_span(middle, end))
            end = middle
        else:
            path.append(_span(start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_plan(old: int, new: int) -> tuple[Span, ...]:
    """What the proof that the tree of ``old`` is a beginning of the tree of ``new`` is made of (RFC 6962 2.1.2)."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} has no beginning of {old}")
    if old in (0, new):
        return ()
    start, end, whole = 0, new, True
    path: list[Span] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_span(middle, end))
            end = middle
        else:
            path.append(_span(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_span(start, end))
    return tuple(reversed(path))


def carry_out(plan: Iterable[Span], read: ReadNode) -> list[bytes]:
    """The hashes of a proof, from its plan and the stored nodes."""
    return [fold([read(node) for node in span]) for span in plan]


def root_from_inclusion(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to (RFC 9162 2.1.3.2); a path of the wrong length is a ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    position, last, root = index, size - 1, leaf
    for sibling in hashes:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise ProofError("the inclusion proof is too short")
    return root


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, hashes: Sequence[bytes]) -> None:
    """Raise ProofError unless the leaf stands at this index of the tree with this size and root."""
    if root_from_inclusion(leaf, index, size, hashes) != root:
        raise ProofError(f"the inclusion proof of leaf {index} does not lead to the root of the tree of {size}")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, hashes: Sequence[bytes]) -> None:
    """Raise ProofError unless the new tree begins with the whole old one, unaltered (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} has no beginning of {old}")
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, hashes)
        return
    path = list(hashes) if old & (old - 1) else [old_root, *hashes]
    if not path:
        raise ProofError("the consistency proof is too short")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_side = new_side = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if position & 1 or position == last:
            old_side, new_side = node_hash(sibling, old_side), node_hash(sibling, new_side)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_side = node_hash(new_side, sibling)
        position, last = position >> 1, last >> 1
    if last or old_side != old_root or new_side != new_root:
        raise ProofError(f"the tree of {new} does not continue the tree of {old}")


def _verify_trivial(old: int, new: int, old_root: bytes, new_root: bytes, hashes: Sequence[bytes]) -> None:
    """The two cases that need no hashes: from nothing, and from a tree to itself."""
    if hashes:
        raise ProofError("the consistency proof is too long")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the root of the empty tree is SHA-256 of nothing")
    if old == new and old_root != new_root:
        raise ProofError(f"there are two different trees of {new}")
