"""What each database role may do at all, whatever row-level security would let through (decisions 15 and 40)."""

import asyncio

import psycopg
import pytest

from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.embedded.roles import DatabaseAddresses
from casefile_api.errors import Misconfigured
from casefile_api.settings import Settings
from casefile_api.tenancy import AS_WORKER, UNATTENDED
from casefile_api.worker import run_sequencer
from tests.contract.guarded import guarded_tables
from tests.contract.scene import Scene

AS_KIND_WORKER = f"-c casefile.kind={UNATTENDED}"
NEVER_CHANGED = (
    "case_file_version", "audit_entry", "audit_leaf", "audit_search", "event", "event_position", "case_file_share",
)  # fmt: skip


def addresses_of(scene: Scene) -> DatabaseAddresses:
    return PostgreSQL(DataDirectory(scene.sandbox.directory)).addresses()


def refused(connected: psycopg.Connection, statement: str) -> None:
    """Nothing is let through: the role has no such right."""
    with connected as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("table", NEVER_CHANGED)
@pytest.mark.parametrize("role", ["service", "worker", "sequencer"])
@pytest.mark.parametrize("change", ["delete from {}", "update {} set {} = {}"])
def test_what_is_only_added_to_cannot_be_changed_by_anyone(table: str, role: str, change: str, scene: Scene) -> None:
    addresses = addresses_of(scene)
    keys = {"audit_entry": "id", "audit_leaf": "leaf_index", "audit_search": "leaf_index", "event_position": "position"}
    column = keys.get(table, "case_file_id")
    kind = "worker" if role == "worker" else "police"
    connected = psycopg.connect(getattr(addresses, role), options=f"-c casefile.kind={kind}")
    refused(connected, change.format(table, column, column))


def test_who_answers_callers_cannot_act_as_the_worker(scene: Scene) -> None:
    addresses = addresses_of(scene)
    with psycopg.connect(addresses.service, options="-c casefile.kind=worker") as service:
        assert service.execute("select count(*) from case_file").fetchone() == (0,), "saying so is not enough"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute("set role casefile_worker")
    with psycopg.connect(addresses.worker, options=AS_WORKER) as worker:
        assert worker.execute("select count(*) > 0 from case_file").fetchone() == (True,)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit_leaf select * from audit_leaf",
        "insert into event_position select * from event_position",
        "insert into audit_time_stamp select * from audit_time_stamp",
        "delete from log_alarm",
        "select thin_checkpoints(now())",
    ],
)
def test_who_answers_callers_cannot_write_the_log(statement: str, scene: Scene) -> None:
    refused(psycopg.connect(addresses_of(scene).service), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into case_file_version select * from case_file_version",
        "insert into case_file_share select * from case_file_share",
        "insert into early_advice select * from early_advice",
        "update case_file_finding set officers = '{}'",
        "insert into seen_assertion select * from seen_assertion",
        "update rate_bucket set level = 1000000",
        "update staff set roles = '{senior_officer}'",
        "update case_file set restricted = false",
        "delete from client",
        "delete from case_key",
    ],
)
def test_the_worker_writes_none_of_what_people_write(statement: str, scene: Scene) -> None:
    refused(psycopg.connect(addresses_of(scene).worker, options=AS_WORKER), statement)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit_leaf select * from audit_leaf",
        "insert into audit_search select * from audit_search",
        "insert into audit_checkpoint select * from audit_checkpoint",
        "insert into event_position select * from event_position",
        "update audit_tile set hashes = hashes",
        "delete from audit_pending",
        "delete from log_alarm",
        "insert into audit_erasure select * from audit_erasure",
        "insert into procrastinate_jobs select * from procrastinate_jobs",
        "set role casefile_sequencer",
    ],
)
def test_the_worker_lets_nothing_into_the_logs_tree(statement: str, scene: Scene) -> None:
    refused(psycopg.connect(addresses_of(scene).worker, options=AS_WORKER), statement)


def test_the_sequencer_sees_no_case_and_nothing_of_an_entry_but_what_searches_go_by(scene: Scene) -> None:
    addresses = addresses_of(scene)
    denied = ["select entry from audit_entry", "select erasable from audit_entry", "select body from event"]
    denied += ["insert into audit_entry select * from audit_entry", "select * from audit_search"]
    denied += ["set role casefile_worker"]
    with psycopg.connect(addresses.sequencer, options=AS_KIND_WORKER, autocommit=True) as sequencer:
        assert sequencer.execute("select count(leaf_hash) > 0 from audit_entry").fetchone() == (True,)
        for statement in (*denied, *(f"select from {table} limit 1" for table in of_cases(addresses.owner))):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sequencer.execute(statement.encode())


def of_cases(owner_url: str) -> set[str]:
    """The tables that row-level security guards, but for those that the sequencer works on."""
    with psycopg.connect(owner_url) as owner:
        return set(guarded_tables(owner)) - {"audit_entry", "audit_search", "event", "event_pending", "event_position"}


async def test_a_login_that_may_not_sequence_is_told_so_and_asked_no_second_time(scene: Scene) -> None:
    addresses = addresses_of(scene)
    with pytest.raises(Misconfigured, match="CASEFILE_SEQUENCER_DATABASE_URL"):
        await run_sequencer(Settings(database_url=addresses.worker, log_bucket=""), asyncio.Event())
