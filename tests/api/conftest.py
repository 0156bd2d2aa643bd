"""The parties and the case file that tests of the API start from."""

import pytest

from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    """An officer of Gloucestershire's RASSO team."""
    return sandbox.person("officer", unit="police-53-rasso")


@pytest.fixture
def case_id(officer: Party) -> str:
    """A case file newly opened."""
    return str(open_case(officer)["id"])
