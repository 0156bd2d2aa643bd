"""The worker's counting: what was marked is counted anew, and the sums of its month move by the difference.

One worker counts at a time. Marks are taken before their requests are counted, so that what happens meanwhile, and
marks again, is counted by the next round; whoever asks in between counts it from its sources. Sums are kept for each
force with each unit, for each unit over all forces, and for everybody, by month, by quarter and by calendar year: what
is asked for is some thousand rows then, whoever asks.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from casefile_api.clock import Clock
from casefile_api.database import Database
from casefile_api.statistics.facts import CASE_FILES, FLOW, ITEMS, REQUESTS
from casefile_api.tenancy import WORKER

AT_A_TIME = 2000

_ALONE = text("select pg_try_advisory_xact_lock(hashtext('figures'))")
_MARKS = text("select id, kind, subject_id from figure_due order by id limit :limit")
_DONE = text("delete from figure_due where id = any(:ids)")
# What is open now is asked for whatever the period, and what flows by the month that is its key.
_BY_MONTH_ALONE = ", ".join(f"'{measure}'" for measure in ("open", "holding", *FLOW))
_MOVED_SUMS = f"""
    before as (
        select f.day, f.organisation, f.area, f.unit, i.measure, i.key, i.value, -i.count as count
        from figure_fact f, jsonb_to_recordset(f.items) i (measure text, key text, value integer, count bigint)
        where f.subject_id = any(:ids)),
    after as (
        select f.day, f.organisation, f.area, f.unit, i.measure, i.key, i.value, i.count
        from facts f, jsonb_to_recordset(f.items) i (measure text, key text, value integer, count bigint)),
    moved as (
        select date_trunc('month', day)::date as month, organisation, area, unit, measure, key, value,
               sum(count) as count
        from (select * from before union all select * from after) both_sides
        group by 1, 2, 3, 4, 5, 6, 7 having sum(count) <> 0),
    levels as (
        select month, organisation, area, unit, measure, key, value, count from moved
        union all
        select month, '', area, unit, measure, key, value, sum(count) from moved
        group by month, area, unit, measure, key, value
        union all
        select month, '', '', '', measure, key, value, sum(count) from moved group by month, measure, key, value),
    spans as (
        select month, 1 as span, organisation, area, unit, measure, key, value, count from levels
        union all
        select date_trunc(name, month)::date, months, organisation, area, unit, measure, key, value, sum(count)
        from levels, (values ('quarter', 3), ('year', 12)) longer (name, months)
        where measure not in ({_BY_MONTH_ALONE}) group by 1, 2, 3, 4, 5, 6, 7, 8),
    summed as (
        insert into figure_total as t (month, span, organisation, area, unit, measure, key, value, count)
        select month, span, organisation, area, unit, measure, key, value, count from spans where count <> 0
        on conflict (month, span, organisation, area, unit, measure, key, value)
            do update set count = t.count + excluded.count)
    insert into figure_fact (subject_id, case_file_id, organisation, area, unit, day, items)
    select id, case_file_id, organisation, area, unit, day, items from facts
    on conflict (subject_id) do update set organisation = excluded.organisation, area = excluded.area,
        unit = excluded.unit, day = excluded.day, items = excluded.items"""
_COUNT_REQUESTS = text(
    f"""with requests as materialized ({REQUESTS} and r.id = any(:ids)), {ITEMS},
    facts as materialized (
        select r.id, r.case_file_id, r.organisation, r.area, r.unit, r.day, i.items
        from requests r join (
            select id, jsonb_agg(jsonb_build_object('measure', measure, 'key', key, 'value', value, 'count', count))
                as items from items group by id) i on i.id = r.id),
    {_MOVED_SUMS}"""
)
_COUNT_CASE_FILES = text(
    f"""with cases as materialized ({CASE_FILES} where c.id = any(:ids)),
    facts as materialized (
        select id, case_file_id, organisation, area, unit, day, jsonb_build_array(
            jsonb_build_object('measure', 'case_files', 'key', key, 'value', 0, 'count', 1))
            || case when why_not is null then '[]'::jsonb else jsonb_build_array(
                jsonb_build_object('measure', 'not_sought', 'key', why_not, 'value', 0, 'count', 1)) end
            as items from cases),
    {_MOVED_SUMS}"""
)
_FORGET_EMPTY = text("delete from figure_total where count = 0")


async def count_marked(database: Database, clock: Clock) -> int:
    """Count what was marked; return how many marks were worked off."""
    worked_off = 0
    while marks := await _count_some(database, clock.now()):
        worked_off += marks
        if marks < AT_A_TIME:
            break
    return worked_off


async def _count_some(database: Database, now: datetime) -> int:
    async with database.session(WORKER) as session:
        if not (await session.execute(_ALONE)).scalar_one():
            return 0
        marks = (await session.execute(_MARKS, {"limit": AT_A_TIME})).all()
        if not marks:
            return 0
        for kind in ("request", "case_file"):
            await _count(session, kind, sorted({mark.subject_id for mark in marks if mark.kind == kind}), now)
        await session.execute(_DONE, {"ids": [mark.id for mark in marks]})
        await session.execute(_FORGET_EMPTY)
        await session.commit()
        return len(marks)


async def _count(session: AsyncSession, kind: str, ids: list[object], now: datetime) -> None:
    if not ids:
        return
    if kind == "request":
        await session.execute(_COUNT_REQUESTS, {"ids": ids, "now": now})
    else:
        await session.execute(_COUNT_CASE_FILES, {"ids": ids})
