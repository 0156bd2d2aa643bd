"""The figures know who holds the ball in each state from the workflow's own table."""

import re

from casefile_api.early_advice.clocks import ANSWERABLE, Side
from casefile_api.early_advice.workflow import HOLDER
from casefile_api.statistics import queries


def test_the_sides_of_the_figures_are_those_of_the_workflow() -> None:
    by_side = {
        side: set(re.findall(r"'(\w+)'", states))
        for states, side in re.findall(r"s\.state_to (?:in \(([^)]*)\)|= '(?:\w+)') then '(\w+)'", queries._SIDES)
    }
    for side in (Side.POLICE, Side.NONE):
        assert by_side[side.value] == {state.value for state, holder in HOLDER.items() if holder is side}
    assert [state.value for state, holder in HOLDER.items() if holder is Side.BOTH] == ["action_plan_open"]


def test_the_answering_sides_of_clocks_are_those_of_the_clocks() -> None:
    assert {kind.value: side.value for kind, side in ANSWERABLE.items()} == queries._ANSWERABLE
