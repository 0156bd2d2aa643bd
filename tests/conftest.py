"""What tests share: a migrated database for each that asks, and one running sandbox for each test process.

Folders are made under the system's temporary folder and not under pytest's, which only its owner may enter: as root,
PostgreSQL runs as a user of its own.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import first_start
from tests.databases import DatabaseServer, ScratchDatabase, database_server
from tests.outside.ceph import CephStore, ceph
from tests.outside.client import Sandbox
from tests.outside.running import running_sandbox
from tests.sharing_out import BySandbox, longest_first
from tests.whole_log import verify_whole_log

pytest_plugins = ["tests.contract.counting"]


def pytest_configure(config: pytest.Config) -> None:
    """Where there will be several processes, give them a folder for the first start that they share."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="casefile-first-start-"))
        folder.chmod(0o711)
        os.environ[first_start.FOLDER] = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is loaded to collect stays to the end: the collector of cycles need not look through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BySandbox:
    """Keep together what needs the same sandbox."""
    return BySandbox(config, log)


@pytest.fixture(autouse=True)
def settings_as_they_were() -> Iterator[None]:
    """Takes back the settings that a command run inside a test process gave itself."""
    before = _settings()
    yield
    if (after := _settings()) != before:
        for name in after:
            del os.environ[name]
        os.environ.update(before)


def _settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("CASEFILE_", "AWS_"))}


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    """A folder for the parts of this test process, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="casefile-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql(shared_folder: Path) -> Iterator[DatabaseServer]:
    """The database server of this test process."""
    with database_server(shared_folder / "database") as server:
        yield server


@pytest.fixture
def scratch_database(postgresql: DatabaseServer) -> Iterator[ScratchDatabase]:
    """A migrated database that only this test uses."""
    with postgresql.scratch() as database:
        yield database


@pytest.fixture
def database_url(scratch_database: ScratchDatabase) -> str:
    """A fresh migrated database, as the service's role, which owns nothing."""
    return scratch_database.service_url


@pytest.fixture
def owner_database_url(scratch_database: ScratchDatabase) -> str:
    """The same database as its owner, for what the service itself may not do."""
    return scratch_database.owner_url


@pytest.fixture(scope="session")
def ceph_store(shared_folder: Path) -> Iterator[CephStore]:
    """A Ceph cluster for this test process."""
    with ceph(shared_folder / "ceph") as store:
        yield store


@pytest.fixture(scope="session", autouse=True)
def store_under_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """With CASEFILE_TEST_STORE=ceph every sandbox has its files in Ceph, each in a bucket of its own."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("CASEFILE_TEST_STORE") == "ceph":
            store: CephStore = request.getfixturevalue("ceph_store")
            patch.setenv("CASEFILE_SANDBOX_STORE", store.endpoint_url)
            patch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)
        yield


@pytest.fixture(scope="session")
def sandbox(shared_folder: Path) -> Iterator[Sandbox]:
    """The running service of this test process, on embedded parts.

    Whatever the tests did with it, its log proves itself at the end.
    """
    with running_sandbox(shared_folder / "sandbox") as running:
        yield running
        verify_whole_log(running)
        running.http.close()
