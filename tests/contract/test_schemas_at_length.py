"""schemathesis at length: every boundary of every field written out, many more examples, longer walks along the links.

Its cases are written out while it is collected, so it is collected for the long run alone (see conftest.py).
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract import fuzzing

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]
EXAMPLES, WALKS, STEPS = 100, 100, 12
each_operation: Callable[[Any], Any] = fuzzing.schema().parametrize()


@each_operation
@settings(fuzzing.PATIENT, max_examples=EXAMPLES)
def test_every_operation_keeps_to_its_description(case: Any, fuzzers: fuzzing.Callers) -> None:
    fuzzers.call(case)


def test_what_follows_from_what_keeps_to_its_description(fuzzers: fuzzing.Callers) -> None:
    walks = settings(fuzzing.PATIENT, max_examples=WALKS, stateful_step_count=STEPS)
    run_state_machine_as_test(fuzzing.linked(fuzzers), settings=walks)
