"""The ladder of escalation: who of either side may take a disagreement to which level, and who of the other answers.

Inspector and legal manager, Superintendent and unit head, Assistant Chief Constable and Chief Crown Prosecutor; each
level answers within the days of its deadline. In the service's roles a gatekeeper is an Inspector, a senior officer
above. Either side may raise: the police over what the CPS does, the CPS over answers that do not come. Pure.
Source: DG6 appeals (Inspector or above); the published ladder of escalation between police and CPS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from casefile_api.early_advice.clocks import ClockKind, Side


class Subject(StrEnum):
    """What is escalated. A refusal of early advice is appealed against instead."""

    TRIAGE_RETURN = "triage_return"
    DELAY = "delay"
    ADVICE = "advice"
    ACTION = "action"
    OTHER = "other"


class Outcome(StrEnum):
    """How a level answers."""

    MAINTAINED = "maintained"
    CHANGED = "changed"


@dataclass(frozen=True)
class Level:
    """One rung: the roles of either side that raise there, and answer there what the other side raised."""

    police: tuple[str, ...]
    cps: tuple[str, ...]

    def of(self, side: Side) -> tuple[str, ...]:
        """Return the roles of a side."""
        return self.police if side is Side.POLICE else self.cps


LADDER: Mapping[int, Level] = {
    1: Level(("gatekeeper", "senior_officer"), ("legal_manager", "unit_head")),
    2: Level(("senior_officer",), ("unit_head",)),
    3: Level(("senior_officer",), ("unit_head",)),
}
HIGHEST = max(LADDER)
ANSWER_CLOCK: Mapping[Side, ClockKind] = {
    Side.CPS: ClockKind.ESCALATION_TO_CPS,
    Side.POLICE: ClockKind.ESCALATION_TO_POLICE,
}
"""The deadline of an answer, by the side that gives it."""


def other_side(side: Side) -> Side:
    """Return the side that answers what a side raises."""
    return Side.CPS if side is Side.POLICE else Side.POLICE


def why_not_raised_by(level: int, side: Side, roles: frozenset[str]) -> str | None:
    """Say why somebody of a side may not raise at a level; None where they may."""
    allowed = LADDER[level].of(side)
    return None if roles & set(allowed) else f"Level {level} is raised by {' or '.join(allowed)}."


def why_not_answered_by(level: int, to: Side, side: Side, roles: frozenset[str], *, answered_below: bool) -> str | None:
    """Say why somebody of a side may not answer what was raised to a side at a level; None where they may."""
    if side is not to:
        return "The other side answers what one's own side raised."
    allowed = LADDER[level].of(to)
    if not roles & set(allowed):
        return f"Level {level} is answered by {' or '.join(allowed)}."
    return "Who answered at a level below does not answer here." if answered_below else None
