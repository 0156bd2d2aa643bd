"""Taking a step: find and lock, refuse in the promised order, move the request, keep its clocks, write the story down.

Every step of a request goes through `begin` and `finish`; what is particular to a step lies between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from fastapi import Response
from sqlalchemy import func
from sqlmodel import col, select

from casefile_api.access.caller import Caller
from casefile_api.case_files.commands import touch
from casefile_api.case_files.sharing import set_request_position
from casefile_api.clock import utc_text
from casefile_api.early_advice.clock_keeping import ClockKeeper, rules_of
from casefile_api.early_advice.clocks import end_of, london_date
from casefile_api.early_advice.endorsing import is_shared, refuse_older_version, refuse_sharing_by_others
from casefile_api.early_advice.models import EarlyAdviceRequest, EarlyAdviceStep
from casefile_api.early_advice.openings import refuse_other_persons, refuse_wrong_state
from casefile_api.early_advice.queries import Found, as_seen, find_request, told_of
from casefile_api.early_advice.sealing import Words, seal_words
from casefile_api.early_advice.staleness import last_step, telling_what_happened
from casefile_api.early_advice.stories import request_tag, request_tag_now, request_view
from casefile_api.early_advice.workflow import ENDED, HOLDER, WORKFLOW, State, Step
from casefile_api.errors import Fault, Invalid
from casefile_api.events import EVENT_TYPES
from casefile_api.identifiers import new_id
from casefile_api.organisations.code_lists import find as find_code
from casefile_api.unit_of_work import UnitOfWork

FARTHEST = timedelta(days=3653)


@dataclass(frozen=True)
class Said:
    """What was said with a step: the words, which are sealed, and what figures and deadlines go by."""

    words: Words
    codes: Sequence[str] = ()
    version: int | None = None
    due_on: date | None = None
    due_on_before: date | None = None
    due_at: str | None = None
    receipt: Words | None = None
    # Who is told of this step although the request is not with them any more.
    told_too: Sequence[str] = ()


@dataclass(frozen=True)
class Checks:
    """What is wrong with the body of a step, place by place."""

    work: UnitOfWork
    faults: list[Fault] = field(default_factory=list)

    def fault(self, code: str, detail: str, pointer: str) -> None:
        """Note a fault: its place and its mend."""
        self.faults.append(Fault(code, detail, pointer=pointer))

    def code(self, list_name: str, code: str, pointer: str) -> None:
        """Note a fault where the code is not of the list today."""
        if find_code(list_name, code, london_date(self.work.now)) is None:
            self.fault("unknown_code", f"Use a code of /v1/code-lists/{list_name}.", pointer)

    def future(self, day: date, pointer: str) -> None:
        """Note a fault where the day is not after today in London, or is beyond all plans."""
        today = london_date(self.work.now)
        if not today < day < today + FARTHEST:
            self.fault("not_in_future", "Give a date after today and within ten years.", pointer)

    def suspects(self, named: Sequence[str], known: frozenset[str], pointer: str) -> None:
        """Note a fault for each id that names no suspect of the version."""
        for index, suspect in enumerate(named):
            if suspect not in known:
                self.fault("unknown_suspect", "Name a suspect of the newest version.", f"{pointer}/{index}")

    def refuse_faults(self) -> None:
        """Refuse what is asked where a fault was noted.

        Raises Invalid.
        """
        if self.faults:
            raise Invalid("Nothing was changed; each fault names its place.", *self.faults)


@dataclass(frozen=True)
class Standing:
    """A step that may be taken: the request is locked, and everything that goes before the step's own rules holds."""

    work: UnitOfWork
    row: Step
    found: Found
    before: State
    checks: Checks

    @property
    def request(self) -> EarlyAdviceRequest:
        """The request that the step is taken with."""
        return self.found.request


async def begin(work: UnitOfWork, request_id: str, step: str, *, version: int | None = None) -> Standing:
    """Find and lock the request for a step; `version` is the number that the step names, where it names one.

    Raises NotFound, NotPermitted, Replayed, PreconditionRequired, Stale or WrongState, in this order.
    """
    row = WORKFLOW[step]
    found = await find_request(work, request_id, lock=True)
    refuse_other_persons(work.caller, found.request, row)
    if version is not None:
        await refuse_sharing_by_others(work, found.case, found.request.cps_unit, version)
    async with telling_what_happened(work, found.request.state, last_step(found.request.id)):
        await work.precondition(await request_tag_now(work, found))
    if version is not None and not (
        step == "provide-information" and await is_shared(work.session, found.case.id, version, found.request.cps_unit)
    ):
        refuse_older_version(found.case, version)
    refuse_wrong_state(found.request, row)
    return Standing(work, row, found, State(found.request.state), Checks(work))


async def finish(standing: Standing, to: State, said: Said) -> Response:
    """Take the step, and answer with the story."""
    await take(standing, to, said)
    return await tell(standing, said)


async def take(standing: Standing, to: State, said: Said) -> None:
    """Move the request to its new state, keep its clocks, write the step down, and tell of it."""
    work, row, request = standing.work, standing.row, standing.request
    before = standing.before
    request.state = to.value
    request.revision += 1
    request.updated_at = work.now
    keeper = ClockKeeper(work.session, rules_of(work.settings), request, work.now)
    await keeper.apply(row.effects, date_set=said.due_on)
    if to in ENDED:
        await keeper.stop_actions()
    await write_step(work, request, row.step, before, said)
    told = [*told_of(request), *said.told_too]
    await announce(work, request, row.event, said, told)
    if HOLDER[before] is not HOLDER[to]:
        await touch(work, request.case_file_id, told)


async def tell(standing: Standing, said: Said) -> Response:
    """Answer a step with the story, and the receipt where a version was shared."""
    work = standing.work
    found = await as_seen(work, standing.request, standing.found.case)
    view = await request_view(work, found)
    if said.receipt is not None:
        view = {**view, "receipt": dict(said.receipt)}
    tag = request_tag(work.caller, found.request, found.case.police_unit, view["prosecutor"])
    return work.answer_change(view, etag=tag)


async def announce(work: UnitOfWork, request: EarlyAdviceRequest, event: str, said: Said, told: Sequence[str]) -> None:
    """Tell the parties what became of a request, and the case file where its request now is."""
    members: dict[str, object] = {"version": said.version, "due_at": said.due_at}
    known = {name: value for name, value in members.items() if value is not None}
    allowed = EVENT_TYPES[event].members
    await work.record(
        event,
        to=told,
        case_file_id=request.case_file_id,
        early_advice_request_id=request.id,
        state=request.state,
        **{name: value for name, value in known.items() if name in allowed},
    )
    await set_request_position(
        work,
        request.case_file_id,
        request.id,
        organisation=request.cps_organisation or request.organisation,
        unit=request.cps_unit or "",
        holder=HOLDER[State(request.state)].value,
        submitted=request.submitted_at is not None,
    )


async def write_step(work: UnitOfWork, request: EarlyAdviceRequest, step: str, before: str | None, said: Said) -> None:
    """Write a step into the request's history."""
    taken = await work.session.scalar(
        select(func.coalesce(func.max(col(EarlyAdviceStep.number)), 0)).where(EarlyAdviceStep.request_id == request.id)
    )
    step_id = new_id()
    words: Words = {"by": dict(by(work.caller)), "said": dict(said.words)}
    work.session.add(
        EarlyAdviceStep(
            id=step_id,
            request_id=request.id,
            case_file_id=request.case_file_id,
            number=(taken or 0) + 1,
            step=step,
            state_from=before,
            state_to=request.state,
            at=work.now,
            organisation=work.caller.organisation,
            unit=work.caller.unit,
            client_id=work.caller.client_id,
            staff_id=work.caller.staff_id,
            version=said.version,
            due_on=said.due_on,
            codes=list(said.codes),
            sealed=await seal_words(work, request.case_file_id, "early_advice_step.sealed", step_id, words),
        )
    )
    await work.session.flush()


def by(caller: Caller) -> Words:
    """Return who acted, as both sides see it."""
    staff: Words | None = None
    if caller.staff is not None:
        staff = {"staff_id": caller.staff.staff_id, "name": caller.staff.name}
    return {"organisation": caller.organisation, "client_id": caller.client_id, "staff": dict(staff) if staff else None}


def due_text(day: date) -> str:
    """Return when a date set falls due, as events tell it."""
    return utc_text(end_of(day))
