"""What of early advice goes into a bundle: the requests that the reader may see, with advice, actions and messages.

The same queries answer as in the API, with the same caller: a prosecutor's unit has what was sent to it, as it stood
when it left; a draft is the side's own. Advice is legally privileged: it is for the parties to the request.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import orjson
from sqlmodel import col, select

from casefile_api.attachments.bundle_contents import Written
from casefile_api.case_files.models import CaseFile
from casefile_api.early_advice.messages import list_messages
from casefile_api.early_advice.models import EarlyAdviceRequest
from casefile_api.early_advice.queries import find_request, list_actions, request_visible_to
from casefile_api.early_advice.stories import action_view, request_view
from casefile_api.unit_of_work import Reading
from casefile_api.web.pagination import Page, make_cursor

_AT_A_TIME = 200


async def advice_on_case(reading: Reading, case_file_id: UUID) -> Mapping[str, Written]:
    """Return the documents of each request about a case file that the reader may see."""
    query = (
        select(EarlyAdviceRequest.id)
        .join(CaseFile, col(CaseFile.id) == EarlyAdviceRequest.case_file_id)
        .where(EarlyAdviceRequest.case_file_id == case_file_id, request_visible_to(reading.caller))
    )
    found = (await reading.session.execute(query.order_by(col(EarlyAdviceRequest.id)))).scalars()
    documents: dict[str, Written] = {}
    for request_id in map(str, found):
        folder = f"early-advice/{request_id}"
        documents[f"{folder}/request.json"] = partial(_request, request_id)
        documents[f"{folder}/actions.json"] = partial(_actions, request_id)
        documents[f"{folder}/messages.json"] = partial(_messages, request_id)
    return documents


async def _request(request_id: str, reading: Reading) -> bytes:
    view = await request_view(reading, await find_request(reading, request_id))
    return _without_steps(view)


async def _actions(request_id: str, reading: Reading) -> bytes:
    found = await find_request(reading, request_id)
    actions = [] if found.last_seen is not None else await list_actions(reading.session, found.request.id)
    views = [await action_view(reading, found.request, action) for action in actions]
    return orjson.dumps({"items": [orjson.loads(_without_steps(view)) for view in views]})


async def _messages(request_id: str, reading: Reading) -> bytes:
    items, last = await list_messages(reading, request_id, Page(_AT_A_TIME, None, "", ()))
    while last is not None:
        further = Page(_AT_A_TIME, make_cursor((last,)), "", ())
        some, last = await list_messages(reading, request_id, further)
        items.extend(some)
    return orjson.dumps({"items": items})


def _without_steps(view: Mapping[str, object]) -> bytes:
    """Return a view without what its reader could do next: a bag is read at another time."""
    return orjson.dumps({name: value for name, value in view.items() if name != "steps"})
