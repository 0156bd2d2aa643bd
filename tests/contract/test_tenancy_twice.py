"""Tenancy twice: with the queries' own scope disabled, row-level security alone lets nothing through (decision 15)."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
from tests.contract.matrix import Row, read_matrix
from tests.contract.scene import Scene
from tests.outside.client import Party, Sandbox

ROWS = [row for row in read_matrix() if re.search(r"\{(case_file|request|attachment|bundle|endpoint)_id\}", row.call)]
_LISTED = {"list_case_files", "list_early_advice_requests", "list_events"}
LISTS = [row for row in read_matrix() if row.operation in _LISTED]
STRANGERS = {"police": ("police-52", "police-52-rasso"), "cps": ("cps-west-midlands", "cps-west-midlands-rasso")}
LONGEST_START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def unscoped_service(sandbox: Sandbox, database_url: str, log: Path) -> Iterator[str]:
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


@pytest.fixture(scope="module")
def unscoped(scene: Scene, shared_folder: Path) -> Iterator[Scene]:
    """The scene of the contract, as a process with nothing but the database's lock serves it."""
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()
    with unscoped_service(scene.sandbox, addresses.service, shared_folder / "unscoped.log") as url:
        sandbox = Elsewhere(scene.sandbox.config, scene.sandbox.directory, url=url)
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
    """Another force and another Area, their systems and those who see the most, where they may call at all."""
    return [
        (kind, scene.caller(kind, role, organisation, unit))
        for kind, (organisation, unit) in STRANGERS.items()
        for role in ("system", "senior_officer", "unit_head")
        if role in row.may(kind)
    ]


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


def test_the_scope_is_forgotten_for_an_owner_of_another_unit(unscoped: Scene) -> None:
    # Or the tests above would show nothing: within the force it is the queries that keep units apart.
    stranger = unscoped.caller("police", "officer", "police-53", "police-53-cid")
    assert stranger.call("GET", f"/v1/case-files/{unscoped.case['id']}").status_code == 200


GUARDED = ("case_file", "case_file_version", "case_file_share", "early_advice_request", "attachment", "event")
NEVER_CHANGED = ("case_file_version", "audit_entry", "audit_leaf", "event", "event_position", "case_file_share")


@pytest.mark.parametrize("table", GUARDED)
def test_where_nothing_is_said_nothing_is_there(table: str, scene: Scene) -> None:
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()
    with psycopg.connect(addresses.owner) as owner, psycopg.connect(addresses.service) as service:
        there = owner.execute(f"select count(*) from {table}".encode()).fetchone()
        seen = service.execute(f"select count(*) from {table}".encode()).fetchone()
    assert there is not None and there[0] > 0
    assert seen == (0,)


@pytest.mark.parametrize("table", NEVER_CHANGED)
@pytest.mark.parametrize("kind", ["police", "worker"])
@pytest.mark.parametrize("change", ["delete from {}", "update {} set {} = {}"])
def test_what_is_only_added_to_cannot_be_changed_by_anyone(table: str, kind: str, change: str, scene: Scene) -> None:
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()
    column = {"audit_entry": "id", "audit_leaf": "leaf_index", "event_position": "position"}.get(table, "case_file_id")
    connected = psycopg.connect(addresses.service, options=f"-c casefile.kind={kind}")
    with connected as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute(change.format(table, column, column).encode())


def test_a_session_of_one_caller_leaves_nothing_for_the_next(scene: Scene) -> None:
    addresses = PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()

    async def seen_by(database: Database, scope: Scope | None) -> tuple[int, int]:
        count = "select count(*) as cases from case_file"
        async with database.session(scope) as session:
            in_session = (await session.execute(text(count))).scalar_one()
        return in_session, (await database.rows(count, {}, scope))[0].cases

    async def three_in_turn() -> list[tuple[int, int]]:
        database = Database(Settings(database_url=addresses.service, database_pool_size=2))
        owner = Scope("police-53", "police", ("police-53#system",))
        seen = [await seen_by(database, scope) for scope in (owner, None, Scope("police-52", "police"))]
        await database.close()
        return seen

    own, nobody, _ = asyncio.run(three_in_turn())
    assert min(own) > 0 and nobody == (0, 0)
