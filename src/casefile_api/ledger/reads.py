"""Reads are recorded too, and stay fast: the entries of the moment share one statement and one commit.

Each response waits until its own entry is durable. Where the database cannot keep up, a read is refused (503), never
answered unrecorded. The proofs that callers of bound tokens bring are used up in the same statement.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from casefile_api.access.key_proofs import KeyProof
from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable, ProofReplayed, Refusal
from casefile_api.ledger.entries import INSERT, INSERT_PROVEN, SealedEntry, proofs_of, rows_of

log = structlog.get_logger()

_LAST_SECONDS = 5.0


@dataclass(slots=True)
class _Waiting:
    """Who waits for an entry, for a key proof to be used up, or for both."""

    entry: SealedEntry | None
    proof: KeyProof | None
    durable: asyncio.Future[None]

    def fail(self, refusal: Refusal) -> None:
        if not self.durable.done():
            self.durable.set_exception(refusal)


class ReadLedger:
    """Collects the entries of one process and writes them in groups."""

    def __init__(self, database: Database, *, batch_limit: int) -> None:
        self._database = database
        self._limit = batch_limit
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._write_groups(), name="read-ledger")

    async def stop(self) -> None:
        """Write what is waiting, then stop."""
        waiting = [waiting.durable for waiting in self._waiting]
        if waiting:
            await asyncio.wait(waiting, timeout=_LAST_SECONDS)
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def record(self, entry: SealedEntry) -> None:
        """Return when the entry is durable, and its key proof used up.

        Raises DependencyUnavailable where it could not be made so, ProofReplayed where the proof was used before.
        """
        await self._write(entry, entry.key_proof)

    async def use_up(self, proof: KeyProof) -> None:
        """Return when a key proof is used up, for a request that may leave no entry.

        Raises as `record` does.
        """
        await self._write(None, proof)

    async def _write(self, entry: SealedEntry | None, proof: KeyProof | None) -> None:
        if len(self._waiting) >= self._limit:
            raise DependencyUnavailable("Too many reads are waiting for their log entries.")
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(entry, proof, durable))
        self._wake.set()
        await durable

    async def _write_groups(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            group, self._waiting = _without_repeated(self._waiting), []
            if not group:
                continue
            try:
                used = await self._insert(group)
            except Exception as fault:
                log.error("reads_not_recorded", fault=type(fault).__name__, entries=len(group))
                refusal = fault if isinstance(fault, DependencyUnavailable) else None
                for waiting in group:
                    waiting.fail(refusal or DependencyUnavailable("The log cannot be written now."))
            else:
                for waiting in group:
                    if waiting.proof is not None and waiting.proof.digest not in used:
                        waiting.fail(ProofReplayed())
                    elif not waiting.durable.done():
                        waiting.durable.set_result(None)

    async def _insert(self, group: Sequence[_Waiting]) -> frozenset[bytes]:
        """Write a group in one statement; return the digests of the proofs that it used up."""
        entries = [waiting.entry for waiting in group if waiting.entry is not None]
        proofs = [waiting.proof for waiting in group if waiting.proof is not None]
        if not proofs:
            await self._database.record(INSERT, {"entries": rows_of(entries)})
            return frozenset()
        rows = await self._database.record(INSERT_PROVEN, {"entries": rows_of(entries), **proofs_of(proofs)})
        return frozenset(bytes(row.digest) for row in rows)


def _without_repeated(group: Sequence[_Waiting]) -> list[_Waiting]:
    """Leave out whoever brings a proof that another of the same group brought first."""
    digests: set[bytes] = set()
    kept = []
    for waiting in group:
        if waiting.proof is not None and waiting.proof.digest in digests:
            waiting.fail(ProofReplayed())
            continue
        if waiting.proof is not None:
            digests.add(waiting.proof.digest)
        kept.append(waiting)
    return kept
