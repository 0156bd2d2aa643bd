"""The timeline: everything that happened to the case, in order, in words, as the caller's side was told of it.

Staff of a CPS unit see of it what follows from what their unit was given, up to where a request left the unit.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from casefile_api.access.caller import Caller, OrganisationKind
from casefile_api.case_files.content.clocks import legal_dates
from casefile_api.case_files.queries import SEES_WHOLE_AREA, CaseFileRow, sight_of, visible_to
from casefile_api.case_files.views import view_case_file
from casefile_api.clock import LONDON
from casefile_api.errors import Gone
from casefile_api.events import sentence
from casefile_api.unit_of_work import Reading

_OF_TWO = "('case_file.linked', 'case_file.unlinked', 'case_file.split', 'case_file.merged')"


async def list_timeline(reading: Reading, case: CaseFileRow, *, after: int, limit: int) -> Sequence[dict[str, Any]]:
    """Return what happened after a sequence number, ascending."""
    rows = await reading.session.execute(
        text(
            "select e.type, e.sequence, e.body, e.actor_organisation, e.actor_staff_id, o.name from event e"
            " left join organisation o on o.id = e.actor_organisation"
            " where e.organisation = :organisation and e.case_file_id = :id and e.sequence > :after"
            f"{_told(reading.caller)} order by e.sequence limit :limit"
        ),
        {"id": case.id, "after": after, "limit": limit, **sight_of(reading.caller)},
    )
    return [_item(row) for row in rows]


async def dates_ahead(reading: Reading, case: CaseFileRow) -> list[dict[str, Any]]:
    """Return the legal dates that follow from the newest version the caller sees, the first first.

    There are none where its content is there no more.
    """
    try:
        view = await view_case_file(reading, case, case.newest_number)
    except Gone:
        return []
    finally:
        reading.trail.about("case_file", case.id)
    dates = legal_dates(orjson.loads(view.content), reading.now.astimezone(LONDON).date())
    return sorted((date for date in dates if date["due"]), key=lambda date: (str(date["due"]), str(date["pointer"])))


def _told(caller: Caller) -> str:
    """Return the further SQL condition on an event that the caller's side was told of.

    Who cannot see the other of two linked case files is told of no link; an Area was told, and not each of its units.
    """
    data = "convert_from(e.body, 'UTF8')::jsonb->'data'"
    linked = f"""
        and (e.type not in {_OF_TWO} or exists (
            select from case_file_link l join case_file o
            on o.id = case when l.case_file_id = e.case_file_id then l.other_id else l.case_file_id end
            where l.id = ({data}->>'link_id')::uuid and {visible_to(caller, "o")}))"""
    if caller.kind is not OrganisationKind.CPS or caller.has_role(*SEES_WHOLE_AREA):
        return linked
    request = f"({data}->>'early_advice_request_id')::uuid"
    return f"""{linked}
        and ({request} is null or exists (
            select from early_advice_unit u where u.request_id = {request} and u.organisation = :organisation
            and u.unit = :unit and (u.left_at is null or e.sequence <= (u.frozen->>'event')::bigint)))
        and (e.type not in ('case_file.version_shared', 'case_file.version_retracted') or exists (
            select from case_file_share s where s.case_file_id = e.case_file_id and s.organisation = :organisation
            and s.unit = :unit and s.number = ({data}->>'version')::integer
            and (s.shared_at = e.occurred_at or e.type = 'case_file.version_retracted')))"""


def _item(row: Any) -> dict[str, Any]:
    body = orjson.loads(bytes(row.body))
    words = sentence(row.type, {**body["data"], "organisation": row.name or row.actor_organisation})
    return {
        "sequence": row.sequence,
        "at": body["timestamp"],
        "type": row.type,
        "sentence": words,
        "organisation": row.actor_organisation,
        "staff_id": row.actor_staff_id,
        "data": body["data"],
    }
