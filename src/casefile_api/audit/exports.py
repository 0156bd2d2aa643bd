"""The whole of a search, streamed at constant memory: NDJSON with proofs, or CSV for a spreadsheet.

The export is read page by page on connections of its own, and all its proofs lead to one checkpoint, published before
the first line: a search that takes an hour is still provable against a single signed root.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.items import CSV_COLUMNS, EntryRow, csv_lines
from casefile_api.audit.queries import Place, list_entries
from casefile_api.audit.remit import Remit
from casefile_api.database import Database
from casefile_api.ledger import tree
from casefile_api.ledger.stored_tree import StoredTree
from casefile_api.ledger.succession import enter_log
from casefile_api.ledger.tree import Span
from casefile_api.tenancy import Scope

PAGE = 500


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: the search, who may see what of it, and the tree that the proofs are of."""

    database: Database
    scope: Scope
    asked: EntryFilter
    remit: Remit
    tree_size: int
    place: Place
    most: int | None
    log: int | None = None

    async def pages(self) -> AsyncIterator[list[EntryRow]]:
        """The entries, a page at a time, each read on a connection that is given back at once."""
        place, left = self.place, self.most
        while left is None or left > 0:
            limit = PAGE if left is None else min(PAGE, left)
            async with self.database.connection(self.scope) as connection:
                rows = await list_entries(connection, self.asked, self.remit, place, limit, self.log)
            if rows:
                yield rows
                place = place.after(rows[-1])
                left = None if left is None else left - len(rows)
            if len(rows) < limit:
                return

    async def ndjson(self) -> AsyncIterator[bytes]:
        """One item a line with its inclusion proof; what the checkpoint does not cover is left to the next export."""
        stored = StoredTree()
        async for rows in self.pages():
            covered = [(row, row.leaf_index) for row in rows if row.leaf_index is not None]
            proved = [(row, at, tree.inclusion_plan(at, self.tree_size)) for row, at in covered if at < self.tree_size]
            await self._fetch(stored, [plan for _, _, plan in proved])
            yield b"".join(row.as_line(self.tree_size, stored.path(plan)) for row, _, plan in proved)
            if len(proved) < len(rows):
                return

    async def _fetch(self, stored: StoredTree, plans: list[tuple[Span, ...]]) -> None:
        spans = {span for plan in plans for span in plan}
        async with self.database.connection(self.scope) as connection:
            await enter_log(connection, self.log)
            await stored.fetch(connection, [node for span in spans for node in span])

    async def csv(self) -> AsyncIterator[bytes]:
        """A line of headings, then one entry a line."""
        yield csv_lines([CSV_COLUMNS])
        async for rows in self.pages():
            yield csv_lines(row.cells() for row in rows)
