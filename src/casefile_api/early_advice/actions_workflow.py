"""The workflow of one action of the action plan: one row per step.

An action is set by the prosecutor with a date, answered by the police with material, and settled by the prosecutor
alone. Who may take a step is the operation's row in `access.permissions`. Pure. Source: DG6 shared action plan.
"""

from dataclasses import dataclass
from enum import StrEnum

from casefile_api.early_advice.clocks import ClockKind, Side
from casefile_api.early_advice.workflow import ClockEffect, Do
from casefile_api.state_machine import Transition, Workflow


class ActionState(StrEnum):
    """Where an action is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RETURNED = "returned"
    DISPUTED = "disputed"
    SATISFIED = "satisfied"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class ActionStep(Transition[ActionState]):
    """A row of the table: a transition and its effects on the action's clock, in order."""

    effects: tuple[ClockEffect, ...] = ()


A = ActionState
SETTLED: frozenset[ActionState] = frozenset({A.SATISFIED, A.CANCELLED})
_LIVE = (A.OPEN, A.IN_PROGRESS, A.RETURNED, A.DISPUTED)
_STOP = (ClockEffect(Do.STOP, ClockKind.ACTION),)
_START = (ClockEffect(Do.START, ClockKind.ACTION),)

HOLDER: dict[ActionState, Side] = {
    A.OPEN: Side.POLICE,
    A.IN_PROGRESS: Side.POLICE,
    A.RETURNED: Side.CPS,
    A.DISPUTED: Side.CPS,
    A.SATISFIED: Side.NONE,
    A.CANCELLED: Side.NONE,
}
"""`with`: who is to act on the action."""


def _step(
    step: str,
    sources: tuple[ActionState, ...],
    targets: tuple[ActionState, ...],
    event: str,
    effects: tuple[ClockEffect, ...] = (),
) -> ActionStep:
    verb, _, noun = step.partition("-")
    operation = f"{verb}_action_{noun}" if noun else f"{verb}_action"
    return ActionStep(step, operation, sources, targets, f"action.{event}", effects)


ACTIONS: Workflow[ActionStep] = Workflow(
    (
        _step("start", (A.OPEN,), (A.IN_PROGRESS,), "started"),
        _step("return", (A.OPEN, A.IN_PROGRESS), (A.RETURNED,), "returned", _STOP),
        _step("satisfy", (A.RETURNED,), (A.SATISFIED,), "satisfied", _STOP),
        _step("reject", (A.RETURNED,), (A.OPEN,), "rejected", _START),
        _step("cancel", _LIVE, (A.CANCELLED,), "cancelled", _STOP),
        _step("dispute", (A.OPEN, A.IN_PROGRESS), (A.DISPUTED,), "disputed"),
        _step("answer-dispute", (A.DISPUTED,), (A.CANCELLED, A.OPEN), "dispute_answered"),
        _step("request-extension", (A.OPEN, A.IN_PROGRESS), (), "extension_requested"),
        _step("decide-extension", _LIVE, (), "extension_decided"),
    )
)


class DisputeOutcome(StrEnum):
    """How a dispute ends: the action is withdrawn by the CPS, or confirmed as it stands."""

    WITHDRAWN = "withdrawn"
    CONFIRMED = "confirmed"


def after_dispute(outcome: DisputeOutcome) -> ActionState:
    """A withdrawn action is cancelled; a confirmed one is the police's to do again."""
    return A.CANCELLED if outcome is DisputeOutcome.WITHDRAWN else A.OPEN
