"""The newest checkpoint goes outside at a pace: into the bucket that keeps it, and to the time-stamper."""

import structlog
from sqlalchemy import text

from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.audit.stamping import NotStamped, stamp
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
        kept, stamped = await self._retain(newest.note), await self._stamp(parts, newest.tree_size, newest.note)
        if kept and stamped:
            self._note = newest.note

    async def _retain(self, note: str) -> bool:
        if self._retained is None:
            return True
        try:
            await self._retained.retain(note)
        except (DependencyUnavailable, Misconfigured) as fault:
            _log.error("checkpoint_not_retained", reason=str(fault))
            return False
        return True

    async def _stamp(self, parts: Parts, tree_size: int, note: str) -> bool:
        if not parts.settings.tsa_url or not tree_size:
            return True
        try:
            await stamp(parts.database, parts.settings, tree_size, note)
        except (NotStamped, Misconfigured) as fault:
            _log.error("checkpoint_not_stamped", reason=str(fault))
            return False
        return True
