"""What the worker looks after at regular times: one row per round. Each may be made by several workers at once.

A round that is made twice finds nothing to do the second time, and one that was missed is made up for by the next.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from casefile_api.attachments.expiry import expire_bundles, give_up_uploads, remove_what_was_kept
from casefile_api.attachments.holding import hold_submitted
from casefile_api.attachments.rechecking import ask_for_rechecks
from casefile_api.audit.alarming import watch_alarm
from casefile_api.audit.announcing import announce_checkpoint
from casefile_api.audit.cosigning import ask_witnesses
from casefile_api.audit.self_check import check_some
from casefile_api.case_files.indexing import index_older
from casefile_api.case_files.run_out import tell_run_out
from casefile_api.clock import real_now
from casefile_api.early_advice.deadlines import raise_due_deadlines
from casefile_api.ledger.refusals import write_refusal_entries
from casefile_api.ledger.upkeep import make_partitions, thin_checkpoints
from casefile_api.oauth.commands import forget_old
from casefile_api.statistics.counting import count_marked
from casefile_api.tenancy import WORKER
from casefile_api.web.parts import Parts

_FORGET_ANSWERS = text("delete from kept_answer where expires_at < :now")
_FORGET_RATES = text("delete from rate_bucket where refilled_at < now() - interval '1 hour'")
_FORGET_DELIVERIES = text(
    """
    delete from webhook_delivery where id in (
        select id from webhook_delivery where state <> 'waiting' and created_at < :before limit 10000)
    """
)


@dataclass(frozen=True)
class Round:
    """What is looked after, how often, and how."""

    name: str
    every_seconds: float
    make: Callable[[Parts], Awaitable[object]]


async def watch_deadlines(parts: Parts) -> None:
    """Tell of deadlines that are near or have passed."""
    await raise_due_deadlines(parts.database, parts.clock)


async def watch_break_glass(parts: Parts) -> None:
    """Tell of openings by break-glass that have run out."""
    await tell_run_out(parts.database, parts.clock)


async def write_up_refusals(parts: Parts) -> None:
    """Give the refusals of callers nobody knows their entries, a minute at a time."""
    async with parts.database.connection(WORKER) as connection:
        await write_refusal_entries(connection, now=real_now())


async def forget_expired(parts: Parts) -> None:
    """Forget kept answers after their day, tokens and assertions after their end, and rates of who is long gone."""
    async with parts.database.session(WORKER) as session:
        await session.execute(_FORGET_ANSWERS, {"now": real_now()})
        await session.execute(_FORGET_RATES)
        await forget_old(session, real_now())
        await session.commit()


async def forget_deliveries(parts: Parts) -> None:
    """Forget what endpoints were sent when the feed no longer keeps the events either."""
    before = parts.clock.now() - timedelta(days=parts.settings.event_retention_days)
    async with parts.database.session(WORKER) as session:
        await session.execute(_FORGET_DELIVERIES, {"before": before})
        await session.commit()


async def make_log_partitions(parts: Parts) -> None:
    """Have the log's next partitions ready before anything belongs into them."""
    await make_partitions(parts.database)


async def thin_old_checkpoints(parts: Parts) -> None:
    """Keep of old checkpoints one for each hour."""
    await thin_checkpoints(parts.database, parts.settings.checkpoint_keep_hours)


async def count_figures(parts: Parts) -> None:
    """Count what happened to requests and case files since it was last counted."""
    await count_marked(parts.database, parts.clock)


async def make_older_findable(parts: Parts) -> None:
    """Make case files findable that were opened before there was an index: all of them, a few at a time."""
    while await index_older(parts.database, parts.vault):
        pass


ROUNDS: tuple[Round, ...] = (
    Round("deadlines", 1, watch_deadlines),
    Round("break-glass", 5, watch_break_glass),
    Round("refusals", 10, write_up_refusals),
    Round("checkpoint", 30, announce_checkpoint),
    Round("witnesses", 10, ask_witnesses),
    Round("log alarm", 2, watch_alarm),
    Round("log check", 30, check_some),
    Round("log partitions", 3600, make_log_partitions),
    Round("old checkpoints", 3600, thin_old_checkpoints),
    Round("holds", 5, hold_submitted),
    Round("rechecks", 60, ask_for_rechecks),
    Round("uploads", 60, give_up_uploads),
    Round("bundles", 60, expire_bundles),
    Round("kept_files", 3600, remove_what_was_kept),
    Round("expired", 300, forget_expired),
    Round("finding", 3600, make_older_findable),
    Round("deliveries", 600, forget_deliveries),
    Round("figures", 2, count_figures),
)
