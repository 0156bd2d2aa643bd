"""The log checks itself, thins its checkpoints, makes its partitions, and changes its key while sequencers run."""

import asyncio
import multiprocessing
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from casefile_api.audit.self_check import check_some, step_size
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.audit.verifier_keys import listed_keys
from casefile_api.cli import keys
from casefile_api.database import Database
from casefile_api.errors import WrongState
from casefile_api.ledger.checkpoints import CheckpointError, parse_note, parse_verifier_key
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.ledger.upkeep import make_partitions, thin_checkpoints
from casefile_api.settings import Settings
from casefile_api.tenancy import WORKER
from casefile_api.web.assembly import build_parts
from casefile_api.web.parts import Parts
from tests.commands import run
from tests.databases import ScratchDatabase
from tests.logs import LogInHand

AT = "(select entry_id from audit_leaf where leaf_index ="


@pytest.fixture
def log(scratch_database: ScratchDatabase, tmp_path: Path) -> LogInHand:
    log = LogInHand.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    log.tamper(
        "insert into organisation (id, kind, name, valid_from, remit)"
        " values ('oversight-x', 'oversight', 'X', '2020-01-01', 'all')"
    )
    return log


@pytest.fixture
async def parts(log: LogInHand) -> AsyncIterator[Parts]:
    parts = build_parts(log.settings)
    yield parts
    await parts.database.close()


def told(log: LogInHand) -> list[tuple[str, str]]:
    bodies = log.rows("select convert_from(body, 'UTF8') from event where type = 'audit.break_found' order by event_id")
    found = [orjson.loads(body)["data"] for (body,) in bodies]
    return [(data["finding"], data["finding_name"]) for data in found]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (f"update audit_entry set leaf_hash = sha256('x') where id = {AT} 300)",
         "entry"),
        (f"update audit_entry set entry = entry || ' ' where id = {AT} 299)",
         "leaf 299"),
        (f"delete from audit_entry where id = {AT} 3)", "entry"),
        ("delete from audit_leaf where leaf_index = 310", "leaf 310"),
        ("update audit_leaf set leaf_hash = sha256('x') where leaf_index = 7", "leaf 7"),
        ("update audit_tile set hashes = set_byte(hashes, 40, 0) where (level, number) = (0, 0)", "tile 0/000"),
        ("update audit_tile set hashes = set_byte(hashes, 1, 0) where (level, number) = (1, 0)", "tile 0/000"),
        ("update audit_checkpoint set root_hash = sha256('x') where tree_size = 320", "checkpoint of 320 entries"),
        (f"update audit_entry set erasable = null, salt = null where id = {AT} 9)", "entry"),
    ],
)  # fmt: skip
async def test_the_self_check_tells_of_a_break_once_and_of_none_where_there_is_none(
    log: LogInHand, parts: Parts, change: str, named: str
) -> None:
    log.write(320, looked_for="x")
    await log.step()
    checked = [await check_some(parts) for _ in range(2)]
    assert checked == [256, 64] and told(log) == []
    assert log.rows("select next_leaf, completed_at is not null from audit_self_check") == [(0, True)]

    assert log.tamper(change) == 1
    for _ in range(4):
        await check_some(parts)

    first = told(log)
    assert [kind for kind, name in first if f"{kind} {name}".startswith(named)] and len(first) == len(set(first))
    acts = log.rows("select action, operation from audit_entry where action = 'check_log'")
    assert len(acts) in {1, 2} and set(acts) == {("check_log", None)}


async def test_what_is_mended_counts_as_mended_after_the_next_walk(log: LogInHand, parts: Parts) -> None:
    log.write(20)
    await log.step()
    right = log.rows("select leaf_hash from audit_leaf where leaf_index = 7")[0][0]
    log.tamper("update audit_leaf set leaf_hash = sha256('x') where leaf_index = 7")
    await check_some(parts)
    assert log.rows("select count(*) from audit_break where mended_at is null")[0][0] >= 1

    log.tamper("update audit_leaf set leaf_hash = %s where leaf_index = 7", right)
    await check_some(parts)

    assert log.rows("select count(*) from audit_break where mended_at is null") == [(0,)]


def test_a_walk_takes_no_longer_than_the_hours_set() -> None:
    step = step_size(10_000_000, timedelta(seconds=30), 24)
    assert step % 256 == 0 and step * (24 * 3600 / 30) >= 10_000_000
    assert step_size(10, timedelta(0), 24) == 256 and step_size(10**9, timedelta(days=9), 24) == 102_400


async def test_old_checkpoints_are_thinned_to_one_an_hour_and_the_log_stays_whole(log: LogInHand, parts: Parts) -> None:
    for _ in range(6):
        log.write(2)
        await log.step()
    log.tamper("update audit_checkpoint set created_at = created_at - interval '5 days' where id <= 4")

    assert await thin_checkpoints(parts.database, 48) == 3

    assert log.rows("select id from audit_checkpoint order by id") == [(4,), (5,), (6,)]
    believed = await believed_beside(parts.database, log.settings)
    assert (await verify_database(parts.database, None, believed)).whole
    log.tamper("delete from audit_checkpoint where id = 5")
    findings = (await verify_database(parts.database, None, believed)).findings
    assert [found.name for found in findings] == ["5"]


async def test_partitions_are_made_ahead_and_take_what_belongs_into_them(log: LogInHand, parts: Parts) -> None:
    months = "select count(*) from pg_class where relname ~ '^audit_entry_[0-9]{6}$'"
    before = log.rows(months)[0][0]
    assert before == 3 and await make_partitions(parts.database) == 0
    last = log.rows(months.replace("count(*)", "max(relname::text)"))[0][0]
    log.tamper(f"drop table {last}")

    assert await make_partitions(parts.database) == 1

    entry = log.write(3)[0]
    await log.step()
    assert log.rows("select distinct tableoid::regclass::text from audit_entry") == [("audit_entry_first",)]
    plan = " ".join(row[0] for row in log.rows(f"explain select * from audit_entry where id = '{entry.id}'"))
    assert "audit_entry_first" in plan and "audit_entry_other" not in plan and "Append" not in plan


def sequence_for_ever(settings: Settings, stop: Event) -> None:
    """A sequencer in a process of its own."""

    async def go_on() -> None:
        told = asyncio.Event()
        running = asyncio.create_task(Sequencer(settings, nothing_deferred).run(told))
        while not stop.is_set():
            await asyncio.sleep(0.05)
        told.set()
        await running

    asyncio.run(go_on())


async def nothing_deferred(connection: object, wanted: object) -> None:
    """No work is wanted here."""


def signed_by(note: str, key: str) -> bool:
    try:
        return bool(parse_note(note).verified_by([parse_verifier_key(key)]))
    except CheckpointError:
        return False


def test_a_key_is_rotated_and_the_old_one_retired_while_several_sequencers_run(
    log: LogInHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("DATABASE_URL", log.settings.database_url), ("MIGRATION_DATABASE_URL", log.owner_url),
        ("DATA_DIR", str(log.settings.data_dir)), ("LOG_ORIGIN", log.settings.log_origin),
    ):  # fmt: skip
        monkeypatch.setenv(f"CASEFILE_{name}", value)
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    processes = [spawn.Process(target=sequence_for_ever, args=(log.settings, stop)) for _ in range(2)]
    for process in processes:
        process.start()
    try:
        old = newest_note(log, lambda note: True)[1]
        with pytest.raises(WrongState, match="one key"):
            run(keys.app, "retire-log")
        new = run(keys.app, "rotate-log").split()[0]
        both, _ = newest_note(log, lambda note: signed_by(note, new))
        assert signed_by(both, old)
        retire_when_signed_for()
        alone, _ = newest_note(log, lambda note: not signed_by(note, old))
        assert signed_by(alone, new)
    finally:
        stop.set()
        for process in processes:
            process.join(10)
    assert [process.exitcode for process in processes] == [0, 0]
    listed = run(keys.app, "list-log")
    assert new in listed and old in listed
    assert log.rows("select verifier_key from audit_retired_key") == [(old,)]
    newest, retired = asyncio.run(keys_listed(log))
    (last_of_old,) = log.rows("select max(tree_size) from audit_checkpoint where strpos(note, %s) > 0", line_of(old))[0]
    assert (newest["verifier_key"], newest["retired_at"], newest["good_up_to"]) == (new, None, None)
    assert retired["verifier_key"] == old and retired["retired_at"] > newest["first_used_at"]
    assert retired["good_up_to"] >= last_of_old > log.rows("select min(tree_size) from audit_checkpoint")[0][0]
    assert retired["good_up_to"] <= log.rows("select max(tree_size) from audit_checkpoint")[0][0]
    report = asyncio.run(verify(log))
    assert report == []


async def keys_listed(log: LogInHand) -> list[dict[str, Any]]:
    database = Database(log.settings)
    try:
        async with database.connection(WORKER) as connection:
            return await listed_keys(connection)
    finally:
        await database.close()


def line_of(key: str) -> str:
    """How every signature line of a key begins: its name, and its id in base64."""
    known = parse_verifier_key(key)
    return f"— {known.name} {b64encode(known.key_id + bytes(2)).decode()[:5]}"


def retire_when_signed_for() -> None:
    """Retire the old key as an operator does: one sequencer may just be signing with the key that it knew."""
    until = datetime.now(UTC) + timedelta(seconds=60)
    while datetime.now(UTC) < until:
        try:
            run(keys.app, "retire-log")
        except WrongState:
            continue
        return
    raise AssertionError("the new key never signed")


def newest_note(log: LogInHand, is_wanted: Callable[[str], bool]) -> tuple[str, str]:
    """The newest checkpoint once it is as wanted, and the key first listed; entries keep coming meanwhile."""
    until = datetime.now(UTC) + timedelta(seconds=60)
    while datetime.now(UTC) < until:
        log.write(1)
        with psycopg.connect(log.owner_url) as connection:
            row = connection.execute("select note from audit_checkpoint order by id desc limit 1").fetchone()
            key = connection.execute("select verifier_key from audit_log_key order by first_used_at limit 1").fetchone()
        if row and key and is_wanted(row[0]):
            return row[0], key[0]
    raise AssertionError("no such checkpoint came")


async def verify(log: LogInHand) -> list[str]:
    parts = build_parts(log.settings)
    try:
        report = await verify_database(parts.database, None, await believed_beside(parts.database, log.settings))
        return [found.sentence for found in report.findings]
    finally:
        await parts.database.close()
