"""The one way to PostgreSQL: a small pool per process, psycopg 3, as the role that owns nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.waiting import wait_async
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from casefile_api.errors import DependencyUnavailable
from casefile_api.lines import Line, Lines
from casefile_api.settings import Settings
from casefile_api.shared_transactions import SharedTransactions
from casefile_api.tenancy import SERVICE_ROLE, Scope, as_statement, beginning, local
from casefile_api.transactions import LentLines, Statements, Transaction

Asked = tuple[str, Mapping[str, Any]]
_SILENT = (
    *(PoolTimeout, OperationalError, InterfaceError),
    *(psycopg.OperationalError, psycopg.InterfaceError),
    TimeoutError,
)


def driver_url(url: str) -> str:
    """Return the URL in the form that names the driver, psycopg 3."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def plain_url(url: str) -> str:
    """Return the URL as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _kept_settings(role: str, timeout_ms: int) -> dict[str, str]:
    """Return what holds for all that is done here: a role that owns nothing, and how long anything may take."""
    return {
        "role": role,
        "statement_timeout": str(timeout_ms),
        "idle_in_transaction_session_timeout": str(timeout_ms * 3),
    }


class LoneConnection(psycopg.AsyncConnection[Any]):
    """A connection that no pool keeps, closed at the end of its use however often that use is cancelled.

    The driver would undo what is under way first; who is cancelled again in that moment would leave it open.
    """

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, unless it belongs to a pool."""
        try:
            await super().__aexit__(kind, fault, trace)
        finally:
            if not hasattr(self, "_pool"):
                await self.close()


class PatientConnection(psycopg.AsyncConnection[Any]):
    """A connection that is given up at once where waiting for it is given up.

    The driver would ask the server to cancel and wait for its answer; a server that says nothing does not answer that
    either, and the caller would wait for both.
    """

    _beginning: bytes = b""

    def begins_with(self, settings: bytes) -> None:
        """Say what the next transaction begins with; it is told the server together with BEGIN."""
        self._beginning = settings

    def _start_query(self) -> PQGen[None]:
        """Begin a transaction where none is under way; the driver itself would take but one command in a message."""
        if self._autocommit or not self._beginning or self.pgconn.transaction_status != TransactionStatus.IDLE:
            yield from super()._start_query()
            return
        self._check_connection_ok()
        self.pgconn.send_query(self._get_tx_start_command() + self._beginning)
        for result in (yield from execute(self.pgconn)):
            if result.status != ExecStatus.COMMAND_OK:
                raise error_from_result(result, encoding=self.info.encoding)

    async def wait(
        self,
        gen: PQGen[RV],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the driver's
    ) -> RV:
        """Wait for the server; a wait that is cancelled ends the connection."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise


class Database:
    """Connections of one process."""

    def __init__(self, settings: Settings, *, application: str = "casefile-api", role: str = SERVICE_ROLE) -> None:
        timeout_ms = int(settings.database_timeout_seconds * 1000)
        self.url = settings.database_url
        # A pooler passes no options on: what holds for all is said in each transaction.
        self._pooled, kept = settings.database_pooler, _kept_settings(role, timeout_ms)
        self._each_time = local(kept) if self._pooled else b""
        self._ahead: tuple[Asked, ...] = ((as_statement(kept), kept),) if self._pooled else ()
        self._startup = " ".join(f"-c {name}={value}" for name, value in {**kept, "timezone": "UTC"}.items())
        self._options: dict[str, Any] = {
            "application_name": application,
            "connect_timeout": max(2, int(settings.database_timeout_seconds)),
        }
        self._patience_seconds = settings.database_timeout_seconds + 2
        self.engine: AsyncEngine = create_async_engine(
            driver_url(settings.database_url),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_timeout_seconds,
            pool_pre_ping=False,
            pool_use_lifo=True,
            connect_args={"async_creator_fn": self._opened},
        )

        event.listen(self.engine.sync_engine, "begin", self._begin_for_whom)

        # Single statements that need no transaction go round SQLAlchemy: it costs more than the statement. A commit
        # waits for the disk: what is recorded has a line of its own, so that no read waits behind it.
        self._reading = Lines(self._line, max(2, settings.database_pool_size // 2))
        self._recording = Lines(self._line, 1)
        self._lent = LentLines(self._line, settings.database_pool_size, settings.database_timeout_seconds)
        self._shared = SharedTransactions(self._lent, self._first)

    async def _opened(self, *_: object, **__: object) -> PatientConnection:
        """Open a connection of the pool, which begins its transactions itself."""
        connection = await self._connect()
        await connection.set_autocommit(False)
        return connection

    async def _connect(self, further: str = "") -> PatientConnection:
        if not self._pooled:
            return await PatientConnection.connect(
                plain_url(self.url), autocommit=True, options=self._startup + further, **self._options
            )
        # What is prepared on one connection is not there on the next. The time zone a pooler sets wherever it leads.
        connection = await PatientConnection.connect(
            plain_url(self.url), autocommit=True, prepare_threshold=None, **self._options
        )
        await connection.execute("set timezone to 'UTC'")
        return connection

    async def _line(self) -> Line:
        # What runs here goes by keys: its plan is the same whatever the values, and is not to be made again each time.
        connection = await self._connect(" -c plan_cache_mode=force_generic_plan")
        return Line(connection, self._patience_seconds, prepares=not self._pooled)

    def _first(self, scope: Scope | None) -> tuple[Asked, ...]:
        """Return what goes ahead of a statement of its own."""
        return self._ahead if scope is None else (*self._ahead, (scope.statement, scope.values))

    def patience(self) -> asyncio.Timeout:
        """Return the limit of a piece of database work, for a server that is there and says nothing."""
        return asyncio.timeout(self._patience_seconds)

    async def rows(self, statement: str, values: Mapping[str, Any], scope: Scope | None = None) -> list[Any]:
        """Run one statement, committed by itself, and return its rows; parameters are named as `:name`.

        For whom it is run goes ahead of it in the same message; both are one transaction.
        """
        with translated_faults():
            return await self._reading.rows(*self._first(scope), (statement, values))

    async def record(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        """Run one statement whose commit is waited for, apart from those that only look."""
        with translated_faults():
            return await self._recording.rows(*self._ahead, (statement, values))

    @asynccontextmanager
    async def connection(self, scope: Scope | None = None) -> AsyncIterator[AsyncConnection]:
        """Lend a connection; a database that does not answer is a refusal, not a fault of ours."""
        with translated_faults():
            async with self._engine_for(scope).connect() as connection:
                yield connection

    @asynccontextmanager
    async def brief_connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection for a statement or two that somebody waits for."""
        with translated_faults():
            async with self.patience(), self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def session(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """Lend a session; the caller commits, and what is not committed is rolled back."""
        with translated_faults():
            async with AsyncSession(self._engine_for(scope), expire_on_commit=False, autoflush=False) as session:
                yield session

    @asynccontextmanager
    async def transaction(self, scope: Scope | None = None) -> AsyncIterator[Transaction]:
        """Lend a transaction in few round trips; the caller commits, and what is not committed is rolled back."""
        with translated_faults():
            async with self._lent.transaction() as transaction:
                for statement, given in self._first(scope):
                    transaction.later(statement, given)
                yield transaction

    @asynccontextmanager
    async def shared_transaction(self, scope: Scope) -> AsyncIterator[Statements]:
        """Lend a transaction that changes of the same caller may share; one may hear that it is to go alone."""
        with translated_faults():
            async with self._shared.transaction(scope) as transaction:
                yield transaction

    def _engine_for(self, scope: Scope | None) -> AsyncEngine:
        return self.engine if scope is None else self.engine.execution_options(casefile_scope=scope)

    def _begin_for_whom(self, connection: Connection) -> None:
        """Say at every beginning for whom it is: nobody, where nothing was said."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, PatientConnection):
            raise RuntimeError("the pool lends connections of another kind")
        driver.begins_with(self._each_time + beginning(connection.get_execution_options().get("casefile_scope")))

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()
        await self._reading.close()
        await self._recording.close()
        self._lent.close()


class translated_faults:  # noqa: N801 - reads as a verb phrase at its call
    """Turn a lost or silent database into DependencyUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, _SILENT) or (
            isinstance(fault, DBAPIError) and (fault.connection_invalidated or _is_outside_fault(fault))
        ):
            raise DependencyUnavailable("The database does not answer; nothing was changed.") from fault


def _is_outside_fault(fault: DBAPIError) -> bool:
    """Say whether PostgreSQL's error class is one of its own state (57, 53, 08), not of our statement."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    return state[:2] in {"57", "53", "08"}
