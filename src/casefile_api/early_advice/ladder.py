"""The ladder of escalation: who of the police may take a disagreement to which level, and who of the CPS answers. Pure.

Inspector and legal manager, Superintendent and unit head, Assistant Chief Constable and Chief Crown Prosecutor; each
level answers within the days of an appeal. In the service's roles a gatekeeper is an Inspector, a senior officer above.
Source: DG6 appeals (Inspector or above); the published ladder of escalation between police and CPS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
    """One rung: who raises there, and who answers."""

    raises: tuple[str, ...]
    answers: tuple[str, ...]


LADDER: Mapping[int, Level] = {
    1: Level(("gatekeeper", "senior_officer"), ("legal_manager", "unit_head")),
    2: Level(("senior_officer",), ("unit_head",)),
    3: Level(("senior_officer",), ("unit_head",)),
}
HIGHEST = max(LADDER)


def why_not_raised_by(level: int, roles: frozenset[str]) -> str | None:
    """Say why somebody may not raise at a level; None where they may."""
    rung = LADDER[level]
    return None if roles & set(rung.raises) else f"Level {level} is raised by {' or '.join(rung.raises)}."


def why_not_answered_by(level: int, roles: frozenset[str], *, answered_below: bool) -> str | None:
    """Say why somebody may not answer at a level; None where they may."""
    rung = LADDER[level]
    if not roles & set(rung.answers):
        return f"Level {level} is answered by {' or '.join(rung.answers)}."
    return "Who answered at a level below does not answer here." if answered_below else None
