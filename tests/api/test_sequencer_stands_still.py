"""What the sequencer does not sign: whatever disagrees with what was signed before; it says why, and goes on after."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from casefile_api.database import Database
from casefile_api.ledger import tree
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.ledger.log_state import oldest_waiting_seconds, standing_alarm
from casefile_api.tenancy import AS_WORKER, WORKER
from tests.logs import LogInHand, insert_event, leaves


@pytest.fixture
def log(database_url: str, owner_database_url: str, tmp_path: Path) -> LogInHand:
    return LogInHand.on(database_url, owner_database_url, tmp_path)


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
