"""The sequencer on a real database: every entry gets one leaf, every event one position, and no fork is ever signed."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from casefile_api.identifiers import new_id
from casefile_api.ledger import tree
from casefile_api.ledger.batch import JobWanted
from casefile_api.ledger.checkpoints import open_checkpoint
from casefile_api.ledger.sequencer import Sequencer, connect
from casefile_api.tenancy import AS_WORKER
from casefile_api.worker import run_sequencer
from tests.logs import ORIGIN, LogInHand, an_entry, insert_entry, insert_event, leaves


@pytest.fixture
def log(database_url: str, owner_database_url: str, tmp_path: Path) -> LogInHand:
    return LogInHand.on(database_url, owner_database_url, tmp_path)


def wait_for_leaves(log: LogInHand, count: int) -> None:
    until = time.monotonic() + 60
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
        while not log.rows("select from audit_checkpoint"):  # it has begun
            await asyncio.sleep(0.05)

        told: list[str] = []
        while not told and len(leaves(log)) < 5:  # others may have the processor for a second
            written = len(leaves(log)) + 1
            log.write(1)
            told = [notice.channel async for notice in listener.notifies(timeout=1, stop_after=1)]
            await asyncio.to_thread(wait_for_leaves, log, written)
        count = log.rows("select count(*) from audit_leaf")

    stop.set()
    await running
    assert told == ["casefile_sequenced"]
    assert count == [(written,)]


async def test_the_sequencer_works_by_itself_and_stops_when_told(log: LogInHand) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_sequencer(log.settings.with_values(log_bucket=""), stop))
    log.write(3)
    await asyncio.to_thread(wait_for_leaves, log, 3)
    stop.set()
    await running

    assert len(leaves(log)) == 3


async def test_a_process_that_stops_in_the_moment_of_its_login_leaves_nothing_open(
    log: LogInHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[psycopg.AsyncConnection[Any]] = []

    async def never_answered(self: psycopg.AsyncConnection[Any], *_: object) -> None:
        begun.append(self)
        await asyncio.Event().wait()

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", never_answered)
    connecting = asyncio.create_task(connect(log.settings))
    while not begun:
        await asyncio.sleep(0.01)
    connecting.cancel()
    await asyncio.wait([connecting])

    assert begun[0].closed
