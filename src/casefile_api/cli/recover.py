"""`audit recover`: a successor for a log that cannot go on."""

from __future__ import annotations

from casefile_api.audit.recovering import Successor, recover
from casefile_api.cli.administration import look, refusals_recorded
from casefile_api.cli.retained import retained_in_reach
from casefile_api.database import Database
from casefile_api.ledger.succession import ACTION
from casefile_api.settings import Settings


def open_successor(name: str | None) -> str:
    """Close the log and open its successor; what to tell those who follow it."""

    with retained_in_reach(Settings()) as retained:

        async def opened(database: Database) -> Successor:
            async with refusals_recorded(database, ACTION):
                return await recover(database, Settings(), name, retained)

        successor = look(opened)
    return (
        f"The log goes on as {successor.origin}. Its first entry holds the checkpoint over {successor.closed_size}"
        f" entries that {successor.closed} ended with; the proofs of that log are still served."
    )
