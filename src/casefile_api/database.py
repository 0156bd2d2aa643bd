"""The one way to PostgreSQL: a small pool per process, psycopg 3, as the role that owns nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.settings import Settings

SERVICE_ROLE = "casefile_service"


def driver_url(url: str) -> str:
    """Return the URL in the form that names the driver, psycopg 3."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


class Database:
    """Connections of one process."""

    def __init__(self, settings: Settings, *, application: str = "casefile-api") -> None:
        timeout_ms = int(settings.database_timeout_seconds * 1000)
        self.url = settings.database_url
        self.engine: AsyncEngine = create_async_engine(
            driver_url(settings.database_url),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=settings.database_timeout_seconds,
            pool_pre_ping=False,
            pool_use_lifo=True,
            connect_args={
                "options": f"-c role={SERVICE_ROLE} -c statement_timeout={timeout_ms} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={timeout_ms * 3}",
                "application_name": application,
                "connect_timeout": max(2, int(settings.database_timeout_seconds)),
            },
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection; a database that does not answer is a refusal, not a fault of ours."""
        with translated_faults():
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Lend a session; the caller commits, and what is not committed is rolled back."""
        with translated_faults():
            async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session:
                yield session

    async def close(self) -> None:
        """Give back every connection."""
        await self.engine.dispose()


class translated_faults:  # noqa: N801 - reads as a verb phrase at its call
    """Turn a lost or silent database into DependencyUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, PoolTimeout | OperationalError | InterfaceError) or (
            isinstance(fault, DBAPIError) and (fault.connection_invalidated or _is_outside_fault(fault))
        ):
            raise DependencyUnavailable("The database does not answer; nothing was changed.") from fault


def _is_outside_fault(fault: DBAPIError) -> bool:
    """Say whether PostgreSQL's error class is one of its own state (57, 53, 08), not of our statement."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    return state[:2] in {"57", "53", "08"}


async def check_schema(database: Database, expected: str) -> None:
    """Refuse to start on a schema that is not the program's own.

    Raises Misconfigured with the command that mends it.
    """
    async with database.connection() as connection:
        try:
            found = (await connection.execute(text("select version_num from alembic_version"))).scalar_one_or_none()
        except DBAPIError as fault:
            if _is_outside_fault(fault):
                raise
            found = None
    if found != expected:
        raise Misconfigured(
            f"The database schema is at {found or 'nothing'} and this program needs {expected}:"
            " run `casefile-api migrate`."
        )
