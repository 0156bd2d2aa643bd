"""Telling that something is wrong with the log: once, by an event to those who watch over it, an entry and a metric.

What is wrong is kept until it is right again, so that it can be asked for and is not told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.clock import real_now
from casefile_api.unattended import Act, unattended
from casefile_api.web.parts import Parts

ALARM = "alarm"
_WATCHERS = text("select id from organisation where kind in ('oversight', 'operator') order by id")
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended('watch over the log', 0))")
_ALARM = text("select code, detail from log_alarm")
# A break that was mended and comes back is a new one.
_KEEP = text(
    """
    insert into audit_break as b (kind, name, wrong, found_at) values (:kind, :name, :wrong, :at)
    on conflict (kind, name) do update set wrong = excluded.wrong, found_at = excluded.found_at, mended_at = null
    returning xmax = 0 or exists (
        select from audit_break old where (old.kind, old.name) = (b.kind, b.name) and old.mended_at is not null)
    """
)
_MENDED = text(
    "update audit_break set mended_at = :at"
    " where mended_at is null and (kind = 'alarm') = :alarms and found_at < :since"
)

_log = structlog.get_logger("casefile_api.alarming")


@dataclass(frozen=True, slots=True)
class Break:
    """Something that is wrong: what kind of thing, which one, and how."""

    kind: str
    name: str
    wrong: str


async def watchers(session: AsyncSession) -> list[str]:
    """The organisations that are told: oversight bodies and the operator."""
    return list((await session.execute(_WATCHERS)).scalars())


async def keep_new(session: AsyncSession, found: Sequence[Break], at: datetime) -> list[Break]:
    """Keep what was found; those that are new."""
    new = []
    for each in found:
        values = {"kind": each.kind, "name": each.name, "wrong": each.wrong, "at": at}
        if (await session.execute(_KEEP, values)).scalar_one():
            new.append(each)
    return new


async def mended(session: AsyncSession, at: datetime, *, alarms: bool, since: datetime) -> None:
    """What was not found again since a moment is right again."""
    await session.execute(_MENDED, {"at": at, "alarms": alarms, "since": since})


async def tell_of_breaks(act: Act, new: Sequence[Break]) -> None:
    """Tell those who watch, and say it in the log and in the service's own log; nothing where nothing is new."""
    act.silent = not new
    if not new:
        return
    act.trail.about("audit_log", None)
    act.trail.details = {"found": [{"kind": each.kind, "name": each.name, "wrong": each.wrong} for each in new[:20]]}
    told = await watchers(act.session)
    for each in new[:100]:
        _log.error("log_is_not_whole", kind=each.kind, name=each.name, wrong=each.wrong)
        await act.record("audit.break_found", to=told, finding=each.kind, finding_name=each.name)


async def watch_alarm(parts: Parts) -> bool:
    """Tell that the log does not grow, once for each alarm."""
    at = real_now()
    async with unattended(parts.database, parts.clock, "raise_log_alarm") as act:
        act.silent = True
        if not (await act.session.execute(_LOCK)).scalar_one():
            return False
        alarm = (await act.session.execute(_ALARM)).one_or_none()
        found = [Break(ALARM, alarm.code, alarm.detail)] if alarm else []
        new = await keep_new(act.session, found, at)
        await mended(act.session, at, alarms=True, since=at)
        if not new:
            return False
        act.silent = False
        act.trail.about("audit_log", None)
        act.trail.details = {"alarm": new[0].name}
        await act.record("audit.alarm_raised", to=await watchers(act.session), alarm=new[0].name)
    return True
