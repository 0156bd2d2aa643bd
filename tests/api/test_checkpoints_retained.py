"""Checkpoints in the locked bucket: nobody can delete one, and what is newest there is not signed over."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from casefile_api.attachments.storage import StoreRefused
from casefile_api.audit.going_outside import Outside
from casefile_api.audit.recovering import recover
from casefile_api.audit.retaining import RetainedCheckpoints
from casefile_api.database import Database
from casefile_api.errors import DependencyUnavailable
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, open_checkpoint, sign_checkpoint
from casefile_api.ledger.kept_checkpoint import KeptCheckpoint
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.web.assembly import build_parts
from tests.api.test_store_probe import doctor
from tests.databases import DatabaseServer, ScratchDatabase
from tests.logs import LogInHand
from tests.outside.beside import environment_of
from tests.outside.client import Sandbox

WAIT_SECONDS = 30


@pytest.fixture
async def log(
    sandbox: Sandbox, scratch_database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LogInHand:
    """A log of its own on the store of the sandbox, with a bucket of its own."""
    environment = environment_of(sandbox.directory)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    made = LogInHand.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    bucket = f"log-{tmp_path.name.replace('_', '-').lower()[-40:].strip('-')}"
    values = {"s3_endpoint_url": environment["CASEFILE_S3_ENDPOINT_URL"], "log_bucket": bucket, "log_bucket_days": 1}
    made.settings = made.settings.with_values(**values)
    return made


@pytest.fixture
async def retained(log: LogInHand) -> AsyncIterator[RetainedCheckpoints]:
    made = RetainedCheckpoints(log.settings)
    yield made
    made.close()


async def follow(log: LogInHand, retained: RetainedCheckpoints) -> None:
    parts = build_parts(log.settings)
    await Outside(retained).follow(parts)
    await parts.database.close()


async def until_it_grew_or_not(log: LogInHand, retained: RetainedCheckpoints) -> str | None:
    """Let a sequencer that was just started do what it does; the alarm that stands when it has, if any."""
    stop = asyncio.Event()
    running = asyncio.create_task(Sequencer(log.settings, log.defer, None, retained).run(stop))
    async with asyncio.timeout(WAIT_SECONDS):
        while log.rows("select from audit_pending") and not log.rows("select from log_alarm"):
            await asyncio.sleep(0.02)
    stop.set()
    await running
    return next((code for (code,) in log.rows("select code from log_alarm")), None)


async def test_a_retained_checkpoint_cannot_be_deleted_by_those_who_put_it_there(
    log: LogInHand, retained: RetainedCheckpoints
) -> None:
    log.write(5)
    await log.step()
    await follow(log, retained)
    keys = [signer.verifier for signer in await log.signers()]

    assert retained.locked
    store = retained.storage
    (version,) = next(iter(store.pages("list_object_versions", Prefix="checkpoints/")))["Versions"]
    place = {"Key": version["Key"], "VersionId": version["VersionId"]}
    for way in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(StoreRefused):
            store.ask("delete_object", **place, **way)
    # A delete marker, and something newer written over it or beside it, hide nothing.
    store.ask("delete_object", Key=version["Key"])
    store.ask("put_object", Key=version["Key"], Body=b"nothing was ever here")
    store.ask("put_object", Key=version["Key"].rpartition("/")[0] + "/0000000000000000000-9", Body=b"\xff")
    assert await retained.newest(keys[0].name, keys) == log.kept_file.read_text()
    assert await retained.newest("another.example/log", keys) is None


async def test_nothing_is_signed_over_a_fork_when_the_file_went_with_the_database(
    postgresql: DatabaseServer, scratch_database: ScratchDatabase, log: LogInHand, retained: RetainedCheckpoints
) -> None:
    log.write(12)
    await log.step()
    old_file = log.kept_file.read_text()
    with postgresql.backup(scratch_database) as backup:
        log.write(7)
        await log.step()
        await follow(log, retained)
        end = log.kept_file.read_text()
        restored = LogInHand(log.settings.with_values(database_url=backup.service_url), backup.owner_url)
        restored.write(3)
        log.kept_file.unlink()
        assert await until_it_grew_or_not(restored, retained) == "older_than_kept"
        log.kept_file.write_text(old_file)  # the whole machine was put back, the file with it
        assert await until_it_grew_or_not(restored, retained) == "older_than_kept"
        assert restored.rows("select max(tree_size) from audit_checkpoint") == [(12,)]

        owner = Database(restored.settings.with_values(database_url=restored.owner_url))
        successor = await recover(owner, restored.settings, None, retained)
        await owner.close()
        assert successor.closed_size == 19
        assert restored.rows("select note from audit_succession") == [(end,)]


async def test_a_store_that_is_away_holds_up_signing_and_not_events(
    log: LogInHand, retained: RetainedCheckpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        answers = False

        async def newest(self, *asked: object) -> str | None:
            if not self.answers:
                raise DependencyUnavailable("Storage does not answer.")
            return None

    away = Away()
    monkeypatch.setattr("casefile_api.ledger.sequencer.LEARNING_SECONDS", 0.05)
    monkeypatch.setattr("casefile_api.ledger.sequencer.PAUSE_IN_ALARM_SECONDS", 0.05)
    log.write(4)
    stop = asyncio.Event()
    running = asyncio.create_task(Sequencer(log.settings, log.defer, None, away).run(stop))
    async with asyncio.timeout(WAIT_SECONDS):
        while not log.rows("select from log_alarm"):
            await asyncio.sleep(0.02)
        assert log.rows("select code from log_alarm") == [("retained_unread",)]
        away.answers = True
        while log.rows("select from audit_pending") or log.rows("select from log_alarm"):
            await asyncio.sleep(0.02)
    stop.set()
    await running


async def test_what_goes_outside_is_no_checkpoint_of_a_log_in_alarm(
    log: LogInHand, retained: RetainedCheckpoints
) -> None:
    log.write(2)
    await log.step()
    log.tamper("insert into log_alarm values (1, 'older_than_kept', '', now())")
    await follow(log, retained)
    keys = [signer.verifier for signer in await log.signers()]
    assert await retained.newest(keys[0].name, keys) is None


async def test_the_newer_of_file_and_bucket_counts(log: LogInHand, tmp_path: Path) -> None:
    signer = (await log.signers())[0]

    def note(size: int, by: SignerKey = signer) -> str:
        return sign_checkpoint(Checkpoint(by.name, size, bytes(32)), [by])

    kept = KeptCheckpoint(tmp_path / "checkpoint")
    assert kept.newest() is None
    kept.retained = note(5)
    assert kept.newest() == note(5)
    for size, newest in ((4, 5), (5, 5), (6, 6)):
        kept.write(note(size))
        assert open_checkpoint(kept.newest() or "", [signer.verifier]).tree_size == newest
    kept.write("no checkpoint at all")
    assert kept.newest() == "no checkpoint at all"
    kept.write(note(1, SignerKey("successor.example/log", signer.private_key)))
    assert (kept.newest() or "").startswith("successor.example")


def test_the_doctor_says_where_checkpoints_are_and_which_one_counts(sandbox: Sandbox) -> None:
    told = doctor(CASEFILE_DATA_DIR=str(sandbox.directory), CASEFILE_LOG_BUCKET="a-new-bucket")
    assert "none in the bucket a-new-bucket (nobody can delete it)" in told.stdout, told.stdout + told.stderr
    assert told.stdout.strip().endswith("the sequencer compares with the newer one: the file.")
