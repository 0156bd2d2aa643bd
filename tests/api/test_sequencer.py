"""The sequencer on a real database: every entry gets one leaf, every event one position, and no fork is ever signed."""

import asyncio
import shutil
import time
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from casefile_api.database import Database
from casefile_api.errors import Misconfigured
from casefile_api.identifiers import new_id
from casefile_api.ledger import tree
from casefile_api.ledger.batch import JobWanted
from casefile_api.ledger.checkpoints import open_checkpoint
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.ledger.log_state import oldest_waiting_seconds, standing_alarm
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.tenancy import AS_WORKER, WORKER
from casefile_api.worker import run_sequencer
from tests.logs import ORIGIN, LogInHand, an_entry, insert_entry, insert_event


@pytest.fixture
def log(database_url: str, owner_database_url: str, tmp_path: Path) -> LogInHand:
    return LogInHand.on(database_url, owner_database_url, tmp_path)


def leaves(log: LogInHand) -> list[bytes]:
    return [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]


def wait_for_leaves(log: LogInHand, count: int) -> None:
    until = time.monotonic() + 20
    while len(leaves(log)) < count and time.monotonic() < until:
        time.sleep(0.05)


async def test_an_empty_log_gets_a_checkpoint_of_size_zero(log: LogInHand) -> None:
    batch = await log.step()

    assert batch is not None and batch.note is not None
    assert batch.note.split("\n")[:3] == [ORIGIN, "0", b64encode(tree.EMPTY_ROOT).decode()]


async def test_entries_get_leaves_without_gaps_and_a_signed_root_over_them(log: LogInHand) -> None:
    written = log.write(3)
    await log.step()
    written += log.write(300)

    batch = await log.step()

    assert batch is not None and batch.entries == 300 and batch.note is not None
    checkpoint = open_checkpoint(batch.note, [signer.verifier for signer in await log.signers()])
    assert {entry.leaf_hash for entry in written} == set(leaves(log))
    assert log.rows("select min(leaf_index), max(leaf_index), count(*) from audit_leaf") == [(0, 302, 303)]
    assert (checkpoint.tree_size, checkpoint.root_hash) == (303, tree.root_of(leaves(log)))
    assert log.rows("select level, number, octet_length(hashes) from audit_tile order by 1, 2") == [
        (0, 0, 8192), (0, 1, 47 * 32), (1, 0, 32),
    ]  # fmt: skip


async def test_an_entry_committed_late_is_not_skipped(log: LogInHand) -> None:
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as slow:
        late = an_entry()
        insert_entry(slow, late)
        log.write(2)
        await log.step()
        assert late.leaf_hash not in leaves(log)
        slow.commit()

    await log.step()

    assert leaves(log)[2] == late.leaf_hash


async def test_a_batch_with_nothing_waiting_changes_nothing(log: LogInHand) -> None:
    sequencer = Sequencer(log.settings, log.defer)
    log.write(2)
    await log.step(sequencer)

    assert await log.step(sequencer) is None
    assert log.rows("select count(*) from audit_checkpoint") == [(1,)]


async def test_a_killed_batch_leaves_everything_waiting(log: LogInHand) -> None:
    log.write(5)
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        requested = (new_id(), "verify_attachment", "x", datetime.now(UTC))
        connection.execute("insert into job_request values (%s, %s, %s, %s)", requested)

    async def killed(connection: psycopg.AsyncConnection[Any], wanted: Sequence[JobWanted]) -> None:
        await connection.close()

    with pytest.raises(psycopg.OperationalError):
        await log.step(Sequencer(log.settings, killed))
    assert log.rows("select (select count(*) from audit_leaf), (select count(*) from audit_pending)") == [(0, 5)]

    await log.step()
    assert len(leaves(log)) == 5
    assert log.deferred == [JobWanted("verify_attachment", "x")]


async def test_work_that_cannot_become_a_job_waits_and_the_log_grows_on(log: LogInHand) -> None:
    log.write(1)
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        connection.execute("insert into job_request values (%s, 'odd', 'x', now())", [new_id()])

    async def broken(connection: psycopg.AsyncConnection[Any], wanted: Sequence[JobWanted]) -> None:
        raise LookupError("no such job")

    batch = await log.step(Sequencer(log.settings, broken))

    assert batch is not None and batch.job_fault is not None and batch.entries == 1
    assert log.rows("select count(*) from job_request") == [(1,)]


async def test_events_get_positions_without_gaps_and_a_case_in_its_own_order(log: LogInHand) -> None:
    case, now = uuid4(), datetime.now(UTC)
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        second = insert_event(connection, "police-53", case, 2, now)
        first = insert_event(connection, "police-53", case, 1, now + timedelta(milliseconds=3))
        other = insert_event(connection, "cps-south-west", case, 1, now + timedelta(milliseconds=1))
    await log.step()
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        third = insert_event(connection, "police-53", case, 3, now - timedelta(hours=1))
    await log.step()

    rows = log.rows("select position, event_id from event_position order by position")

    assert rows == [(1, first), (2, other), (3, second), (4, third)]


async def test_two_sequencers_at_once_never_number_twice(log: LogInHand) -> None:
    stop = asyncio.Event()
    running = [asyncio.create_task(Sequencer(log.settings, log.defer).run(stop)) for _ in range(2)]
    for _ in range(20):
        await asyncio.to_thread(log.write, 7)
    await asyncio.to_thread(wait_for_leaves, log, 140)
    stop.set()
    await asyncio.gather(*running)

    assert log.rows("select min(leaf_index), max(leaf_index), count(distinct entry_id) from audit_leaf") == [
        (0, 139, 140)
    ]
    note = log.rows("select note from audit_checkpoint order by tree_size desc, id desc limit 1")[0][0]
    assert open_checkpoint(note, [s.verifier for s in await log.signers()]).root_hash == tree.root_of(leaves(log))


async def test_an_entry_is_integrated_well_within_a_second_and_listeners_are_told(log: LogInHand) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Sequencer(log.settings, log.defer).run(stop))
    async with await psycopg.AsyncConnection.connect(log.settings.database_url, autocommit=True) as listener:
        await listener.execute("listen casefile_sequenced")
        await asyncio.sleep(0.5)

        log.write(1)
        told = [notice.channel async for notice in listener.notifies(timeout=1, stop_after=1)]
        count = log.rows("select count(*) from audit_leaf")

    stop.set()
    await running
    assert told == ["casefile_sequenced"]
    assert count == [(1,)]


async def test_the_sequencer_works_by_itself_and_stops_when_told(log: LogInHand) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_sequencer(log.settings.with_values(log_bucket=""), stop))
    log.write(3)
    await asyncio.to_thread(wait_for_leaves, log, 3)
    stop.set()
    await running

    assert len(leaves(log)) == 3


async def test_the_newest_checkpoint_is_kept_outside_the_database(log: LogInHand) -> None:
    log.write(2)
    batch = await log.step()

    assert batch is not None and log.kept_file.read_text() == batch.note


async def test_a_kept_checkpoint_older_than_the_database_is_brought_up_to_date(log: LogInHand) -> None:
    log.write(2)
    await log.step()
    old = log.kept_file.read_text()
    log.write(2)
    await log.step()
    log.kept_file.write_text(old)  # as if killed between commit and writing the file

    batch = await log.step()

    assert batch is not None and batch.alarm is None
    assert log.kept_file.read_text().split("\n")[1] == "4"


async def test_over_a_restored_old_backup_nothing_is_signed(log: LogInHand) -> None:
    log.write(2)
    await log.step()
    log.write(3)
    await log.step()
    log.tamper("delete from audit_leaf where leaf_index >= 2")
    log.tamper("delete from audit_checkpoint where tree_size > 2")
    log.tamper("update audit_tile set hashes = substring(hashes for 64)")
    log.write(4)

    batch = await log.step()

    assert batch is not None and batch.alarm is not None and batch.note is None
    assert batch.alarm.code == "older_than_kept"
    assert log.rows("select max(tree_size) from audit_checkpoint") == [(2,)]
    assert log.rows("select code from log_alarm") == [("older_than_kept",)]
    assert len(leaves(log)) == 2


async def test_over_a_rewritten_tree_nothing_is_signed(log: LogInHand) -> None:
    log.write(5)
    await log.step()
    fork = [tree.leaf_hash(b"forged"), *leaves(log)[1:]]
    log.tamper("update audit_leaf set leaf_hash = %s where leaf_index = 0", fork[0])
    log.tamper("update audit_tile set hashes = %s", b"".join(fork))
    log.tamper("update audit_checkpoint set root_hash = %s, note = 'x' where tree_size = 5", tree.root_of(fork))
    log.write(1)

    batch = await log.step()

    assert batch is not None and batch.alarm is not None and batch.alarm.code == "differs_from_kept"
    assert len(leaves(log)) == 5


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("update audit_tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1)", "tiles_disagree"),
        ("delete from audit_tile", "tiles_disagree"),
        ("delete from audit_leaf where leaf_index = 4", "leaves_disagree"),
        ("delete from audit_checkpoint", "no_checkpoint"),
    ],
)
async def test_over_a_damaged_database_nothing_is_signed_and_events_go_on(
    log: LogInHand, damage: str, code: str
) -> None:
    log.write(5)
    await log.step()
    log.tamper(damage)
    log.write(1)
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        insert_event(connection, "police-53", uuid4(), 1, datetime.now(UTC))

    batch = await log.step()

    assert batch is not None and batch.alarm is not None
    assert (batch.alarm.code, batch.entries, batch.events) == (code, 0, 1)


async def test_the_alarm_ends_when_the_right_data_is_back(log: LogInHand) -> None:
    log.write(3)
    await log.step()
    hashes = log.rows("select hashes from audit_tile")[0][0]
    log.tamper("update audit_tile set hashes = substring(hashes for 32)")
    await log.step()
    log.tamper("update audit_tile set hashes = %s", hashes)

    batch = await log.step()

    assert batch is not None and batch.alarm is None
    assert log.rows("select code from log_alarm") == []


async def test_how_long_entries_wait_and_why_the_log_stands_still_can_be_asked(log: LogInHand) -> None:
    database = Database(log.settings)
    async with database.connection(WORKER) as connection:
        assert (await oldest_waiting_seconds(connection), await standing_alarm(connection)) == (0.0, None)
    log.write(3)
    await log.step()
    log.tamper("delete from audit_tile")
    log.write(1)
    await log.step()

    async with database.connection(WORKER) as connection:
        waiting, alarm = await oldest_waiting_seconds(connection), await standing_alarm(connection)

    await database.close()
    assert waiting > 0
    assert alarm is not None and "tiles do not lead to the root" in alarm


async def test_a_disk_that_is_full_does_not_stop_the_log(log: LogInHand, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write(1)
    await log.step()
    old = log.kept_file.read_text()

    def full(kept: KeptCheckpoint, note: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(KeptCheckpoint, "write", full)
    log.write(1)
    batch = await log.step()

    assert batch is not None and batch.entries == 1
    assert log.kept_file.read_text() == old


async def test_a_kept_checkpoint_that_somebody_else_signed_stops_the_log(log: LogInHand) -> None:
    log.write(1)
    await log.step()
    log.kept_file.write_text(log.kept_file.read_text().replace("\n1\n", "\n0\n"))

    batch = await log.step()

    assert batch is not None and batch.alarm is not None and batch.alarm.code == "kept_unreadable"


def pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_a_key_is_replaced_by_signing_with_both_for_a_time(log: LogInHand) -> None:
    log.write(1)
    await log.step()
    key_file = log.settings.data_dir / "log" / "key.pem"
    old = (await log.signers())[0].verifier
    key_file.write_text(pem(Ed25519PrivateKey.generate()) + key_file.read_text())

    batch = await log.step()

    new = (await log.signers())[0].verifier
    assert batch is not None and batch.note is not None and new != old
    for key in (old, new):
        assert open_checkpoint(batch.note, [key]).tree_size == 1
    assert {row[0] for row in log.rows("select verifier_key from audit_log_key")} == {old.text(), new.text()}


async def test_a_key_that_no_reader_could_follow_is_refused(log: LogInHand) -> None:
    await log.step()
    (log.settings.data_dir / "log" / "key.pem").write_text(pem(Ed25519PrivateKey.generate()))

    with pytest.raises(Misconfigured, match="put the old one back"):
        await log.step()


async def test_another_origin_than_the_logs_own_is_refused_and_none_is_taken_from_the_data(log: LogInHand) -> None:
    await log.step()

    with pytest.raises(Misconfigured, match=f"set it to {ORIGIN}"):
        await LogInHand(log.settings.with_values(log_origin="other.example/log"), "").step()
    unset = LogInHand(log.settings.with_values(log_origin=""), "")
    assert (await unset.signers())[0].name == ORIGIN


async def test_keys_that_cannot_sign_are_refused_in_one_sentence(log: LogInHand, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    for file, words in ((bad, "must hold"), (tmp_path / "none.pem", "cannot be read")):
        with pytest.raises(Misconfigured, match=words):
            await LogInHand(log.settings.with_values(log_key_file=file), "").step()


async def test_the_signing_key_is_for_the_owners_eyes_only(log: LogInHand) -> None:
    await log.step()

    assert (log.settings.data_dir / "log" / "key.pem").stat().st_mode & 0o077 == 0
    shutil.rmtree(log.settings.data_dir / "log")
    with pytest.raises(Misconfigured):
        await log.step()
