"""The newest checkpoint goes outside at a pace: into the bucket that keeps it."""

import structlog
from sqlalchemy import text

from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.errors import DependencyUnavailable, Misconfigured
from casefile_api.tenancy import WORKER
from casefile_api.web.parts import Parts

_log = structlog.get_logger("casefile_api.going_outside")

# A log that stands in alarm has nothing to show: its newest checkpoint may be of an old backup.
_NEWEST = text(
    """
    select id, tree_size, note from audit_checkpoint where not exists (select from log_alarm)
    order by tree_size desc, id desc limit 1
    """
)


class Outside:
    """What follows the log outside the database, and how far it came."""

    def __init__(self, retained: RetainedCheckpoints | None) -> None:
        self._retained = retained
        self._note: str | None = None

    async def follow(self, parts: Parts) -> None:
        """Let the newest checkpoint follow; what fails is tried again at the next time, and nobody waits for it."""
        async with parts.database.connection(WORKER) as connection:
            newest = (await connection.execute(_NEWEST)).one_or_none()
        if newest is None or newest.note == self._note:
            return
        if self._retained is not None:
            try:
                await self._retained.retain(newest.note)
            except (DependencyUnavailable, Misconfigured) as fault:
                _log.error("checkpoint_not_retained", reason=str(fault))
                return
        self._note = newest.note
