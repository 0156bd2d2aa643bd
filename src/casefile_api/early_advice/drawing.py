"""`docs/workflows.md`: the two workflows, drawn from the tables that the service itself obeys."""

from collections.abc import Iterable
from enum import StrEnum

from casefile_api.access.permissions import OPERATIONS
from casefile_api.early_advice.actions_workflow import ACTIONS, SETTLED, ActionState, ActionStep
from casefile_api.early_advice.workflow import ENDED, HOLDER, WORKFLOW, State, Step
from casefile_api.state_machine import Transition, mermaid

_OPENING = """# Workflows

Drawn from the tables in `src/casefile_api/early_advice/`; a test says so. To change a workflow, change its table and
run `python -m casefile_api.early_advice.drawing > docs/workflows.md`.
"""


def who(operation: str) -> str:
    """Say in words who may call an operation: each kind of organisation with its roles."""
    return "; ".join(
        f"{kind.value} {', '.join(sorted(grant.roles))}" for kind, grant in OPERATIONS[operation].grants.items()
    )


def what_may_follow(rows: Iterable[Step | ActionStep]) -> str:
    """Say in words which steps may follow and who may take them."""
    return "; ".join(f"{row.step} ({who(row.operation)})" for row in rows) or "nothing may follow"


def _table(rows: Iterable[Step | ActionStep]) -> list[str]:
    lines = ["| step | from | to | who | event | clocks |", "|---|---|---|---|---|---|"]
    for row in rows:
        clocks = ", ".join(f"{effect.do.value} {effect.kind.value}" for effect in row.effects)
        lines.append(
            f"| `{row.step}` | {_states(row.sources)} | {_states(row.targets) or 'no change'} "
            f"| {who(row.operation)} | `{row.event}` | {clocks} |"
        )
    return lines


def _states(states: Iterable[StrEnum]) -> str:
    return ", ".join(state.value for state in states)


def _drawn(rows: Iterable[Transition[StrEnum]], first: StrEnum, ends: Iterable[StrEnum]) -> list[str]:
    return ["```mermaid", mermaid(rows, first, sorted(ends)), "```", ""]


def draw_workflows() -> str:
    """Return the whole page."""
    lines = [_OPENING, "## A request for early advice", ""]
    lines += _drawn(WORKFLOW, State.DRAFT, ENDED)
    lines += _table(WORKFLOW)
    lines += ["", "Who holds the ball (`with`):", ""]
    lines += [f"* `{state.value}`: {side.value}" for state, side in HOLDER.items()]
    lines += ["", "## An action of the action plan", ""]
    lines += _drawn(ACTIONS, ActionState.OPEN, SETTLED)
    lines += _table(ACTIONS)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(draw_workflows(), end="")
