"""Proofs from the stored tree: that an entry is in it, and that a later tree continues an earlier one.

The tiles that a proof needs are fetched in one query. A checkpoint is read first and the tiles only grow, so what is
proved fits what was published however much is added meanwhile.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger import tree
from casefile_api.ledger.stored_tree import Reader, StoredTree
from casefile_api.ledger.tree import Node

_NEWEST = text("select id, tree_size, root_hash, note from audit_checkpoint order by tree_size desc, id desc limit 1")
_OF_SIZE = text(
    "select id, tree_size, root_hash, note from audit_checkpoint where tree_size = :size order by id desc limit 1"
)


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint as it was published; its number is 0 while there is none."""

    tree_size: int
    root_hash: bytes
    note: str
    id: int = 0

    @property
    def origin(self) -> str:
        """The name of the log, which the note begins with."""
        return self.note.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The audit path of one leaf (RFC 6962 2.1.1)."""

    leaf_index: int
    tree_size: int
    leaf_hash: bytes
    root_hash: bytes
    hashes: tuple[bytes, ...]

    def as_member(self) -> dict[str, Any]:
        """The proof as the API serves it."""
        return {
            "leaf_index": self.leaf_index,
            "tree_size": self.tree_size,
            "leaf_hash": self.leaf_hash.hex(),
            "root_hash": self.root_hash.hex(),
            "hashes": [value.hex() for value in self.hashes],
        }


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """The proof that a tree begins with an earlier one (RFC 6962 2.1.2)."""

    old_size: int
    new_size: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]

    def as_member(self) -> dict[str, Any]:
        """The proof as the API serves it."""
        return {
            "from": self.old_size,
            "to": self.new_size,
            "from_root": self.old_root.hex(),
            "to_root": self.new_root.hex(),
            "hashes": [value.hex() for value in self.hashes],
        }


async def newest_checkpoint(reader: Reader) -> PublishedCheckpoint:
    """The newest published checkpoint.

    Raises DependencyUnavailable while the worker has not signed the first one.
    """
    row = (await reader.execute(_NEWEST)).one_or_none()
    if row is None:
        raise DependencyUnavailable("The log has no checkpoint yet; the worker signs the first when it starts.")
    return PublishedCheckpoint(row.tree_size, bytes(row.root_hash), row.note, row.id)


async def checkpoint_of(reader: Reader, size: int) -> PublishedCheckpoint | None:
    """The checkpoint published for a tree of this size, if there was one."""
    row = (await reader.execute(_OF_SIZE, {"size": size})).one_or_none()
    return PublishedCheckpoint(row.tree_size, bytes(row.root_hash), row.note, row.id) if row else None


async def prove_inclusion(
    reader: Reader, leaf_index: int, size: int, stored: StoredTree | None = None
) -> InclusionProof:
    """Prove that a leaf is in the tree of a size that was reached; several proofs may share what they read of it.

    Raises ProofError where the leaf is not in a tree of that size.
    """
    plan = tree.inclusion_plan(leaf_index, size)
    leaf, top = Node(0, leaf_index), tree.root_plan(size)
    stored = stored or StoredTree()
    await stored.fetch(reader, [leaf, *top, *(node for span in plan for node in span)])
    return InclusionProof(leaf_index, size, stored.read(leaf), stored.root(size), stored.path(plan))


async def prove_consistency(reader: Reader, old: int, new: int, stored: StoredTree | None = None) -> ConsistencyProof:
    """Prove that the tree of one reached size continues that of another.

    Raises ProofError where the sizes are the wrong way round.
    """
    plan = tree.consistency_plan(old, new)
    stored = stored or StoredTree()
    roots = [*tree.root_plan(old), *tree.root_plan(new)]
    await stored.fetch(reader, [*roots, *(node for span in plan for node in span)])
    return ConsistencyProof(old, new, stored.root(old), stored.root(new), stored.path(plan))
