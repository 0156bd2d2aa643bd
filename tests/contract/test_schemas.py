"""schemathesis over the committed OpenAPI document: every operation, all checks, several roles, links between them."""

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode

from tests.contract import fuzzing

pytestmark = pytest.mark.timeout(300)
EXAMPLES, WALKS, STEPS = 5, 6, 6
TRIES = 5
QUICK = settings(fuzzing.PATIENT, max_examples=EXAMPLES, phases=[Phase.generate])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", fuzzing.ROWS)
def test_every_operation_keeps_to_its_description(name: str, mode: GenerationMode, fuzzers: fuzzing.Callers) -> None:
    operation = fuzzing.schema().find_operation_by_id(name)
    generated: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)

    @QUICK
    @given(case=generated)
    def keeps_to_it(case: Any) -> None:
        fuzzers.call(case)

    try:
        keeps_to_it()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing well-formed can be generated"  # nothing there can be wrong


def test_what_follows_from_what_keeps_to_its_description(fuzzers: fuzzing.Callers) -> None:
    walks = settings(QUICK, max_examples=WALKS, stateful_step_count=STEPS)
    for _ in range(TRIES):
        try:
            run_state_machine_as_test(fuzzing.linked(fuzzers), settings=walks)
        except FlakyStrategyDefinition:  # what may follow hangs on answers, and time passed between two of them
            continue
        return
    pytest.fail("No walk could be taken twice alike.")
