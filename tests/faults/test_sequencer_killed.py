"""The sequencer killed at any moment: no entry is lost, none is numbered twice, and the tree goes on where it was."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from casefile_api.audit.findings import Report
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.database import Database
from tests.logs import ORIGIN, LogInHand

RUN = """
import asyncio
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.settings import Settings

async def nothing(connection, wanted):
    pass

asyncio.run(Sequencer(Settings(), nothing).run(asyncio.Event()))
"""


def start(log: LogInHand) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CASEFILE_DATABASE_URL": log.settings.database_url,
        "CASEFILE_DATA_DIR": str(log.settings.data_dir),
        "CASEFILE_LOG_ORIGIN": ORIGIN,
    }
    return subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=subprocess.DEVNULL)


def leaves(log: LogInHand) -> int:
    count: int = log.rows("select count(*) from audit_leaf")[0][0]
    return count


def kill_in_the_midst(log: LogInHand, pause_seconds: float) -> int:
    """Start it, see it work, and kill it at some moment of a large batch; how many entries were written."""
    running, before, written = start(log), leaves(log), len(log.write(7))
    until = time.monotonic() + 60
    while leaves(log) == before and time.monotonic() < until:
        time.sleep(0.02)
    written += len(log.write(300))
    time.sleep(pause_seconds)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return written


async def drain_and_verify(log: LogInHand) -> Report:
    while (batch := await log.step()) is not None and batch.entries:
        pass
    database = Database(log.settings)
    try:
        return await verify_database(database, None, await believed_beside(database, log.settings))
    finally:
        await database.close()


def test_killed_again_and_again_every_entry_gets_one_leaf_and_the_log_is_whole(
    database_url: str, owner_database_url: str, tmp_path: Path
) -> None:
    log = LogInHand.on(database_url, owner_database_url, tmp_path)

    written = sum(kill_in_the_midst(log, pause) for pause in (0.0, 0.01, 0.02, 0.03, 0.05, 0.08))

    report = asyncio.run(drain_and_verify(log))
    assert report.findings == []
    assert report.counts["entries"] == leaves(log) == written
