"""What the contract tests share: a sandbox of their own, whose clock they may move, and one scene, built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import counting, fuzzing
from tests.contract.scene import Scene, build_scene
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox
from tests.whole_log import verify_whole_log


@pytest.fixture(scope="session")
def sandboxes() -> list[Sandbox]:
    """Every sandbox the contract was tried on, with what it answered."""
    return counting.SANDBOXES


@pytest.fixture(scope="package")
def sandbox(shared_folder: Path, sandboxes: list[Sandbox]) -> Iterator[Sandbox]:
    """The service the contract is tried on."""
    with running_sandbox(shared_folder / "contract") as running:
        sandboxes.append(running)
        yield running
        verify_whole_log(running)


@pytest.fixture(scope="package")
def scene(sandbox: Sandbox) -> Scene:
    """A case in which every operation has something to act on."""
    return build_scene(sandbox)


@pytest.fixture(scope="module")
def fuzzers(shared_folder: Path, sandboxes: list[Sandbox]) -> Iterator[fuzzing.Callers]:
    """A sandbox of its own, whose clock may jump, and who makes generated calls there."""
    with running_sandbox(shared_folder / "fuzzed") as sandbox:
        sandboxes.append(sandbox)
        callers = fuzzing.Callers(sandbox, build_scene(sandbox))
        yield callers
        callers.session.close()
        verify_whole_log(sandbox)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The long run of schemathesis takes a minute to collect: only where it is asked for."""
    if collection_path.name == "test_schemas_at_length.py" and config.option.markexpr != "soak":
        return True
    return None
