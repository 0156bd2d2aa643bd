"""Telling that an opening by break-glass has run out: once, to those who were told that it was opened.

Nothing has to happen for it to end: what lets somebody in asks the time. The worker tells of it afterwards, under the
lock of the case file, so that several workers and one that was down come to the same event.
"""

from uuid import UUID

from sqlalchemy import text

from casefile_api.access.permissions import Operation62
from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.unattended import unattended

_AT_ONCE = 200
_RUN_OUT = text(
    "select id, case_file_id from case_file_break_glass where ended_at is null and end_told_at is null"
    " and until <= now() order by until, id limit :limit"
)
_LOCK_CASE = text("select from case_file where id = :case for update")
_TAKE = text(
    "update case_file_break_glass set end_told_at = now() where id = :id and ended_at is null and end_told_at is null"
    " returning owner, organisation"
)


async def tell_run_out(database: Database, clock: Clock) -> int:
    """Tell of every opening that ran out and was not told yet; return how many were told."""
    async with unattended(database, clock, "find_run_out_break_glass") as act:
        act.silent = True
        found = [(row.id, row.case_file_id) for row in await act.session.execute(_RUN_OUT, {"limit": _AT_ONCE})]
    return sum([await _tell(database, clock, *item) for item in found])


async def _tell(database: Database, clock: Clock, break_glass_id: UUID, case_file_id: UUID) -> bool:
    """Tell of one in a transaction of its own; False where it was ended or told meanwhile."""
    async with unattended(database, clock, "run_out_break_glass", Operation62.ALTERATION) as act:
        await act.session.execute(_LOCK_CASE, {"case": case_file_id})
        taken = (await act.session.execute(_TAKE, {"id": break_glass_id})).one_or_none()
        if taken is None:
            act.silent = True
            return False
        act.trail.about("break_glass", break_glass_id, case_file_id=case_file_id, owner=taken.owner)
        told = [taken.owner, taken.organisation]
        await act.record("break_glass.ended", to=told, case_file_id=case_file_id, break_glass_id=break_glass_id)
        return True
