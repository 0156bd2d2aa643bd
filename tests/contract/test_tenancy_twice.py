"""Tenancy twice: with the queries' own scope disabled, row-level security alone lets nothing through (decision 15)."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import psycopg
import pytest
from sqlalchemy import text

from casefile_api.database import Database
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.settings import Settings
from casefile_api.tenancy import Scope
from tests.contract import calls
from tests.contract.guarded import guarded_tables
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import Scene
from tests.outside.client import Party, Sandbox
from tests.outside.running import free_port

OPERATIONS = {row.operation: row for row in read_matrix()}
_OF_A_CASE = re.compile(r"\{(case_file|request|attachment|bundle|endpoint)_id\}")
ROWS = [row for row in OPERATIONS.values() if _OF_A_CASE.search(row.call)]
_LISTED = {"list_case_files", "list_early_advice_requests", "list_events"}
LISTS = [row for row in OPERATIONS.values() if row.operation in _LISTED]
STRANGERS = {"police": ("police-52", "police-52-rasso"), "cps": ("cps-west-midlands", "cps-west-midlands-rasso")}
LONGEST_START_SECONDS = 60.0
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def unscoped_service(sandbox: Sandbox, database_url: str, log: Path, **more: str) -> Iterator[str]:
    """A second API process on the sandbox's database, whose queries forgot their scope; its base URL."""
    port, environment = free_port(), dict(os.environ)
    environment |= {
        "CASEFILE_SANDBOX": "true",
        "CASEFILE_PUBLIC_URL": sandbox.base_url,
        "CASEFILE_ALLOWED_HOSTS": "*",
        "CASEFILE_DATA_DIR": str(sandbox.directory),
        "CASEFILE_DATABASE_URL": database_url,
        "CASEFILE_S3_ENDPOINT_URL": sandbox.config["storage"]["endpoint_url"],
        "AWS_ACCESS_KEY_ID": DataDirectory(sandbox.directory).secret("s3_access_key")[:20].upper(),
        "AWS_SECRET_ACCESS_KEY": DataDirectory(sandbox.directory).secret("s3_secret_key"),
        **more,
    }
    with log.open("w") as said:
        command = [sys.executable, "-m", "tests.contract.unscoped", str(port)]
        program = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        await_answer(f"http://127.0.0.1:{port}/healthz", program, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(20)


def await_answer(url: str, program: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < until:
        assert program.poll() is None, log.read_text()
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"it does not answer: {log.read_text()}")


@contextmanager
def pooler(database_url: str, folder: Path) -> Iterator[str]:
    """PgBouncer before a database, lending out transactions; the URL that leads through it."""
    there, port = urlsplit(database_url), free_port()
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "users.txt").write_text(f'"{there.username}" "{there.password}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={there.hostname} port={there.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        "default_pool_size = 2\nunix_socket_dir =\n"
    )
    account = "nobody" if os.geteuid() == 0 else None  # it refuses root
    with (folder / "log").open("w") as said:
        program = subprocess.Popen([str(PGBOUNCER), f"{folder}/pgbouncer.ini"], stderr=said, stdout=said, user=account)
    try:
        yield there._replace(netloc=f"{there.username}:{there.password}@127.0.0.1:{port}").geturl()
    finally:
        program.terminate()
        program.wait(20)


@pytest.fixture(scope="module", params=["direct", "behind a pooler"])
def unscoped(request: pytest.FixtureRequest, scene: Scene, shared_folder: Path) -> Iterator[Scene]:
    """The scene of the contract, as a process with nothing but the database's lock serves it."""
    direct = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses().service
    with ExitStack() as stack:
        url, more, log = direct, {}, shared_folder / f"unscoped {request.param}.log"
        if request.param != "direct":
            if PGBOUNCER is None:
                pytest.skip("PgBouncer is not installed (apt-get install pgbouncer)")
            url = stack.enter_context(pooler(direct, shared_folder / "pooler"))
            more = {"CASEFILE_DATABASE_POOLER": "true", "CASEFILE_DIRECT_DATABASE_URL": direct}
        base_url = stack.enter_context(unscoped_service(scene.sandbox, url, log, **more))
        sandbox = Elsewhere(scene.sandbox.config, scene.sandbox.directory, url=base_url)
        yield replace(scene, sandbox=sandbox, parties={})
        sandbox.close()


@dataclass
class Elsewhere(Sandbox):
    """A sandbox whose calls go to another process; tokens come from where they always come from."""

    url: str = ""

    @property
    def base_url(self) -> str:
        return self.url


def strangers(scene: Scene, row: Row) -> list[tuple[str, Party]]:
    """Another force and another Area, each by the first of their system and those who see the most who may call."""
    found = []
    for kind, (organisation, unit) in STRANGERS.items():
        role = next((each for each in ("system", "senior_officer", "unit_head") if each in row.may(kind)), None)
        if role is not None:
            found.append((kind, scene.caller(kind, role, organisation, unit)))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_a_query_that_forgot_its_scope_finds_nothing_of_anothers(row: Row, unscoped: Scene) -> None:
    for kind, party in strangers(unscoped, row):
        answer = calls.make(unscoped, party, row.operation, row.call, kind)
        assert answer.status_code == 404, f"{party.name}: {answer.status_code} {answer.text[:300]}"


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.operation)
def test_a_list_that_forgot_its_scope_shows_nothing_of_anothers(row: Row, unscoped: Scene) -> None:
    for kind, party in strangers(unscoped, row):
        answer = calls.make(unscoped, party, row.operation, row.call, kind)
        assert answer.status_code == 200, answer.text
        assert unscoped.case["id"] not in answer.text and unscoped.request["id"] not in answer.text


def test_their_own_they_read_and_write(unscoped: Scene) -> None:
    owner, row = unscoped.caller("police", "system", "police-53", None), OPERATIONS["open_case_file"]
    made = calls.make(unscoped, owner, row.operation, row.call, "police")
    assert made.status_code == 201, made.text
    assert owner.get(f"/v1/case-files/{made.json()['id']}").json()["id"] == made.json()["id"]


def test_the_scope_is_forgotten_for_an_owner_of_another_unit(unscoped: Scene) -> None:
    # Or the tests above would show nothing: within the force it is the queries that keep units apart.
    stranger = unscoped.caller("police", "officer", "police-53", "police-53-cid")
    assert stranger.call("GET", f"/v1/case-files/{unscoped.case['id']}").status_code == 200


NOBODY = {"": "nothing is said", "-c casefile.kind=police -c casefile.organisation=police-99": "an unknown force"}


@pytest.fixture(scope="module")
def filled(scene: Scene) -> list[str]:
    """The guarded tables that have rows when the scene is played: nearly all."""
    with psycopg.connect(PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses().owner) as owner:
        return [name for name in guarded_tables(owner) if counted(owner, name)]


def counted(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"select count(*) from (select from {table} limit 1) found".encode()).fetchone()
    return int(row[0]) if row else 0


def readable(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("select has_table_privilege(%s, 'select')", (table,)).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("options", NOBODY, ids=NOBODY.get)
def test_who_is_nobody_to_a_case_sees_no_row_of_any_guarded_table(
    options: str, scene: Scene, filled: list[str]
) -> None:
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()
    with psycopg.connect(addresses.service, options=options) as service:
        seen = {name for name in filled if readable(service, name) and counted(service, name)}
    assert seen == set() and len(filled) > 25


EMPTIED = {"event_pending", "figure_due"}  # the worker takes out what it did, also between two looks


def test_each_policy_of_sight_is_what_keeps_them_out(scene: Scene, filled: list[str]) -> None:
    # With the condition of one table forgotten, the test above has something to see there.
    open_anyway = set()
    with psycopg.connect(PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses().owner) as owner:
        owner.execute("set lock_timeout = '20s'")
        for name in filled:
            with owner.transaction(force_rollback=True):
                owner.execute(f"alter policy seen on {name} using (true)".encode())
                owner.execute("set local role casefile_service")
                if readable(owner, name) and counted(owner, name):
                    open_anyway.add(name)
    assert open_anyway - EMPTIED == set(filled) - EMPTIED


# What any of the service's own requests may add, whoever it is about: the log takes down every attempt.
ADDED_BY_ALL = {"audit_entry", "event_pending"}
_RIGHTS = "select privilege_type, column_name from information_schema.column_privileges where table_name = %s"
_RIGHTS += " and table_schema = 'public' and grantee = 'casefile_service'"
_OPEN = {"added": "with check (true)", "changed": "using (true) with check (true)", "removed": "using (true)"}
_MAY_DELETE = "select has_table_privilege('casefile_service', %s, 'delete')"


def rows_written(owner: psycopg.Connection, table: str, policy: str, *, widened: bool) -> int | None:
    """How many rows a stranger gets written of a table, with its policy as it is or open; None without the right."""
    rights = owner.execute(_RIGHTS, (table,)).fetchall()
    columns = [column for right, column in rights if right == "UPDATE"]
    may = {
        "added": any(right == "INSERT" for right, _ in rights),
        "changed": bool(columns),
        "removed": owner.execute(_MAY_DELETE, (table,)).fetchone() == (True,),
    }
    if not may[policy]:
        return None
    sample = owner.execute(f"select to_json(r)::text from {table} r limit 1".encode()).fetchone()
    assert sample is not None
    # Nothing of the table is read, so that no policy of sight comes before the one in question.
    statement = {
        "added": f"insert into {table} select * from json_populate_record(null::{table}, %(row)s)",
        "changed": f"update {table} set {(columns or ['x'])[0]} = null",
        "removed": f"delete from {table}",
    }[policy]
    with owner.transaction(force_rollback=True):
        if widened:
            owner.execute(f"alter policy {policy} on {table} {_OPEN[policy]}".encode())
        owner.execute("set local role casefile_service")
        owner.execute("set local casefile.kind = 'cps'")
        owner.execute("set local casefile.organisation = 'cps-nowhere'")
        try:
            return owner.execute(statement.encode(), {"row": sample[0]} if policy == "added" else None).rowcount
        except psycopg.errors.InsufficientPrivilege:
            return 0
        except psycopg.errors.IntegrityError:
            return 1  # it got as far as the table's own rules: the row is there already, or something hangs on it


@pytest.mark.parametrize("policy", ["added", "changed", "removed"])
def test_each_policy_of_change_is_what_stops_a_stranger(policy: str, scene: Scene, filled: list[str]) -> None:
    stopped, open_anyway, asked = set(), set(), set()
    with psycopg.connect(PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses().owner) as owner:
        owner.execute("set lock_timeout = '20s'")
        for name in filled:
            if policy == "added" and name in ADDED_BY_ALL:
                continue
            as_it_is = rows_written(owner, name, policy, widened=False)
            if as_it_is is None:
                continue
            asked.add(name)
            stopped |= {name} if as_it_is == 0 else set()
            open_anyway |= {name} if rows_written(owner, name, policy, widened=True) else set()
    assert stopped == asked, "a stranger writes there"
    assert open_anyway == asked, "it is not this policy that stops them"
    assert len(asked) >= {"added": 25, "changed": 8, "removed": 3}[policy]


@pytest.mark.parametrize("pooler", [False, True], ids=["said at the start", "said in each transaction"])
def test_a_session_of_one_caller_leaves_nothing_for_the_next(scene: Scene, pooler: bool) -> None:
    # As the owner, whom no policy binds: it is the role of the service that acts, however that is said.
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()

    async def seen_by(database: Database, scope: Scope | None) -> tuple[int, int]:
        count = "select count(*) as cases from case_file"
        async with database.session(scope) as session:
            in_session = (await session.execute(text(count))).scalar_one()
        return in_session, (await database.rows(count, {}, scope))[0].cases

    async def three_in_turn() -> list[tuple[int, int]]:
        settings = Settings(database_url=addresses.owner, database_pool_size=2, database_pooler=pooler)
        database = Database(settings)
        owner = Scope("police-53", "police", ("police-53#system",))
        seen = [await seen_by(database, scope) for scope in (owner, None, Scope("police-52", "police"))]
        await database.close()
        return seen

    own, nobody, _ = asyncio.run(three_in_turn())
    assert min(own) > 0 and nobody == (0, 0)
