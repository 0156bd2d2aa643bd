"""The figures know who holds the ball in each state from the workflow's own table."""

from casefile_api.early_advice.clocks import ANSWERABLE
from casefile_api.early_advice.workflow import HOLDER
from casefile_api.statistics import facts, groups


def test_the_sides_of_the_figures_are_those_of_the_workflow() -> None:
    held = {state: side for side, states in facts.HELD_BY.items() for state in states}
    assert held == {state.value: side.value for state, side in HOLDER.items()}


def test_the_answering_sides_of_clocks_are_those_of_the_clocks() -> None:
    assert {kind.value: side.value for kind, side in ANSWERABLE.items()} == groups.ANSWERABLE
