"""`audit detach` and `audit attach`: old entries into an archive file that proves itself, and back."""

from __future__ import annotations

from pathlib import Path

from casefile_api.audit.archiving import Archive, attach, detach
from casefile_api.audit.vouched import ATTACH, DETACH
from casefile_api.cli.administration import look, refusals_recorded
from casefile_api.cli.failing import CommandFailed
from casefile_api.database import Database


def detach_period(period: str, folder: Path) -> str:
    """Detach a period; what to do with the folder."""
    if folder.exists():
        raise CommandFailed(f"{folder} is there already: name a new folder.")

    async def detached(database: Database) -> int:
        async with refusals_recorded(database, DETACH):
            return await detach(database, period, Archive(folder))

    count = look(detached)
    return (
        f"{count} entries of {period} are in {folder}, verified, and no more in the database. Keep the folder: nothing"
        " else holds them. `casefile-api audit verify-export` verifies it, `audit attach` brings it back."
    )


def attach_period(folder: Path) -> str:
    """Attach a period again."""

    async def attached(database: Database) -> int:
        async with refusals_recorded(database, ATTACH):
            return await attach(database, Archive(folder))

    return f"{look(attached)} entries are back, each held against its leaf in the log."
