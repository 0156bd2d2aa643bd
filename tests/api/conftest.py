"""The parties and the case file that tests of the API start from."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.advising import Teams
from tests.api.endpoints import receiver, register  # noqa: F401 - fixtures
from tests.api.verified_log import log, written  # noqa: F401 - fixtures
from tests.outside.beside import beside
from tests.outside.cases import open_case
from tests.outside.client import Party, Sandbox
from tests.outside.issuer import Issuer, running_issuer, trust_in
from tests.outside.running import running_sandbox
from tests.whole_log import verify_whole_log


@pytest.fixture
def officer(sandbox: Sandbox) -> Party:
    """An officer of Gloucestershire's RASSO team."""
    return sandbox.person("officer", unit="police-53-rasso")


@pytest.fixture
def case_id(officer: Party) -> str:
    """A case file newly opened."""
    return str(open_case(officer)["id"])


@pytest.fixture(scope="session")
def teams(sandbox: Sandbox) -> Teams:
    """The two RASSO teams."""
    return Teams(sandbox)


@pytest.fixture(scope="session")
def later_teams(shared_folder: Path) -> Iterator[Teams]:
    """The two RASSO teams in a sandbox of their own, whose working time tests may move."""
    with running_sandbox(shared_folder / "later") as sandbox:
        yield Teams(sandbox)
        verify_whole_log(sandbox)
        sandbox.http.close()


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """A force's own issuer of tokens."""
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def strict(sandbox: Sandbox, issuer: Issuer) -> Iterator[Sandbox]:
    """The sandbox through a process in which every token must be bound, and that trusts a force's own issuer.

    A proxy on loopback sees certificates, and few uploads may be under way.
    """
    changes = {"CASEFILE_SENDER_BOUND_TOKENS": "required", "CASEFILE_CLIENT_CERTIFICATE_PROXIES": "127.0.0.1"}
    changes["CASEFILE_UPLOADS_PER_CLIENT"] = "3"
    changes["CASEFILE_TRUSTED_ISSUERS"] = json.dumps([trust_in(issuer)])
    with beside(sandbox, **changes) as process:
        yield process
