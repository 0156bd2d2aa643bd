"""What `audit verify` and `audit verify-export` do, with progress while they do it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from casefile_api.audit.export_verification import (
    Consistency,
    ExportVerification,
    LineError,
    verify_growth,
    verify_succession,
)
from casefile_api.audit.findings import Advance, Meaning, Report
from casefile_api.audit.time_stamps import BadTimeStamp, read_roots, verify_time_stamp
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.audit.verifier_keys import read_keys
from casefile_api.cli import parts
from casefile_api.cli.failing import CommandFailed
from casefile_api.cli.retained import retained_in_reach
from casefile_api.clock import utc_text
from casefile_api.database import Database
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    VerifierKey,
    open_checkpoint,
)
from casefile_api.ledger.cosignatures import Quorum, parse_witness_key
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER_ROLE
from casefile_api.vault import Vault, read_master_key
from casefile_api.web.assembly import master_key_file

# Some questions are asked of the whole log at once.
STATEMENT_SECONDS = 900.0


def verify_log(
    public_keys: Sequence[str], checkpoints: Sequence[Path], witness_keys: Sequence[str] = (), witnesses: int = 0
) -> None:
    """Verify the log in the database; exit 1 where anything is wrong with it."""
    keys = [key for text in public_keys for key in log_keys(text)]
    quorum = quorum_of(witness_keys, witnesses)
    notes = {str(path): _text(path) for path in checkpoints}
    with parts.database(Settings()) as settings, _progress() as advance:
        report = asyncio.run(_verify(settings, keys, notes, quorum, advance))
    _tell(report, "The log")


@dataclass(frozen=True, slots=True)
class TimeStamped:
    """A time-stamp that is to stand over the checkpoint, and the certificate that is believed; or neither."""

    answer: Path | None
    roots: Path | None

    def tell(self, report: Report, note: str) -> None:
        """Say when the checkpoint was seen; CommandFailed where one of the two was not given."""
        if self.answer is None and self.roots is None:
            return
        if self.answer is None or self.roots is None:
            raise CommandFailed("--time-stamp and --tsa-ca belong together.")
        report.count("time-stamps")
        try:
            seen = verify_time_stamp(self.answer.read_bytes(), note, read_roots(self.roots))
        except BadTimeStamp as fault:
            report.add("time-stamp", str(self.answer), str(fault), Meaning.NOT_VOUCHED)
        else:
            report.notes.append(f"The checkpoint existed at {utc_text(seen)}, by the time-stamping authority.")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is verified beside the file itself: a time-stamp, and the checkpoint that the log before ended with."""

    stamped: TimeStamped
    closed: Path | None


def verify_file(
    file: Path,
    checkpoint: Path,
    public_keys: Sequence[str],
    since: Path | None,
    consistency: Sequence[Path],
    quorum: Quorum,
    beside: Beside,
) -> None:
    """Verify an export offline; exit 1 where anything is wrong with it."""
    keys = [key for text in public_keys for key in log_keys(text)]
    signed = _checkpoint(checkpoint, keys, quorum)
    proofs = [_proof(path) for path in consistency]
    verification = ExportVerification(signed, proofs)
    with _progress() as advance, file.open("rb") as lines:
        begun = time.perf_counter()
        report = verification.verify(lines, advance)
    rate = report.counts.get("entries", 0) / max(time.perf_counter() - begun, 1e-6)
    report.notes.append(f"{rate:,.0f} entries a second.")
    beside.stamped.tell(report, _text(checkpoint))
    if beside.closed is not None:
        verify_succession(report, _checkpoint(beside.closed, keys), verification.first)
    _tell_witnesses(report, checkpoint, quorum)
    if since is not None:
        verify_growth(report, _checkpoint(since, keys), signed, proofs)
    _tell(report, "What the file holds")


async def _verify(
    settings: Settings, keys: Sequence[VerifierKey], notes: Mapping[str, str], quorum: Quorum, advance: Advance
) -> Report:
    patient = settings.unattended.with_values(database_timeout_seconds=STATEMENT_SECONDS)
    database = Database(patient, application="casefile-audit-verify", role=WORKER_ROLE)
    try:
        with retained_in_reach(settings) as retained:
            believed = await believed_beside(database, settings, keys, notes, quorum, retained)
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


def _named(text: str) -> str:
    """What an option says: the text itself where it is a key, or what is in the file that it names."""
    path = Path(text)
    return text if "+" in text and not path.exists() else _text(path)


def log_keys(text: str) -> list[VerifierKey]:
    """The public keys of a log, as an option names them: a key, or a file as `public-key` answers it in either form."""
    try:
        return read_keys(_named(text))
    except CheckpointError as fault:
        raise CommandFailed(f"The public key of the log: {fault}.") from None


def quorum_of(texts: Sequence[str], least: int) -> Quorum:
    """The witnesses that options name, and how many of them must have vouched."""
    try:
        lines = [line for text in texts for line in _named(text).splitlines()]
        keys = {parse_witness_key(line) for line in lines if line.strip()}
    except CheckpointError as fault:
        raise CommandFailed(f"--witness-key: {fault}.") from None
    if least > len(keys):
        raise CommandFailed(f"--witnesses {least} cannot be had of {len(keys)} keys: give them with --witness-key.")
    return Quorum(tuple(sorted(keys, key=lambda key: key.text())), least)


def _tell_witnesses(report: Report, path: Path, quorum: Quorum) -> None:
    """Say who vouched for the checkpoint, and when."""
    for cosignature in quorum.check(_text(path)):
        moment = utc_text(datetime.fromtimestamp(cosignature.at, UTC))
        report.notes.append(f"{cosignature.witness.name} vouched for the checkpoint at {moment}.")


def _checkpoint(path: Path, keys: Sequence[VerifierKey], quorum: Quorum | None = None) -> Checkpoint:
    try:
        if quorum is not None:
            quorum.check(_text(path))
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
