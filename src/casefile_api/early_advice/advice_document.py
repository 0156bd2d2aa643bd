"""The advice as a document for the file: what was asked and advised, and the actions set with it, as they were issued.

Legally privileged, and for the parties alone, as the advice itself is. What happens to an action later does not change
the document: the same advice prints the same bytes.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from fastapi import Response
from sqlmodel import col, select

from casefile_api.early_advice.action_models import EarlyAdviceAction, EarlyAdviceActionStep
from casefile_api.early_advice.clocks import LONDON, london_date
from casefile_api.early_advice.document import Block, Document, Heading, Lines
from casefile_api.early_advice.endorsing import content_of_version
from casefile_api.early_advice.models import EarlyAdvice, EarlyAdviceRequest, EarlyAdviceStep
from casefile_api.early_advice.queries import Found, find_request
from casefile_api.early_advice.sealing import Json, open_words
from casefile_api.errors import NotFound
from casefile_api.organisations.code_lists import find as find_code
from casefile_api.unit_of_work import Reading
from casefile_api.web.etags import unchanged

MEDIA_TYPE = "application/pdf"
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class _Issued:
    """What the document is made of."""

    found: Found
    advice: EarlyAdvice
    words: Mapping[str, Json]
    asked: Mapping[str, Json]
    version: int | None
    content: Mapping[str, Json]
    actions: list[tuple[EarlyAdviceAction, EarlyAdviceActionStep, Mapping[str, Json]]]


async def advice_document(reading: Reading, request_id: str) -> Response:
    """Return the advice of a request as PDF.

    Raises NotFound where there is no advice that the caller sees.
    """
    found = await find_request(reading, request_id)
    advice = await reading.session.get(EarlyAdvice, found.request.id)
    if advice is None or found.last_seen is not None:
        raise NotFound()
    issued = await _issued(reading, found, advice)
    reading.trail.disclosed_to(reading.caller.organisation)
    reading.trail.details = {"media_type": MEDIA_TYPE}
    data = await asyncio.to_thread(_print, _document(issued))
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    name = f'attachment; filename="early-advice-{found.request.id}.pdf"'
    headers = {"ETag": tag, "Content-Disposition": name}
    if unchanged(reading.exchange.request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


def _print(document: Document) -> bytes:
    # Drawing takes a fifth of a second to load: whoever never prints does not wait for it at each start.
    from casefile_api.early_advice.paper import printed

    with _ONE_AT_A_TIME:
        return printed(document)


async def _issued(reading: Reading, found: Found, advice: EarlyAdvice) -> _Issued:
    request, session = found.request, reading.session
    taken = select(EarlyAdviceStep).where(EarlyAdviceStep.request_id == request.id)
    version = None
    for step in (await session.execute(taken.order_by(col(EarlyAdviceStep.number)))).scalars():
        if step.step == "advise":
            break
        version = step.version or version
    return _Issued(
        found,
        advice,
        await open_words(reading, request.case_file_id, "early_advice.sealed", request.id, advice.sealed),
        await open_words(reading, request.case_file_id, "early_advice_request.sealed", request.id, request.sealed),
        version,
        await content_of_version(reading, found.case, version) if version is not None else {},
        await _actions_set(reading, request, advice),
    )


async def _actions_set(
    reading: Reading, request: EarlyAdviceRequest, advice: EarlyAdvice
) -> list[tuple[EarlyAdviceAction, EarlyAdviceActionStep, Mapping[str, Json]]]:
    """Return the actions that the advice set, each with the step that set it."""
    action, step = EarlyAdviceAction, EarlyAdviceActionStep
    query = (
        select(action, step)
        .join(step, col(step.action_id) == action.id)
        .where(action.request_id == request.id, action.set_at == advice.issued_at, step.step == "set")
        .order_by(col(action.number))
    )
    found: list[tuple[EarlyAdviceAction, EarlyAdviceActionStep, Mapping[str, Json]]] = []
    for row, taken in (await reading.session.execute(query)).all():
        words = await open_words(reading, row.case_file_id, "early_advice_action.sealed", row.id, row.sealed)
        found.append((row, taken, words))
    return found


def _document(issued: _Issued) -> Document:
    request, urn = issued.found.request, _urn(issued)
    classification = str(issued.content.get("classification") or "official_sensitive")
    mark = f"{classification.replace('_', '-').upper()} · LEGALLY PRIVILEGED"
    return Document(f"Early advice, {urn}", mark, f"{urn} · request {request.id}", tuple(_blocks(issued)))


def _urn(issued: _Issued) -> str:
    case = issued.found.case
    return f"{case.urn}/{case.urn_suffix}" if case.urn_suffix else case.urn


def _blocks(issued: _Issued) -> Iterator[Block]:
    advice, words = issued.advice, issued.words
    yield Lines(_urn(issued), "URN")
    yield Lines(f"{issued.found.case.police_unit} ({issued.found.request.organisation})", "Police")
    yield Lines(f"{advice.unit or advice.organisation} ({advice.organisation})", "CPS")
    yield Lines(f"{_moment(advice.issued_at)}, {_who(words.get('by'))}", "Issued")
    if issued.version is not None:
        yield Lines(f"{issued.version} of the case file", "On version")
    yield Lines("; ".join(_suspect(issued, each) for each in issued.found.request.suspect_ids), "Suspects")
    yield Heading("What was asked")
    for item in _items(issued.asked, "advice_sought"):
        yield Lines(str(item["question"]), _title(issued, "advice_topic", item["topic"]))
    for item in _items(words, "advice"):
        yield Heading(_title(issued, "advice_topic", item["topic"]))
        yield Lines(str(item["text"]))
    if words.get("strategy"):
        yield Heading("Strategy")
        yield Lines(str(words["strategy"]))
    yield from _charges(issued)
    yield from _actions(issued)
    if advice.attachment_ids:
        yield Heading("Attached files")
        yield Lines("\n".join(advice.attachment_ids))


def _charges(issued: _Issued) -> Iterator[Block]:
    charges = _items(issued.words, "proposed_charges")
    if charges:
        yield Heading("Charges considered")
    for charge in charges:
        named = charge.get("suspect_ids")
        suspects = "; ".join(_suspect(issued, str(each)) for each in named) if isinstance(named, list) else ""
        comment = str(charge.get("comment") or "")
        said = "\n".join(part for part in (suspects, comment) if part)
        yield Lines(said or "-", f"{charge['cjs_code']} {_title(issued, 'offence', charge['cjs_code'])}")


def _actions(issued: _Issued) -> Iterator[Block]:
    if issued.actions:
        yield Heading("Action plan, as set")
    for action, taken, words in issued.actions:
        due = taken.due_on or action.due_on
        gating = _title(issued, "action_gating", action.gating)
        lead = f"{action.number}. {_title(issued, 'police_request_item_category', action.category)}"
        suspects = "; ".join(_suspect(issued, each) for each in action.suspect_ids)
        parts = [f"{words['description']}", f"By {due.day} {due:%B %Y}. {gating}."]
        parts += [f"Suspects: {suspects}."] if suspects else []
        parts += [f"Why it is needed: {words['justification']}"] if words.get("justification") else []
        yield Lines("\n".join(parts), lead)


def _items(words: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    given = words.get(name)
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _suspect(issued: _Issued, suspect_id: str) -> str:
    """Return a suspect by name, as the version advised on has it."""
    for suspect in _items(issued.content, "suspects"):
        if suspect.get("id") == suspect_id:
            given = suspect.get("given_names")
            names = [*(str(name) for name in given if name)] if isinstance(given, list) else []
            return f"{' '.join([*names, str(suspect.get('family_name') or '')]).strip()} ({suspect_id})"
    return suspect_id


def _who(by: Json) -> str:
    staff = by.get("staff") if isinstance(by, dict) else None
    return f"{staff['name']} ({staff['staff_id']})" if isinstance(staff, dict) else "by a system of the CPS"


def _title(issued: _Issued, list_name: str, code: object) -> str:
    """Return what a code meant when the advice was issued."""
    value = find_code(list_name, str(code), london_date(issued.advice.issued_at))
    return value.title if value is not None else str(code)


def _moment(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M} {local.tzname()}"
