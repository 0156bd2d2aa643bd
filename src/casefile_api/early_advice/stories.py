"""What a request and its actions look like to a caller: the whole story with its clocks, or an item of the queue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from casefile_api.access.caller import Caller
from casefile_api.clock import utc_text
from casefile_api.early_advice.action_models import EarlyAdviceAction, EarlyAdviceActionStep
from casefile_api.early_advice.actions_workflow import HOLDER as ACTION_HOLDER
from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.asking import words_asked
from casefile_api.early_advice.clock_keeping import action_clocks_of, clock_view, clocks_of, of_request_alone
from casefile_api.early_advice.clock_models import EarlyAdviceClock
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.models import EarlyAdvice, EarlyAdviceRequest, EarlyAdviceStep
from casefile_api.early_advice.openings import Unsettled, action_steps_open, steps_open
from casefile_api.early_advice.outcome_views import outcomes_shown
from casefile_api.early_advice.queries import Found, prosecutors_of, unsettled_of
from casefile_api.early_advice.request_queue import Listed
from casefile_api.early_advice.sealing import Json, open_words
from casefile_api.early_advice.workflow import HOLDER, State
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import tag_of

View = dict[str, object]


def request_tag(caller: Caller, request: EarlyAdviceRequest, police_unit: str, prosecutor: object) -> str:
    """Return the tag of the representation that the caller's organisation gets: every change counts the revision up.

    The prosecutor is as shown: their name and rank come from the register of staff, and may change there.
    """
    return tag_of(
        {
            "request": str(request.id),
            "revision": request.revision,
            "organisation": caller.organisation,
            "police_unit": police_unit,
            "prosecutor": prosecutor,
        }
    )


async def request_tag_now(reading: Reading, found: Found) -> str:
    """Return the tag of a request as it stands before a step."""
    request = found.request
    named = await prosecutors_of(reading.session, [request])
    shown = _prosecutor_shown(request, named)
    return request_tag(reading.caller, request, found.case.police_unit, shown)


def action_tag(caller: Caller, action: EarlyAdviceAction) -> str:
    """Return the tag of an action's representation."""
    return tag_of({"action": str(action.id), "revision": action.revision, "organisation": caller.organisation})


async def request_view(reading: Reading, found: Found) -> View:
    """Return the whole story of a request."""
    request, left = found.request, found.last_seen
    prosecutors = await prosecutors_of(reading.session, [request])
    unsettled = (await unsettled_of(reading.session, [request])).get(request.id, Unsettled())
    clocks = await clocks_of(reading.session, request.id)
    words = await words_asked(reading, request)
    steps = await _steps(reading, request, until=left.step if left else None)
    return {
        **_in_clear(reading, Listed(request, found.case.police_unit, left), clocks, prosecutors, unsettled),
        "facts": words["facts"],
        "issues": words["issues"],
        "advice_sought": words["advice_sought"],
        "advice": await _advice_view(reading, request) if left is None else None,
        "outcomes": await outcomes_shown(reading, request) if left is None else [],
        "held": held_by([(row.state_to, row.at) for row in steps]),
        "history": [await _told(reading, row) for row in steps],
    }


def held_by(places: Sequence[tuple[str, datetime]]) -> list[View]:
    """Return who held the ball from when to when, from the states a request came to; the spells leave out no time."""
    spells: list[View] = []
    last, since = Side.NONE, None
    for state, at in places:
        side = HOLDER[State(state)]
        if side is last:
            continue
        if since is not None:
            spells[-1:] = [{**spells[-1], "until": utc_text(at), "seconds": int((at - since).total_seconds())}]
        last, since = side, None if side is Side.NONE else at
        if since is not None:
            spells.append({"with": side.value, "since": utc_text(since), "until": None, "seconds": None})
    return spells


async def queue_items(reading: Reading, rows: Sequence[Listed]) -> list[View]:
    """Return requests as items of a list: without facts, questions, history or advice."""
    requests = [row.request for row in rows]
    clocks = await _clocks_by_request(reading.session, [request.id for request in requests])
    prosecutors = await prosecutors_of(reading.session, requests)
    unsettled = await unsettled_of(reading.session, requests)
    items = []
    for row in rows:
        request = row.request
        plan = unsettled.get(request.id, Unsettled())
        item = _in_clear(reading, row, clocks.get(request.id, []), prosecutors, plan)
        items.append({**item, "etag": request_tag(reading.caller, request, row.police_unit, item["prosecutor"])})
    return items


def _in_clear(
    reading: Reading,
    listed: Listed,
    clocks: Iterable[EarlyAdviceClock],
    prosecutors: Mapping[tuple[str, str], Mapping[str, str]],
    unsettled: Unsettled,
) -> View:
    request, left = listed.request, listed.last_seen
    return {
        "id": str(request.id),
        "case_file_id": str(request.case_file_id),
        "previous_request_id": str(request.previous_request_id) if request.previous_request_id else None,
        "organisation": request.organisation,
        "police_unit": listed.police_unit,
        "cps_organisation": request.cps_organisation,
        "cps_unit": request.cps_unit,
        "state": request.state,
        "with": HOLDER[State(request.state)].value,
        "suspect_ids": request.suspect_ids,
        "method": request.method,
        "version": request.version,
        "review_type": request.review_type,
        "case_type": request.case_type,
        "prosecutor": _prosecutor_shown(request, prosecutors),
        "response_due_on": _day(request.response_due_on),
        "created_at": utc_text(request.created_at),
        "submitted_at": utc_text(request.submitted_at) if request.submitted_at else None,
        "updated_at": utc_text(request.updated_at),
        "clocks": left.clocks if left else [clock_view(row, reading.now) for row in clocks],
        # What may follow is not known to who saw the request last when it left them, and is not theirs.
        "steps": [] if left else list(steps_open(reading.caller, request, unsettled, reading.now)),
    }


def _prosecutor_shown(
    request: EarlyAdviceRequest, prosecutors: Mapping[tuple[str, str], Mapping[str, str]]
) -> Mapping[str, str] | None:
    if request.prosecutor is None:
        return None
    key = (request.cps_organisation or "", request.prosecutor)
    return prosecutors.get(key, {"staff_id": request.prosecutor})


async def _clocks_by_request(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[EarlyAdviceClock]]:
    query = (
        select(EarlyAdviceClock)
        .where(col(EarlyAdviceClock.request_id).in_(ids), of_request_alone())
        .order_by(col(EarlyAdviceClock.started_at), col(EarlyAdviceClock.id))
    )
    found: dict[UUID, list[EarlyAdviceClock]] = {}
    for row in (await session.execute(query)).scalars():
        found.setdefault(row.request_id, []).append(row)
    return found


async def _advice_view(reading: Reading, request: EarlyAdviceRequest) -> View | None:
    advice = await reading.session.get(EarlyAdvice, request.id)
    if advice is None:
        return None
    words = await open_words(reading, request.case_file_id, "early_advice.sealed", request.id, advice.sealed)
    return {
        "issued_at": utc_text(advice.issued_at),
        "issued_by": words["by"],
        "advice": words["advice"],
        "strategy": words.get("strategy"),
        "proposed_charges": words.get("proposed_charges", []),
        "attachment_ids": advice.attachment_ids,
    }


async def _steps(reading: Reading, request: EarlyAdviceRequest, *, until: int | None) -> Sequence[EarlyAdviceStep]:
    query = select(EarlyAdviceStep).where(EarlyAdviceStep.request_id == request.id)
    if until is not None:
        query = query.where(EarlyAdviceStep.number <= until)
    return (await reading.session.execute(query.order_by(col(EarlyAdviceStep.number)))).scalars().all()


async def _told(reading: Reading, row: EarlyAdviceStep) -> View:
    words = await open_words(reading, row.case_file_id, "early_advice_step.sealed", row.id, row.sealed)
    return _step_view(row, words)


def _step_view(row: EarlyAdviceStep | EarlyAdviceActionStep, words: Mapping[str, Json]) -> View:
    return {
        "number": row.number,
        "step": row.step,
        "from": row.state_from,
        "to": row.state_to,
        "at": utc_text(row.at),
        "by": words["by"],
        "version": row.version,
        "said": words["said"],
    }


async def action_view(reading: Reading, request: EarlyAdviceRequest, action: EarlyAdviceAction) -> View:
    """Return an action with its clocks, its extension and everything that was said about it."""
    query = select(EarlyAdviceActionStep).where(EarlyAdviceActionStep.action_id == action.id)
    rows = (await reading.session.execute(query.order_by(col(EarlyAdviceActionStep.number)))).scalars()
    history: list[View] = []
    for row in rows:
        words = await open_words(reading, row.case_file_id, "early_advice_action_step.sealed", row.id, row.sealed)
        dates = {"due_on": _day(row.due_on), "due_on_before": _day(row.due_on_before)}
        history.append({**_step_view(row, words), "cycle": row.cycle, **dates})
    clocks = await clocks_of(reading.session, request.id, action.id)
    changes = _file_changes(action, history)
    return {**await _action_item(reading, request, action, clocks), "file_changes": changes, "history": history}


def _file_changes(action: EarlyAdviceAction, history: Sequence[View]) -> View | None:
    """Say what to compare: the version that the CPS had when it set the action, and the one it was answered with."""
    had = [step["version"] for step in history if step["step"] == "set"]
    brought = [step["version"] for step in history if step["step"] == "return" and step["version"] is not None]
    if not brought or had[:1] in ([], [None]) or brought[-1] == had[0]:
        return None
    href = f"/v1/case-files/{action.case_file_id}/versions/{brought[-1]}/changes?since={had[0]}"
    return {"since": had[0], "version": brought[-1], "href": href}


async def action_items(
    reading: Reading, request: EarlyAdviceRequest, actions: Sequence[EarlyAdviceAction]
) -> list[View]:
    """Return actions as items of a list: with their tags, without their history."""
    found: dict[UUID | None, list[EarlyAdviceClock]] = {}
    for clock in await action_clocks_of(reading.session, request.id):
        found.setdefault(clock.action_id, []).append(clock)
    return [
        {
            **await _action_item(reading, request, action, found.get(action.id, [])),
            "etag": action_tag(reading.caller, action),
        }
        for action in actions
    ]


async def _action_item(
    reading: Reading, request: EarlyAdviceRequest, action: EarlyAdviceAction, clocks: Iterable[EarlyAdviceClock]
) -> View:
    words = await open_words(reading, action.case_file_id, "early_advice_action.sealed", action.id, action.sealed)
    return {
        "id": str(action.id),
        "early_advice_request_id": str(request.id),
        "case_file_id": str(action.case_file_id),
        "number": action.number,
        "state": action.state,
        "with": ACTION_HOLDER[ActionState(action.state)].value,
        "category": action.category,
        "description": words["description"],
        "justification": words.get("justification"),
        "gating": action.gating,
        "suspect_ids": action.suspect_ids,
        "due_on": action.due_on.isoformat(),
        "extension_requested_to": _day(action.extension_due_on),
        "cycle": action.cycle,
        "set_at": utc_text(action.set_at),
        "updated_at": utc_text(action.updated_at),
        "clocks": [clock_view(row, reading.now) for row in clocks],
        "steps": list(action_steps_open(reading.caller, request, action)),
    }


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
