"""Telling those who watch over the log that it has grown: a checkpoint to keep, at most once in a while.

An overseer who keeps each checkpoint can prove later that nothing before it was altered. The checkpoint of the event is
the newest there is; the signed note itself is fetched through the API.
"""

from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import text

from casefile_api.clock import real_now
from casefile_api.unattended import unattended
from casefile_api.web.parts import Parts

EVENT = "audit.checkpoint_published"

_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('announce checkpoint', 0))")
_NEWEST = text("select tree_size, root_hash from audit_checkpoint order by tree_size desc limit 1")
_OVERSEERS = text("select id from organisation where kind = 'oversight' order by id")
_LAST_TOLD = text(
    """
    select recorded_at, body from event
    where organisation = any(:overseers) and type = :type
    order by occurred_at desc limit 1
    """
)


async def announce_checkpoint(parts: Parts) -> bool:
    """Tell the overseers of the newest checkpoint, if the log has grown and the last telling is long enough ago."""
    async with unattended(parts.database, parts.clock, "announce_checkpoint") as act:
        act.silent = True  # an announcement processes nobody's data, and must not make the log grow by itself
        if not (await act.session.execute(_LOCK)).scalar_one():
            return False
        newest = (await act.session.execute(_NEWEST)).one_or_none()
        overseers = list((await act.session.execute(_OVERSEERS)).scalars())
        if newest is None or not overseers:
            return False
        told = await act.session.execute(_LAST_TOLD, {"overseers": overseers, "type": EVENT})
        if not _is_due(told.one_or_none(), newest.tree_size, parts.settings.checkpoint_event_minutes):
            return False
        await act.record(EVENT, to=overseers, tree_size=newest.tree_size, root_hash=bytes(newest.root_hash).hex())
        return True


def _is_due(last: Any, tree_size: int, least_minutes: int) -> bool:
    if last is None:
        return True
    grown = orjson.loads(bytes(last.body))["data"]["tree_size"] < tree_size
    return bool(grown and real_now() - last.recorded_at >= timedelta(minutes=least_minutes))
