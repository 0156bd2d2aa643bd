"""The parts the program runs itself: found again after a kill, never confused with others, their data kept."""

import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from casefile_api.embedded import accounts, processes
from casefile_api.embedded.data_directory import DataDirectory, is_free
from casefile_api.embedded.failures import PartFailed
from casefile_api.embedded.postgresql import PostgreSQL, installed_programs
from casefile_api.embedded.processes import Account
from casefile_api.embedded.seaweedfs import SeaweedFS

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
DEAF_PROGRAM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
DEAF = [sys.executable, "-S", "-c", DEAF_PROGRAM]


@pytest.fixture
def directory(shared_folder: Path, request: pytest.FixtureRequest) -> DataDirectory:
    """A data folder of this test."""
    fresh = DataDirectory(shared_folder / f"parts-{abs(hash(request.node.name))}")
    fresh.create()
    return fresh


@pytest.fixture
def database(directory: DataDirectory) -> Iterator[PostgreSQL]:
    """A server not yet started, stopped at the end."""
    server = PostgreSQL(directory)
    yield server
    server.stop()
    server.stop_left_behind()


def start(command: list[str], directory: DataDirectory, name: str = "sleeper") -> processes.Child:
    """A child, once it is the program it should be."""
    child = processes.start(command, record=directory.record(name), log=directory.log(name))
    eventually(lambda: arguments_of(child.pid) == command)
    return child


def arguments_of(pid: int) -> list[str]:
    """The command line of a process; empty for a moment while one program takes the place of another."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def eventually(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def test_a_child_is_written_down_before_its_program_runs(directory: DataDirectory) -> None:
    record = directory.record("reader")
    code = f"print(open({str(record)!r}).read())"
    child = processes.start([sys.executable, "-c", code], record=record, log=directory.log("reader"))
    eventually(lambda: child.exit_code is not None)
    assert directory.log("reader").read_text().strip() == record.read_text().strip()
    mark = processes.read_record(record)
    assert mark is not None
    assert mark.pid == child.pid
    assert not mark.alive


def test_an_orphan_is_recognised_and_stopped(directory: DataDirectory) -> None:
    child = start(SLEEPER, directory)
    assert processes.stop_recorded(directory.record("sleeper"))
    eventually(lambda: child.exit_code is not None)
    assert child.exit_code == -signal.SIGTERM
    assert not directory.record("sleeper").exists()


def test_an_orphan_that_does_not_listen_is_killed(directory: DataDirectory) -> None:
    child = start(DEAF, directory)
    eventually(lambda: directory.log("sleeper").read_text() == "deaf\n")
    assert processes.stop_recorded(directory.record("sleeper"), patience_seconds=0.5)
    eventually(lambda: child.exit_code is not None)
    assert child.exit_code == -signal.SIGKILL


def test_somebody_elses_process_with_the_same_number_is_left_alone(directory: DataDirectory) -> None:
    other = subprocess.Popen(SLEEPER)
    mark = processes.mark_of(other.pid)
    assert mark is not None
    boot, _, ticks = mark.started.partition("/")
    directory.record("sleeper").write_text(f"{other.pid} {boot}/{int(ticks) - 1}\n")
    try:
        assert not processes.stop_recorded(directory.record("sleeper"))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells a child of its parent's end on Linux only")
def test_children_end_with_a_parent_that_is_killed(directory: DataDirectory) -> None:
    code = (
        "import sys, time; from pathlib import Path; from casefile_api.embedded import processes\n"
        f"processes.start({SLEEPER!r}, record=Path({str(directory.record('sleeper'))!r}), log=None); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    eventually(lambda: processes.read_record(directory.record("sleeper")))
    orphan = processes.read_record(directory.record("sleeper"))
    assert orphan is not None
    eventually(lambda: arguments_of(orphan.pid) == SLEEPER)
    parent.kill()
    parent.wait()
    eventually(lambda: not orphan.alive)


def test_a_data_folder_has_one_holder(directory: DataDirectory) -> None:
    with directory.held():
        assert directory.in_use
        with pytest.raises(PartFailed, match=f"in use by process {os.getpid()}"), directory.held(wait_seconds=0):
            pass
    assert not directory.in_use


def test_ports_stay_the_same_unless_taken(directory: DataDirectory) -> None:
    first = directory.ports("part", 3)
    assert directory.ports("part", 3) == first
    assert all(is_free(port) for port in first)
    with socket.create_server(("127.0.0.1", first[1])):
        assert directory.ports("part", 3) != first


def test_secrets_are_for_their_owner_alone(directory: DataDirectory) -> None:
    secret = directory.secret("key")
    assert directory.secret("key") == secret
    assert len(secret) == 64
    assert stat.S_IMODE((directory.path / "secrets.json").stat().st_mode) == 0o600


def test_what_was_committed_survives_a_kill_of_every_process(directory: DataDirectory, database: PostgreSQL) -> None:
    addresses = database.start()
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    record = processes.read_record(directory.record("postgresql"))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: not database.running)
    again = PostgreSQL(directory)
    try:
        assert again.start() == addresses
        with psycopg.connect(addresses.owner) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
    finally:
        again.stop()


def test_a_server_left_running_is_stopped_by_the_next_start(directory: DataDirectory, database: PostgreSQL) -> None:
    database.start()
    left = processes.read_record(directory.record("postgresql"))
    again = PostgreSQL(directory)
    try:
        again.start()
        assert left is not None
        assert not left.alive
        assert processes.read_record(directory.record("postgresql")) != left
    finally:
        again.stop()


def test_a_lock_file_with_somebody_elses_number_does_not_stop_the_server(
    directory: DataDirectory, database: PostgreSQL
) -> None:
    database.start()
    database.stop()
    lock = directory.path / "postgresql" / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n")
    database.start()
    assert database.running


def test_the_service_role_owns_nothing_and_needs_its_password(database: PostgreSQL) -> None:
    addresses = database.start()
    with psycopg.connect(addresses.service) as connection:
        rights = "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = current_user"
        assert connection.execute(rights).fetchone() == (False, False, False)
        assert connection.execute("show fsync").fetchone() == ("on",)
    user, _, rest = addresses.service.partition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{user.rpartition(':')[0]}:guessed@{rest}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")
def test_a_folder_the_database_user_cannot_enter_is_named_with_the_mend(shared_folder: Path) -> None:
    closed = shared_folder / "closed"
    closed.mkdir(mode=0o700)
    directory = DataDirectory(closed / "data")
    directory.create()
    with pytest.raises(PartFailed) as failure:
        PostgreSQL(directory).start()
    assert str(failure.value).count("\n") == 0
    assert f"cannot enter {closed}:" in str(failure.value)
    assert f"chmod o+x {closed}" in str(failure.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")
def test_programs_under_a_closed_home_are_copied_to_where_the_database_user_can_run_them(
    directory: DataDirectory, database: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is, installed = accounts.first_closed_folder, installed_programs()

    def closed(path: Path, account: Account) -> Path | None:
        return path if path.is_relative_to(installed) else as_it_is(path, account)

    monkeypatch.setattr(accounts, "first_closed_folder", closed)
    database.start()
    record = processes.read_record(directory.record("postgresql"))
    assert record is not None
    assert arguments_of(record.pid)[0].startswith(str(directory.path))


def test_the_first_closed_folder_is_found(shared_folder: Path) -> None:
    nobody = Account("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    closed = shared_folder / "home"
    (closed / "below").mkdir(parents=True)
    assert accounts.first_closed_folder(closed / "below", nobody) is None
    closed.chmod(0o700)
    assert accounts.first_closed_folder(closed / "below", nobody) == closed


def test_objects_survive_a_kill_and_the_store_is_closed_to_strangers(directory: DataDirectory) -> None:
    store = SeaweedFS(directory)
    address = store.start()
    record = processes.read_record(directory.record("seaweedfs"))
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    eventually(lambda: not store.running)
    try:
        assert store.start() == address
        filer = directory.known_ports("seaweedfs")[4]
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"http://127.0.0.1:{filer}/buckets/", timeout=5)
    finally:
        store.stop()
    assert not record.alive


def test_a_first_start_that_was_killed_half_way_is_begun_again(directory: DataDirectory, database: PostgreSQL) -> None:
    code = (
        "from pathlib import Path; from casefile_api.embedded.data_directory import DataDirectory\n"
        "from casefile_api.embedded.postgresql import PostgreSQL\n"
        f"PostgreSQL(DataDirectory(Path({str(directory.path)!r}))).start()"
    )
    starting = subprocess.Popen([sys.executable, "-c", code])
    eventually((directory.path / "postgresql" / "data.new" / "global").exists)
    maker = processes.read_record(directory.record("initdb"))
    starting.kill()
    starting.wait()
    database.start()
    assert database.running
    assert maker is not None
    assert not maker.alive
