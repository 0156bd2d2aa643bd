"""The published checkpoints as a sequence: none missing but those that were thinned, none smaller than the one before.

No tile lies beyond the newest of them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from casefile_api.audit.findings import Meaning, Report
from casefile_api.audit.tree_walk import tile_name
from casefile_api.database import Database
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.ledger.tiles import TileId, tile_width
from casefile_api.tenancy import WORKER

_MISPLACED = text(
    """
    select id, tree_size, before, size_before, created_at < made_before - interval '1 minute' as earlier from (
        select id, tree_size, lag(id, 1, 0::bigint) over (order by id) as before,
            created_at, lag(created_at) over (order by id) as made_before,
            lag(tree_size, 1, 0::bigint) over (order by id) as size_before from audit_checkpoint) numbered
    where id <> before + 1 or tree_size < size_before or created_at < made_before - interval '1 minute'
    order by id limit 100000
    """
)
_THINNED = text("select gone::text from audit_thinned")
_TILE_LENGTHS = text(
    "select level, number, octet_length(hashes) / 32 as width,"
    " (select coalesce(max(tree_size), 0) from audit_checkpoint) as size from audit_tile"
)


async def verify_numbering(database: Database, report: Report) -> None:
    """Checkpoints without gaps but for those that were thinned, and never smaller than before; no tile beyond them."""
    async with database.connection(WORKER) as connection:

        async def rows(query: Any) -> Sequence[Any]:
            return (await connection.execute(query)).all()

        gone = (await connection.execute(_THINNED)).scalar_one_or_none()
        thinned = LeafRanges.stored(gone or "")
        for row in await rows(_MISPLACED):
            missing = [number for number in range(row.before + 1, row.id) if number not in thinned]
            if missing:
                name = str(missing[0]) if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
                report.add("checkpoint", name, "missing: the numbering has a gap", Meaning.CHECKPOINT_ALTERED)
            if row.tree_size < row.size_before:
                name, wrong = f"{row.id} (of {row.tree_size} entries)", "it is smaller than the one before it"
                report.add("checkpoint", name, wrong, Meaning.CHECKPOINT_ALTERED)
            if row.earlier:
                name, wrong = f"{row.id} (of {row.tree_size} entries)", "it was made before the one before it"
                report.add("checkpoint", name, wrong, Meaning.CHECKPOINT_ALTERED)
        for row in await rows(_TILE_LENGTHS):
            nowhere = row.level < 0 or row.number < 0
            if nowhere or row.width > tile_width(TileId(row.level, row.number), row.size):
                name = f"{row.level}/{row.number}" if nowhere else tile_name(TileId(row.level, row.number))
                report.add("tile", name, "it holds hashes beyond the newest checkpoint", Meaning.TILE_ALTERED)
