"""How the log is doing: whether an alarm stands, and how long the oldest entry has been waiting for its leaf."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


async def standing_alarm(connection: AsyncConnection | AsyncSession) -> str | None:
    """The sentence that says why the log does not grow; None while it does. Readiness fails on it."""
    return (await connection.execute(text("select detail from log_alarm"))).scalar_one_or_none()


async def oldest_waiting_seconds(connection: AsyncConnection | AsyncSession) -> float:
    """The age of the oldest entry that no published checkpoint covers yet, in seconds; zero when none waits."""
    query = text(
        """
        select coalesce(extract(epoch from clock_timestamp() - min(e.occurred_at)), 0)
        from audit_pending p join audit_entry e on e.id = p.entry_id
        """
    )
    return max(0.0, float((await connection.execute(query)).scalar_one()))
