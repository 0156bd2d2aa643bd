"""The workflow tables: that they hang together, and that the documentation is drawn from them."""

from pathlib import Path

import pytest

from casefile_api.access.permissions import OPERATIONS
from casefile_api.early_advice.actions_workflow import ACTIONS, SETTLED, ActionState, DisputeOutcome, after_dispute
from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.drawing import draw_workflows, what_may_follow
from casefile_api.early_advice.workflow import ENDED, HOLDER, WORKFLOW, State, after_accept, after_advice
from casefile_api.events import EVENT_TYPES

PAGE = Path(__file__).parents[2] / "docs" / "workflows.md"


def test_the_page_of_workflows_is_drawn_from_the_tables() -> None:
    assert PAGE.read_text() == draw_workflows()


@pytest.mark.parametrize("row", [*WORKFLOW, *ACTIONS], ids=lambda row: row.operation)
def test_every_step_has_a_permission_and_an_event_of_the_catalogue(row) -> None:  # type: ignore[no-untyped-def]
    assert row.operation in OPERATIONS
    assert row.event in EVENT_TYPES
    assert not any("system" in grant.roles for grant in OPERATIONS[row.operation].grants.values())


@pytest.mark.parametrize("state", sorted(set(State) - {State.COMPLETED, State.WITHDRAWN}))
def test_something_may_follow_every_state_that_is_no_end(state: State) -> None:
    assert WORKFLOW.following(state)


def test_nothing_follows_completed_withdrawn_or_a_settled_action() -> None:
    assert not WORKFLOW.following(State.COMPLETED)
    assert not WORKFLOW.following(State.WITHDRAWN)
    assert all(not ACTIONS.following(state) for state in SETTLED)
    assert what_may_follow(WORKFLOW.following(State.COMPLETED)) == "nothing may follow"


def test_every_state_can_be_reached_from_the_draft() -> None:
    reached = {State.DRAFT}
    for _ in State:
        reached |= {target for row in WORKFLOW if reached & set(row.sources) for target in row.targets}
    assert reached == set(State)


def test_the_ball_is_where_the_table_says() -> None:
    police = {State.DRAFT, State.RETURNED, State.REFUSED, State.INFORMATION_REQUESTED}
    assert {state for state, side in HOLDER.items() if side is Side.POLICE} == police
    assert {state for state, side in HOLDER.items() if side is Side.BOTH} == {State.ACTION_PLAN_OPEN}
    assert {state for state, side in HOLDER.items() if side is Side.NONE} == ENDED


def test_only_rasso_cases_go_through_the_second_gate() -> None:
    assert after_accept("RASSO") is State.MANAGER_REVIEW
    assert after_accept("CROWN_COURT") is State.ACCEPTED


def test_advice_with_actions_opens_the_plan_and_advice_without_does_not() -> None:
    assert after_advice(2) is State.ACTION_PLAN_OPEN
    assert after_advice(0) is State.ADVISED


def test_a_dispute_ends_with_the_action_cancelled_or_open_again() -> None:
    assert after_dispute(DisputeOutcome.WITHDRAWN) is ActionState.CANCELLED
    assert after_dispute(DisputeOutcome.CONFIRMED) is ActionState.OPEN
