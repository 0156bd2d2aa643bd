"""The workflow of a request for early advice: one row per step, with what it does to the clocks.

State rules, events, deadlines, documentation and tests read this one table. Who may take a step is the operation's row
in `access.permissions`. Pure: no framework, database or network.
Source: DG6 chapter 7; CPS triage and the second gate for RASSO.
"""

from dataclasses import dataclass
from enum import StrEnum

from casefile_api.early_advice.clocks import ClockKind, Side
from casefile_api.state_machine import Transition, Workflow


class State(StrEnum):
    """Where a request is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    MANAGER_REVIEW = "manager_review"
    REFUSED = "refused"
    APPEALED = "appealed"
    ACCEPTED = "accepted"
    ALLOCATED = "allocated"
    INFORMATION_REQUESTED = "information_requested"
    ADVISED = "advised"
    ACTION_PLAN_OPEN = "action_plan_open"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    ADMINISTRATIVELY_FINALISED = "administratively_finalised"


class Do(StrEnum):
    """What a step does to a clock."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    RECEIVE = "receive"
    """Start unless it runs: the request came to a unit, whose kind says whether the clock applies there."""


@dataclass(frozen=True)
class ClockEffect:
    """One thing that a step does to a kind of clock."""

    do: Do
    kind: ClockKind


@dataclass(frozen=True)
class Step(Transition[State]):
    """A row of the table: a transition and its effects on clocks, in order."""

    effects: tuple[ClockEffect, ...] = ()


S = State
ENDED: frozenset[State] = frozenset({S.COMPLETED, S.WITHDRAWN, S.ADMINISTRATIVELY_FINALISED})
FINALISABLE = (S.RETURNED, S.INFORMATION_REQUESTED, S.ACTION_PLAN_OPEN)
OPEN: tuple[State, ...] = tuple(state for state in State if state not in ENDED)
"""States in which no second request for the same suspects may be open."""

_POLICE = {S.DRAFT, S.RETURNED, S.REFUSED, S.INFORMATION_REQUESTED}
HOLDER: dict[State, Side] = {
    state: Side.POLICE
    if state in _POLICE
    else Side.BOTH
    if state is S.ACTION_PLAN_OPEN
    else Side.NONE
    if state in ENDED
    else Side.CPS
    for state in State
}
"""`with`: who is to act."""

_EVERY_CLOCK = tuple(ClockEffect(Do.STOP, kind) for kind in ClockKind if kind is not ClockKind.ACTION)


def _effects(*texts: str) -> tuple[ClockEffect, ...]:
    """Read effects from words such as `start triage`."""
    pairs = (text.split() for text in texts)
    return tuple(ClockEffect(Do(do), ClockKind(kind)) for do, kind in pairs)


def _step(
    step: str, sources: tuple[State, ...], targets: tuple[State, ...], event: str, effects: tuple[ClockEffect, ...] = ()
) -> Step:
    operation = f"{step.replace('-', '_')}_early_advice_request"
    return Step(step, operation, sources, targets, f"early_advice.{event}", effects)


WORKFLOW: Workflow[Step] = Workflow(
    (
        _step(
            "submit",
            (S.DRAFT, S.RETURNED),
            (S.SUBMITTED,),
            "submitted",
            _effects("stop police_response", "start triage", "start advice"),
        ),
        _step("accept", (S.SUBMITTED,), (S.MANAGER_REVIEW, S.ACCEPTED), "accepted", _effects("stop triage")),
        _step(
            "return",
            (S.SUBMITTED,),
            (S.RETURNED,),
            "returned",
            _effects("stop triage", "stop advice", "start police_response"),
        ),
        _step("approve", (S.MANAGER_REVIEW,), (S.ACCEPTED,), "approved"),
        _step("refuse", (S.MANAGER_REVIEW,), (S.REFUSED,), "refused", _effects("stop advice")),
        _step("appeal", (S.REFUSED,), (S.APPEALED,), "appealed", _effects("start appeal")),
        _step("uphold", (S.APPEALED,), (S.REFUSED,), "upheld", _effects("stop appeal")),
        _step("overturn", (S.APPEALED,), (S.ACCEPTED,), "overturned", _effects("stop appeal", "start advice")),
        _step("allocate", (S.ACCEPTED, S.ALLOCATED), (S.ALLOCATED,), "allocated"),
        _step(
            "request-information",
            (S.ALLOCATED,),
            (S.INFORMATION_REQUESTED,),
            "information_requested",
            _effects("pause advice", "start police_response"),
        ),
        _step(
            "provide-information",
            (S.INFORMATION_REQUESTED,),
            (S.ALLOCATED,),
            "information_provided",
            _effects("stop police_response", "resume advice", "receive advice"),
        ),
        _step("advise", (S.ALLOCATED,), (S.ADVISED, S.ACTION_PLAN_OPEN), "advised", _effects("stop advice")),
        _step("complete", (S.ADVISED, S.ACTION_PLAN_OPEN), (S.COMPLETED,), "completed", _EVERY_CLOCK),
        _step(
            "transfer",
            (S.MANAGER_REVIEW, S.ACCEPTED, S.ALLOCATED),
            (S.SUBMITTED,),
            "transferred",
            _effects("start triage", "receive advice"),
        ),
        _step(
            "withdraw",
            (
                S.DRAFT,
                S.SUBMITTED,
                S.RETURNED,
                S.MANAGER_REVIEW,
                S.REFUSED,
                S.APPEALED,
                S.ACCEPTED,
                S.ALLOCATED,
                S.INFORMATION_REQUESTED,
            ),
            (S.WITHDRAWN,),
            "withdrawn",
            _EVERY_CLOCK,
        ),
        _step("finalise", FINALISABLE, (S.ADMINISTRATIVELY_FINALISED,), "finalised", _EVERY_CLOCK),
        _step("reopen", (S.ADMINISTRATIVELY_FINALISED,), FINALISABLE, "reopened"),
    )
)


def after_accept(case_type: str) -> State:
    """The second gate, a legal manager's, is for RASSO alone (CPS early advice manager triage)."""
    return S.MANAGER_REVIEW if case_type == "RASSO" else S.ACCEPTED


def after_advice(actions: int) -> State:
    """Advice that sets actions opens the action plan."""
    return S.ACTION_PLAN_OPEN if actions else S.ADVISED
