"""The sequencer: gives entries their leaf, events their position and wanted work its job, and signs the tree.

Dramatis personae: writers put what they did into the inbox tables in their own transactions; one *batch* empties the
inbox in one transaction under an advisory lock, so that whatever is killed when, a batch happened wholly or not at all;
the *kept checkpoint* outside the database says how far the log had come, so that a restored backup is never signed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
import structlog
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, InvalidParameterValue

from casefile_api.clock import Clock
from casefile_api.database import LoneConnection
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.ledger.batch import Batch, Defer, JobWanted, LogReplaced, run_batch
from casefile_api.ledger.checkpoints import SignerKey, VerifierKey
from casefile_api.ledger.head import known_keys
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint, Retained
from casefile_api.ledger.log_keys import KeyStamp, open_log
from casefile_api.settings import Settings
from casefile_api.tenancy import SEQUENCER_ROLE

__all__ = ["CHANNEL", "Defer", "JobWanted", "Sequencer"]

CHANNEL = "casefile_sequenced"
PAUSE_SECONDS = 0.05
PAUSE_IN_ALARM_SECONDS = 1.0
PAUSE_AFTER_JOB_FAULT_SECONDS = 5.0
LEARNING_SECONDS = 10.0
RECONNECT_SECONDS = 0.5

_NO_ROLE = (
    f"The log cannot be sequenced: this login may not act as {SEQUENCER_ROLE}. Set CASEFILE_SEQUENCER_DATABASE_URL to"
    f" the URL of that role, or grant {SEQUENCER_ROLE} to the login."
)

_log = structlog.get_logger("casefile_api.sequencer")

Connection = psycopg.AsyncConnection[tuple[object, ...]]


async def connect(settings: Settings) -> Connection:
    """A connection of the sequencer's own, outside the pool, in its own role.

    Raises Misconfigured where the login may not act in that role.
    """
    connection = await LoneConnection.connect(
        settings.sequencing_database_url.replace("postgresql+psycopg://", "postgresql://"),
        autocommit=True,
        options="-c timezone=UTC -c statement_timeout=30000",
        application_name="casefile-sequencer",
        connect_timeout=5,
    )
    try:
        await connection.execute(sql.SQL("set role {}").format(sql.Identifier(SEQUENCER_ROLE)))
    except (InsufficientPrivilege, InvalidParameterValue):
        await connection.close()
        raise Misconfigured(_NO_ROLE) from None
    except BaseException:  # a process that stops at this moment leaves nothing open
        await connection.close()
        raise
    return connection


class Sequencer:
    """The one loop that lets the log grow. Any number may run; the lock lets one batch through at a time."""

    def __init__(
        self, settings: Settings, defer: Defer, clock: Clock | None = None, retained: Retained | None = None
    ) -> None:
        self._settings = settings
        self._defer = defer
        self._clock = clock or Clock()
        self._kept = KeptCheckpoint.beside_key(settings)
        self._retained = retained
        self._jobs_wait_until = 0.0
        self._alarm: str | None = None
        self._first = True

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; a lost database is waited for.

        Raises Misconfigured where the keys or the log's name do not fit the database.
        """
        while not stop.is_set():
            try:
                async with await connect(self._settings) as connection:
                    await self._follow(connection, stop)
            except LogReplaced:
                _log.warning("log_has_a_successor")
            except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
                _log.warning("sequencer_lost_database", reason=type(fault).__name__)
                await _pause(stop, RECONNECT_SECONDS)

    async def _follow(self, connection: Connection, stop: asyncio.Event) -> None:
        keys = KeyStamp(self._settings)
        signers: Sequence[SignerKey] = await open_log(connection, self._settings, self._clock.real_now())
        self._kept.check()
        self._first = True
        async with self._learning(await known_keys(connection, signers), signers[0].name):
            await self._grow(connection, signers, keys, stop)

    async def _grow(
        self, connection: Connection, signers: Sequence[SignerKey], keys: KeyStamp, stop: asyncio.Event
    ) -> None:
        while not stop.is_set():
            if keys.changed():
                signers = await self._take_up_keys(connection, signers)
                self._first = True
            batch = await self.step(connection, signers)
            if batch is None or not batch.full:
                await _pause(stop, PAUSE_IN_ALARM_SECONDS if self._alarm else PAUSE_SECONDS)

    @asynccontextmanager
    async def _learning(self, keys: Sequence[VerifierKey], origin: str) -> AsyncIterator[None]:
        """Learn what the store retains before anything is signed; events and jobs do not wait for it."""
        if self._retained is None:
            yield
            return
        self._kept.unread = True
        learning = asyncio.create_task(self._learn(self._retained, keys, origin))
        try:
            await asyncio.wait([learning], timeout=LEARNING_SECONDS)
            yield
        finally:
            learning.cancel()
            await asyncio.wait([learning])

    async def _learn(self, retained: Retained, keys: Sequence[VerifierKey], origin: str) -> None:
        while self._kept.unread:
            try:
                self._kept.retained = await retained.newest(origin, keys)
            except DependencyUnavailable:
                _log.warning("retained_checkpoints_not_read")
                await asyncio.sleep(PAUSE_IN_ALARM_SECONDS)
            except Misconfigured as fault:
                _log.error("retained_checkpoints_not_read", fault=str(fault))
                await asyncio.sleep(PAUSE_AFTER_JOB_FAULT_SECONDS)
            else:
                self._kept.unread, self._first = False, True

    async def _take_up_keys(self, connection: Connection, known: Sequence[SignerKey]) -> Sequence[SignerKey]:
        """Sign with the keys as they now are in the file; those known before go on where it cannot be read."""
        try:
            signers = await open_log(connection, self._settings, self._clock.real_now())
        except Misconfigured as fault:
            _log.error("log_keys_not_read", fault=str(fault))
            return known
        _log.info("log_keys_changed", keys=[signer.verifier.key_id.hex() for signer in signers])
        return signers

    async def step(self, connection: Connection, signers: Sequence[SignerKey]) -> Batch | None:
        """One batch; None where there was nothing to do or another sequencer was at it."""
        defer = self._defer if time.monotonic() >= self._jobs_wait_until else None
        batch = await run_batch(
            connection,
            signers,
            self._kept,
            defer,
            channel=CHANNEL,
            now=self._clock.real_now(),
            look_first=not self._first,
        )
        if batch is None:
            return None
        self._first = False
        if batch.note is not None:
            await self._keep(batch.note)
        self._report(batch)
        return batch

    async def _keep(self, note: str) -> None:
        """Keep the newest checkpoint outside; where the disk is full the older one stays, which is good enough."""
        try:
            await asyncio.to_thread(self._kept.write, note)
        except OSError as fault:
            _log.error("checkpoint_not_kept", path=str(self._kept.path), reason=fault.strerror)

    def _report(self, batch: Batch) -> None:
        """Say once what keeps the log from growing, and once that it grows again."""
        if batch.job_fault is not None:
            self._jobs_wait_until = time.monotonic() + PAUSE_AFTER_JOB_FAULT_SECONDS
            _log.error("jobs_not_deferred", reason=batch.job_fault)
        code = batch.alarm.code if batch.alarm else None
        if code != self._alarm:
            self._alarm = code
            if batch.alarm:
                _log.error("log_does_not_grow", code=batch.alarm.code, detail=batch.alarm.detail)
            else:
                _log.info("log_grows_again")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
