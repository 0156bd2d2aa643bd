"""How many requests are on each of a caller's lists, counted in one statement over what is open and theirs to see."""

from typing import cast

from sqlalchemy import func, select
from sqlmodel import col

from casefile_api.access.caller import OrganisationKind
from casefile_api.case_files.models import CaseFile
from casefile_api.clock import utc_text
from casefile_api.early_advice.departures import is_with
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.queries import request_visible_to
from casefile_api.early_advice.work_lists import WorkList, is_open, on_list
from casefile_api.unit_of_work import Reading


async def count_lists(reading: Reading) -> dict[str, object]:
    """Return how many requests are on each of the caller's lists now, each with where the list is."""
    caller, now = reading.caller, reading.now
    counts = [func.count().filter(on_list(wanted, caller, now)).label(wanted.value) for wanted in WorkList]
    there = [is_with(caller)] if caller.kind is OrganisationKind.CPS else []
    query = (
        select(*counts)
        .join_from(EarlyAdviceRequest, CaseFile, col(CaseFile.id) == EarlyAdviceRequest.case_file_id)
        .where(*there, request_visible_to(caller), is_open())
    )
    found = (await reading.session.execute(query)).one()
    return {
        "as_of": utc_text(now),
        "queues": [
            {
                "queue": wanted.value,
                "count": cast(int, getattr(found, wanted.value)),
                "href": f"/v1/early-advice-requests?queue={wanted.value}&sort=due_at",
            }
            for wanted in WorkList
        ],
    }
