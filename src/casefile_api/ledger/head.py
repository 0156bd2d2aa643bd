"""The head of the log: the tree as it was last signed, held against the checkpoint kept outside the database.

Whoever can write to the database can change tiles and checkpoints; a restored backup brings old ones back. Neither may
be signed over, so every batch begins here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import (
    CheckpointError,
    SignerKey,
    VerifierKey,
    open_checkpoint,
    parse_note,
    parse_verifier_key,
)
from casefile_api.ledger.tiles import TileId
from casefile_api.ledger.tree import EMPTY_ROOT


@dataclass(frozen=True)
class Alarm:
    """Why nothing is signed: a stable code and a sentence."""

    code: str
    detail: str


class Disagreement(Exception):
    """The tree is not the one that was signed before."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.alarm = Alarm(code, detail)


@dataclass(frozen=True)
class Head:
    """The tree as its newest checkpoint has it, and the tiles that will grow next."""

    size: int
    root: bytes
    note: str | None
    edge: dict[TileId, bytes]

    def signed_by_all(self, signers: Iterable[SignerKey]) -> bool:
        """Whether the newest checkpoint bears the signature of every key that signs now."""
        wanted = {signer.verifier for signer in signers}
        if self.note is None:
            return False
        try:
            return set(parse_note(self.note).verified_by(wanted)) == wanted
        except CheckpointError:
            return False


_HEAD = """
    select tree_size, root_hash, note, (select coalesce(max(leaf_index) + 1, 0) from audit_leaf)
    from audit_checkpoint order by tree_size desc, id desc limit 1
"""


async def find_head(connection: AsyncConnection[Any]) -> Head:
    """The newest checkpoint with the right edge of its tree, which must lead to its root."""
    row = await (await connection.execute(_HEAD)).fetchone()
    if row is None:
        leaves = (await (await connection.execute("select count(*) from audit_leaf")).fetchall())[0][0]
        if leaves:
            raise Disagreement("no_checkpoint", f"there are {leaves} leaves and no checkpoint over them")
        return Head(0, EMPTY_ROOT, None, {})
    size, root, note, leaves = row
    if leaves != size:
        detail = f"the newest checkpoint covers {size} entries and the last leaf is {leaves - 1}"
        raise Disagreement("leaves_disagree", detail)
    edge = await read_tiles(connection, tiles.right_edge(size))
    try:
        if root_from(size, edge) == root:
            return Head(size, root, note, edge)
    except LookupError:
        pass
    detail = f"the tiles do not lead to the root of the newest checkpoint, which covers {size} entries"
    raise Disagreement("tiles_disagree", detail)


async def hold_against(
    connection: AsyncConnection[Any], head: Head, note: str | None, signers: Sequence[SignerKey]
) -> None:
    """Raise Disagreement unless the tree continues the checkpoint kept outside the database."""
    if note is None or note == head.note:
        return
    try:
        outside = open_checkpoint(note, await known_keys(connection, signers))
    except CheckpointError as fault:
        detail = f"the checkpoint kept outside the database is not good: {fault}"
        raise Disagreement("kept_unreadable", detail) from None
    if outside.tree_size > head.size:
        raise Disagreement(
            "older_than_kept",
            f"the database holds {head.size} entries, but a checkpoint over {outside.tree_size} was published:"
            " an old backup was restored, or entries were removed",
        )
    nodes = tree.root_plan(outside.tree_size)
    stored = await read_tiles(connection, sorted({tiles.tile_holding(node) for node in nodes}))
    try:
        agrees = tree.fold([tiles.node_reader(stored)(node) for node in nodes]) == outside.root_hash
    except LookupError:
        agrees = False
    if not agrees:
        detail = f"the first {outside.tree_size} entries are not those that a published checkpoint covers"
        raise Disagreement("differs_from_kept", detail)


async def known_keys(connection: AsyncConnection[Any], signers: Sequence[SignerKey]) -> list[VerifierKey]:
    """The keys that have signed this log and those that sign it now.

    Raises CheckpointError where one is listed that is none.
    """
    listed = await connection.execute("select verifier_key from audit_log_key")
    return [*[parse_verifier_key(key) async for (key,) in listed], *(signer.verifier for signer in signers)]


def root_from(size: int, stored: dict[TileId, bytes]) -> bytes:
    """The root of the tree of this size, from tiles that hold its right edge."""
    read = tiles.node_reader(stored)
    return tree.fold([read(node) for node in tree.root_plan(size)])


async def read_tiles(connection: AsyncConnection[Any], wanted: Sequence[TileId]) -> dict[TileId, bytes]:
    """Stored tiles, in one query; those that do not exist are left out."""
    rows = await connection.execute(
        """
        select level, number, hashes from audit_tile
        join unnest(%s::smallint[], %s::bigint[]) as wanted (level, number) using (level, number)
        """,
        ([tile.level for tile in wanted], [tile.number for tile in wanted]),
    )
    return {TileId(level, number): bytes(hashes) async for level, number, hashes in rows}
