"""`audit erase` and `case-files erase`: one person asks, another confirms, each with an access token of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar
from uuid import UUID

from rich.console import Console
from rich.table import Table

from casefile_api.access.caller import Caller
from casefile_api.attachments import case_erasure
from casefile_api.audit import erasing
from casefile_api.audit.retention import retention_table
from casefile_api.cli.administration import acting, look
from casefile_api.cli.failing import CommandFailed
from casefile_api.clock import utc_text
from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.ledger.erasure_words import ErasureKind, ErasureReason
from casefile_api.ledger.erasures import Erasure, list_erasures
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER

Answer = TypeVar("Answer")


def ask_for_entries(
    token: Path,
    reason: ErasureReason,
    leaves: tuple[int, ...],
    case_file_id: UUID | None,
    *,
    aged: ErasureKind | None,
) -> str:
    """Ask for text or entries to be erased; what to tell the other person."""
    if sum((bool(leaves), case_file_id is not None, aged is not None)) != 1:
        raise CommandFailed("Say what: --leaf (as often as needed), --case-file, or --aged.")
    try:
        table = retention_table(Settings().log_retention) if aged else ()
    except ValueError as fault:
        raise Misconfigured(f"CASEFILE_LOG_RETENTION: {fault}.") from None
    wanted = erasing.Wanted(aged or ErasureKind.TEXT, reason, leaves, case_file_id, table)

    async def ask(database: Database, caller: Caller) -> Erasure:
        return await erasing.ask(database, caller, wanted)

    asked = acting(erasing.ASK, token, ask)
    what = "whole entries" if asked.kind is ErasureKind.ENTRIES else "entries' free text and details"
    return f"{asked.id}: {len(asked.leaves)} {what}, at leaf {_short(str(asked.leaves))}. Somebody else confirms."


def confirm_entries(token: Path, erasure_id: UUID) -> str:
    """Confirm it, and erase."""

    async def confirm(database: Database, caller: Caller) -> tuple[Erasure, int]:
        return await erasing.confirm(database, caller, erasure_id)

    asked, erased = acting(erasing.CONFIRM, token, confirm)
    return f"Erased: {erased} of {len(asked.leaves)} at leaf {_short(str(asked.leaves))}. Every proof stays good."


def ask_for_case(token: Path, reason: ErasureReason, case_file_id: UUID) -> str:
    """Ask for a case file to be erased; what to tell the other person."""

    async def ask(database: Database, caller: Caller) -> tuple[Erasure, case_erasure.KeptFiles]:
        return await case_erasure.ask(database, caller, case_file_id, reason)

    asked, kept = acting(case_erasure.ASK, token, ask)
    return f"{asked.id}: the content of case file {case_file_id}. Somebody else confirms.{_kept(kept)}"


def confirm_case(token: Path, erasure_id: UUID) -> str:
    """Confirm it, and erase."""

    async def confirm(database: Database, caller: Caller) -> tuple[Erasure, case_erasure.KeptFiles]:
        return await case_erasure.confirm(database, caller, erasure_id)

    asked, kept = acting(case_erasure.CONFIRM, token, confirm)
    return f"Case file {asked.case_file_id} is erased: its key is gone, its files leave storage.{_kept(kept)}"


def _kept(kept: case_erasure.KeptFiles) -> str:
    """What is said of files that nobody can remove yet: whoever was promised their erasure should know."""
    if not kept.count:
        return ""
    files = "One file that was submitted is" if kept.count == 1 else f"{kept.count} files that were submitted are"
    return (
        f" {files} held by the store in mode compliance until {kept.until}: nobody can remove them before, and after"
        " that the worker does; the service opens them to nobody."
    )


def show_erasures(console: Console) -> None:
    """All that were asked for, and whether and by whom they were confirmed."""

    async def listed(database: Database) -> list[Erasure]:
        async with database.connection(WORKER) as connection:
            return await list_erasures(connection)

    table = Table("erasure", "what", "reason", "asked by", "confirmed by")
    for each in look(listed):
        what = f"case file {each.case_file_id}" if each.case_file_id else f"{each.kind} of {len(each.leaves)} entries"
        asked = f"{'/'.join(each.asked_by)} {utc_text(each.asked_at)}"
        by = [*(each.confirmed_by or ()), *([utc_text(each.confirmed_at)] if each.confirmed_at else [])]
        table.add_row(str(each.id), what, each.reason.value, asked, "/".join(by))
    console.print(table)


def _short(leaves: str) -> str:
    return leaves if len(leaves) <= 80 else f"{leaves[:77]}…"
