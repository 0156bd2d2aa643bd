"""What the contract tests share: one scene for all, built once."""

import pytest

from tests.contract.scene import Scene, build_scene
from tests.outside.client import Sandbox


@pytest.fixture(scope="session")
def scene(sandbox: Sandbox) -> Scene:
    """A case in which every operation has something to act on."""
    return build_scene(sandbox)
