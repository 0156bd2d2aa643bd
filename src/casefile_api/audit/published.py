"""Published checkpoints as they are served: the log's signed note, with the lines of those who vouched for it."""

from sqlalchemy import text

from casefile_api.errors import NotFound
from casefile_api.ledger.checkpoints import parse_checkpoint, parse_note
from casefile_api.ledger.proofs import PublishedCheckpoint, checkpoint_of, newest_checkpoint
from casefile_api.ledger.stored_tree import Reader

_LINES = text(
    "select line from audit_cosignature where origin = (select origin from audit_log) and checkpoint_id = :id"
    " order by witness"
)
# What a closed log ended with is what was published of it, of which the database may hold less than that.
_ENDED_WITH = text(
    "select tree_size, note from audit_succession"
    " where number = :log and tree_size = coalesce(cast(:size as bigint), tree_size)"
)
_WITNESSED = text(
    """
    select c.id, c.tree_size, c.root_hash, c.note from audit_checkpoint c join (
        select checkpoint_id from audit_cosignature where origin = (select origin from audit_log)
            and exists (select from audit_checkpoint t where t.id = checkpoint_id)
        group by checkpoint_id having count(*) >= :witnesses
        order by checkpoint_id desc limit 1) vouched on vouched.checkpoint_id = c.id
    """
)


async def published_note(reader: Reader, tree_size: int | None, witnesses: int, log: int | None = None) -> str:
    """The newest checkpoint, the one published for a size, or the newest that so many witnesses vouched for.

    The newest of a closed log is the one that it ended with. Raises NotFound where there is none.
    """
    found = await _end_of(reader, log, tree_size) if log is not None and not witnesses else None
    found = found or await _find(reader, tree_size, witnesses)
    lines = list((await reader.execute(_LINES, {"id": found.id})).scalars())
    if len(lines) < witnesses:
        raise NotFound(f"{len(lines)} witnesses have vouched for the checkpoint of that size.")
    return found.note + "".join(lines)


async def _end_of(reader: Reader, log: int, tree_size: int | None) -> PublishedCheckpoint | None:
    """The checkpoint that a closed log ended with, where that is the one asked for."""
    end = (await reader.execute(_ENDED_WITH, {"log": log, "size": tree_size})).one_or_none()
    if end is None:
        return None
    stored = await checkpoint_of(reader, end.tree_size)
    if stored is not None and stored.note == end.note:
        return stored
    return PublishedCheckpoint(end.tree_size, parse_checkpoint(parse_note(end.note).text).root_hash, end.note)


async def _find(reader: Reader, tree_size: int | None, witnesses: int) -> PublishedCheckpoint:
    if tree_size is not None:
        found = await checkpoint_of(reader, tree_size)
        if found is None:
            raise NotFound("No checkpoint was published for a tree of that size.")
        return found
    if not witnesses:
        return await newest_checkpoint(reader)
    row = (await reader.execute(_WITNESSED, {"witnesses": witnesses})).one_or_none()
    if row is None:
        raise NotFound("No checkpoint was vouched for by so many witnesses.")
    return PublishedCheckpoint(row.tree_size, bytes(row.root_hash), row.note, row.id)
