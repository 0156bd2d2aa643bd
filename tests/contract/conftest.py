"""What the contract tests share: a sandbox of their own, whose clock they may move, and one scene, built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.scene import Scene, build_scene
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[list[Sandbox]]:
    """Every sandbox the contract was tried on, with what it answered."""
    started: list[Sandbox] = []
    yield started
    for one in started:
        one.close()


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What counts up what was seen comes last."""
    items.sort(key=lambda item: item.path.name == "test_what_was_seen.py" and item.path.parent.name == "contract")
