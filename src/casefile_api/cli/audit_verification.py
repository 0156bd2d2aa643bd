"""What `audit verify` and `audit verify-export` do, with progress while they do it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from casefile_api.audit.export_verification import Consistency, ExportVerification, LineError, verify_growth
from casefile_api.audit.findings import Advance, Report
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.cli import parts
from casefile_api.cli.failing import CommandFailed
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    VerifierKey,
    open_checkpoint,
    parse_verifier_key,
)
from casefile_api.settings import Settings
from casefile_api.vault import Vault, read_master_key
from casefile_api.web.assembly import master_key_file

# Some questions are asked of the whole log at once.
STATEMENT_SECONDS = 900.0


def verify_log(public_keys: Sequence[str], checkpoints: Sequence[Path]) -> None:
    """Verify the log in the database; exit 1 where anything is wrong with it."""
    keys = [key for text in public_keys for key in _keys(text)]
    notes = {str(path): _text(path) for path in checkpoints}
    with parts.database(Settings()) as settings, _progress() as advance:
        report = asyncio.run(_verify(settings, keys, notes, advance))
    _tell(report, "The log")


def verify_file(file: Path, checkpoint: Path, public_key: str, since: Path | None, consistency: Sequence[Path]) -> None:
    """Verify an export offline; exit 1 where anything is wrong with it."""
    keys = _keys(public_key)
    signed = _checkpoint(checkpoint, keys)
    proofs = [_proof(path) for path in consistency]
    verification = ExportVerification(signed, proofs)
    with _progress() as advance, file.open("rb") as lines:
        report = verification.verify(lines, advance)
    if since is not None:
        verify_growth(report, _checkpoint(since, keys), signed, proofs)
    _tell(report, "What the file holds")


async def _verify(
    settings: Settings, keys: Sequence[VerifierKey], notes: Mapping[str, str], advance: Advance
) -> Report:
    patient = settings.with_values(database_timeout_seconds=STATEMENT_SECONDS)
    database = Database(patient, application="casefile-audit-verify")
    try:
        believed = await believed_beside(database, settings, keys, notes)
        return await verify_database(database, _vault(settings), believed, advance)
    finally:
        await database.close()


def _vault(settings: Settings) -> Vault | None:
    """What opens versions; None where the master key is not here, since a new one would open nothing."""
    kept = settings.master_key_file or settings.data_dir / "keys" / "master.key"
    return Vault(read_master_key(master_key_file(settings))) if kept.exists() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not text.") from None


def _keys(text: str) -> list[VerifierKey]:
    """The keys of an option: the text itself, or the lines of the file that it names."""
    path = Path(text)
    lines = [text] if "+" in text and not path.exists() else _text(path).splitlines()
    try:
        return [parse_verifier_key(line) for line in lines if line.strip()]
    except CheckpointError as fault:
        raise CommandFailed(f"--public-key: {fault}.") from None


def _checkpoint(path: Path, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(_text(path), keys)
    except CheckpointError as fault:
        raise CommandFailed(f"{path}: {fault}. Nothing can be verified against it.") from None


def _proof(path: Path) -> Consistency:
    try:
        return Consistency.read(path.read_bytes())
    except LineError as fault:
        raise CommandFailed(f"{path}: {fault}.") from None


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar for each stage, on standard error, gone when done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        stages = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = progress.add_task(f"verifying {stage}", total=total or None)
            progress.update(stages[stage], completed=done)

        yield advance


def _tell(report: Report, what: str) -> None:
    """Say what was verified and what is wrong; CommandFailed where anything is."""
    console = Console(soft_wrap=True, highlight=False)
    for finding in report.findings:
        console.print("wrong  ", style="bold red", end="")
        console.print(f"{finding.kind} {finding.name}: {finding.wrong}", markup=False)
        console.print(f"       {finding.meaning.value}", markup=False)
    for note in report.notes:
        console.print(note, markup=False)
    counted = ", ".join(f"{number:,} {what}" for what, number in report.counts.items()) or "nothing"
    console.print(f"Verified: {counted}. Root {report.root_hash or 'none'}.", markup=False)
    if report.whole:
        console.print(f"{what} is whole: nothing was altered, removed or moved.", style="bold green")
        return
    first, count = report.findings[0], len(report.findings)
    more = f" (and {count - 1} more)" if count > 1 else ""
    raise CommandFailed(f"{what} is NOT whole: {first.kind} {first.name}: {first.wrong}{more}.")
