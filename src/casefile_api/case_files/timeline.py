"""The timeline: everything that happened to the case, in order, in words, as the caller's side was told of it."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from casefile_api.case_files.queries import CaseFileRow
from casefile_api.events import sentence
from casefile_api.unit_of_work import Reading


async def list_timeline(reading: Reading, case: CaseFileRow, *, after: int, limit: int) -> Sequence[dict[str, Any]]:
    """Return what happened after a sequence number, ascending."""
    rows = await reading.session.execute(
        text(
            "select e.type, e.sequence, e.body, e.actor_organisation, e.actor_staff_id, o.name from event e"
            " left join organisation o on o.id = e.actor_organisation"
            " where e.organisation = :organisation and e.case_file_id = :id and e.sequence > :after"
            " order by e.sequence limit :limit"
        ),
        {"organisation": reading.caller.organisation, "id": case.id, "after": after, "limit": limit},
    )
    return [_item(row) for row in rows]


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
