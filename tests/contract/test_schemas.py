"""schemathesis over the committed OpenAPI document: every operation, all checks, several roles, links between them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract import fuzzing
from tests.contract.scene import build_scene
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox

pytestmark = pytest.mark.timeout(600)
SCHEMA = fuzzing.load_schema()
each_operation: Callable[[Any], Any] = SCHEMA.parametrize()
each_operation_at_length: Callable[[Any], Any] = fuzzing.load_schema(at_length=True).parametrize()
PATIENT = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
FEW, MANY = 6, 150


@pytest.fixture(scope="module")
def callers(shared_folder: Path, sandboxes: list[Sandbox]) -> Iterator[fuzzing.Callers]:
    """A sandbox of its own, whose clock may jump, and who calls there."""
    with running_sandbox(shared_folder / "fuzzed") as sandbox:
        sandboxes.append(sandbox)
        found = fuzzing.Callers(sandbox, build_scene(sandbox))
        yield found
        found.session.close()


def call(case: Any, callers: fuzzing.Callers) -> None:
    headers = callers.prepare(case)
    response = case.call_and_validate(base_url=callers.sandbox.base_url, session=callers.session, headers=headers)
    callers.note(case, response)


@each_operation
@settings(PATIENT, max_examples=FEW)
def test_every_operation_keeps_to_its_description(case: Any, callers: fuzzing.Callers) -> None:
    call(case, callers)


@pytest.mark.soak
@each_operation_at_length
@settings(PATIENT, max_examples=MANY)
def test_every_operation_keeps_to_its_description_at_length(case: Any, callers: fuzzing.Callers) -> None:
    call(case, callers)


def linked(callers: fuzzing.Callers) -> type[Any]:
    """What follows from what: ids of one answer are used in the next call."""
    SCHEMA.config.update(base_url=callers.sandbox.base_url)

    class Linked(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"session": callers.session, "headers": callers.prepare(case, real_ids=False)}

        def after_call(self, response: Any, case: Any) -> None:
            callers.note(case, response)

    return Linked


def test_what_follows_from_what_keeps_to_its_description(callers: fuzzing.Callers) -> None:
    run_state_machine_as_test(linked(callers), settings=settings(PATIENT, max_examples=FEW * 2, stateful_step_count=8))


@pytest.mark.soak
def test_what_follows_from_what_at_length(callers: fuzzing.Callers) -> None:
    run_state_machine_as_test(linked(callers), settings=settings(PATIENT, max_examples=MANY, stateful_step_count=12))
