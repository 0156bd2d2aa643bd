"""What the contract tests share: a sandbox of their own, whose clock they may move, and one scene, built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import counting
from tests.contract.scene import Scene, build_scene
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox


@pytest.fixture(scope="session")
def sandboxes() -> list[Sandbox]:
    """Every sandbox the contract was tried on, with what it answered."""
    return counting.SANDBOXES


@pytest.fixture(scope="session")
def sandbox(shared_folder: Path, sandboxes: list[Sandbox]) -> Iterator[Sandbox]:
    """The service the contract is tried on."""
    with running_sandbox(shared_folder / "contract") as running:
        sandboxes.append(running)
        yield running


@pytest.fixture(scope="session")
def scene(sandbox: Sandbox) -> Scene:
    """A case in which every operation has something to act on."""
    return build_scene(sandbox)
