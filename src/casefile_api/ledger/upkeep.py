"""What keeps the log's tables in shape while it grows: the next partitions made in time, and old checkpoints thinned.

Ten checkpoints a second would outgrow the entries. Those of the last days stay as they were published, since exports
name their sizes; of older ones one of each hour stays, the last that witnesses vouched for where there is one.
"""

from datetime import timedelta

from sqlalchemy import text

from casefile_api.clock import real_now
from casefile_api.database import Database
from casefile_api.tenancy import WORKER

_MAKE = text("select make_audit_partitions()")
_THIN = text("select thin_checkpoints(:before)")


async def make_partitions(database: Database) -> int:
    """Make the partitions of the months and leaves to come; how many were missing."""
    async with database.connection(WORKER) as connection:
        made: int = (await connection.execute(_MAKE)).scalar_one()
        await connection.commit()
    return made


async def thin_checkpoints(database: Database, keep_hours: int) -> int:
    """Remove checkpoints that a later one of their hour speaks for; how many."""
    async with database.connection(WORKER) as connection:
        gone: int = (await connection.execute(_THIN, {"before": real_now() - timedelta(hours=keep_hours)})).scalar_one()
        await connection.commit()
    return gone
