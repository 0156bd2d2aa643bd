"""A restored backup signs nothing; a successor opens, holds the old log's end, and both prove themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import psycopg
import pytest
from typer.testing import CliRunner, Result

from casefile_api.audit.alarming import watch_alarm
from casefile_api.audit.exports import Export
from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.findings import Meaning, Report
from casefile_api.audit.published import published_note
from casefile_api.audit.queries import Place
from casefile_api.audit.recovering import recover
from casefile_api.audit.remit import Remit
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.audit.verifier_keys import listed_keys
from casefile_api.cli import audit
from casefile_api.database import Database
from casefile_api.errors import Invalid, NotFound, WrongState
from casefile_api.ledger.batch import LogReplaced
from casefile_api.ledger.checkpoints import open_checkpoint
from casefile_api.ledger.proofs import newest_checkpoint, prove_inclusion
from casefile_api.ledger.sequencer import Sequencer
from casefile_api.ledger.succession import enter_log, succession_line
from casefile_api.ledger.tree import verify_inclusion
from casefile_api.tenancy import WORKER
from casefile_api.web.assembly import build_parts
from tests.databases import DatabaseServer, ScratchDatabase
from tests.logs import ORIGIN, LogInHand


@pytest.fixture
async def restored(
    postgresql: DatabaseServer, scratch_database: ScratchDatabase, tmp_path: Path
) -> AsyncIterator[LogInHand]:
    """A log whose database was restored from a backup taken seven entries before the newest checkpoint."""
    log = LogInHand.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    log.write(12, looked_for="x")
    await log.step()
    with postgresql.backup(scratch_database) as backup:
        log.write(7)
        await log.step()
        yield LogInHand.on(backup.service_url, backup.owner_url, tmp_path)


async def verified(log: LogInHand) -> Report:
    database = Database(log.settings)
    try:
        return await verify_database(database, None, await believed_beside(database, log.settings))
    finally:
        await database.close()


async def recovered(log: LogInHand, name: str | None = None) -> str:
    owner = Database(log.settings.with_values(database_url=log.owner_url))
    try:
        return (await recover(owner, log.settings, name)).origin
    finally:
        await owner.close()


async def test_nothing_is_signed_over_a_restored_backup_and_it_is_told_once(restored: LogInHand) -> None:
    restored.tamper(
        "insert into organisation (id, kind, name, valid_from, remit)"
        " values ('oversight-x', 'oversight', 'X', '2020-01-01', 'all')"
    )
    restored.write(3)
    kept = restored.kept_file.read_text()

    batch = await restored.step()

    assert batch is not None and batch.alarm is not None and batch.alarm.code == "older_than_kept"
    assert batch.note is None and restored.kept_file.read_text() == kept
    assert restored.rows("select max(tree_size) from audit_checkpoint") == [(12,)]
    parts = build_parts(restored.settings)
    assert [await watch_alarm(parts), await watch_alarm(parts)] == [True, False]
    await parts.database.close()
    told = restored.rows("select organisation, convert_from(body, 'UTF8') from event")
    assert [(who, orjson.loads(body)["data"]["alarm"]) for who, body in told] == [("oversight-x", "older_than_kept")]


async def test_a_successor_goes_on_and_its_first_entry_holds_the_old_logs_end(restored: LogInHand) -> None:
    waiting = restored.write(3)
    await restored.step()
    end = restored.kept_file.read_text()

    origin = await recovered(restored)
    await restored.step()

    assert origin == f"{ORIGIN}/2"
    first = orjson.loads(bytes(restored.rows("select entry from audit_entry join audit_leaf on entry_id = id"
                                             " where leaf_index = 0")[0][0]))  # fmt: skip
    signers = await restored.signers()
    old = open_checkpoint(end, [type(signers[0])(ORIGIN, signer.private_key).verifier for signer in signers])
    assert (first["action"], first["target_id"]) == ("open_successor_log", succession_line(old))
    placed = restored.rows("select entry_id from audit_leaf where leaf_index > 0 order by leaf_index")
    assert {row[0] for row in placed} == {entry.id for entry in waiting}
    assert open_checkpoint(restored.kept_file.read_text(), [signers[0].verifier]).origin == origin
    assert restored.kept_file.with_name("checkpoint.closed-1").read_text() == end
    report = await verified(restored)
    assert report.whole, [found.sentence for found in report.findings]
    assert report.counts["closed logs"] == 1


async def kept_from(log: LogInHand, folder: Path) -> dict[str, Path]:
    """What an auditor keeps of a log and its successor: an export, its checkpoint, the old one's end, both keys."""
    database = Database(log.settings)
    async with database.connection(WORKER) as connection:
        published = await newest_checkpoint(connection)
        keys = {"key": orjson.dumps({"keys": await listed_keys(connection)})}
        await enter_log(connection, 1)
        old = await listed_keys(connection, 1)
        keys["old-key"] = orjson.dumps({"keys": old})
    export = Export(database, WORKER, EntryFilter(), Remit(None), published.tree_size, Place(), None)
    lines = b"".join([chunk async for chunk in export.ndjson()])
    await database.close()
    closed = log.kept_file.with_name("checkpoint.closed-1").read_bytes()
    kept = keys | {"export": lines, "checkpoint": published.note.encode(), "closed": closed}
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    assert [key["good_up_to"] for key in old] == [19]
    return {name: folder / name for name in kept}


async def test_an_export_proves_offline_that_its_log_succeeds_the_one_that_was_closed(
    restored: LogInHand, tmp_path: Path
) -> None:
    restored.write(3)
    await restored.step()
    earlier = restored.rows("select note from audit_checkpoint order by id desc limit 1")[0][0]
    await recovered(restored)
    await restored.step()
    kept = await kept_from(restored, tmp_path)
    (tmp_path / "earlier").write_text(earlier)

    def verify(closed: Path, *keys: str) -> Result:
        given = [word for name in keys for word in ("--public-key", str(kept[name]))]
        words = [str(kept["export"]), "--checkpoint", str(kept["checkpoint"]), "--closed", str(closed), *given]
        return CliRunner().invoke(audit.app, ["verify-export", *words])

    whole = verify(kept["closed"], "key", "old-key")
    assert whole.exit_code == 0 and "1 closed logs" in whole.output, whole.output
    assert "every entry of the log up to the checkpoint" in whole.output
    another_end = verify(tmp_path / "earlier", "key", "old-key")
    assert another_end.exit_code == 1 and "does not hold the checkpoint" in str(another_end.exception)
    keyless = verify(kept["closed"], "key")
    assert keyless.exit_code == 1 and "not signed by a known key" in str(keyless.exception)


async def test_the_closed_logs_proofs_are_served_and_it_never_grows(restored: LogInHand) -> None:
    await restored.step()
    await recovered(restored)
    database = Database(restored.settings)

    async with database.connection(WORKER) as connection:
        await enter_log(connection, 1)
        published = await newest_checkpoint(connection)
        proof = await prove_inclusion(connection, 5, published.tree_size)
        ended = [await published_note(connection, size, 0, 1) for size in (None, 19)]
        assert await published_note(connection, 12, 0, 1) == published.note
        with pytest.raises(NotFound):
            await published_note(connection, 20, 0, 1)
    assert set(ended) == {restored.kept_file.with_name("checkpoint.closed-1").read_text()}
    async with database.connection(WORKER) as connection:
        assert (await newest_checkpoint(connection)).tree_size == 1
        with pytest.raises(Invalid):
            await enter_log(connection, 2)
    await database.close()

    verify_inclusion(proof.leaf_hash, 5, 12, published.root_hash, proof.hashes)
    with psycopg.connect(restored.settings.database_url) as connection:
        for change in ("insert into log_1.audit_leaf values (12, null, '')", "delete from log_1.audit_tile"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(change.encode())


async def test_a_change_in_the_closed_log_and_a_swapped_ending_are_named(restored: LogInHand) -> None:
    await restored.step()
    await recovered(restored)
    restored.tamper("update log_1.audit_leaf set leaf_hash = sha256('x') where leaf_index = 4")
    assert {found.name for found in (await verified(restored)).findings} == {"4"}

    restored.tamper("insert into log_1.audit_log_key values ('x+00000000+AAAA', now())")
    assert {found.name for found in (await verified(restored)).findings} == {"4", "x+00000000+AAAA"}
    restored.tamper("update audit_succession set number = 7")
    assert f"7 ({ORIGIN})" in {found.name for found in (await verified(restored)).findings}
    restored.tamper("update audit_succession set number = 1")

    note = restored.rows("select note from log_1.audit_checkpoint order by id desc limit 1")[0][0]
    restored.tamper("update audit_succession set note = %s", note)
    assert Meaning.HISTORY_REWRITTEN in {found.meaning for found in (await verified(restored)).findings}


async def test_a_log_that_grows_has_no_successor_and_a_second_one_is_numbered(restored: LogInHand) -> None:
    with pytest.raises(WrongState, match="grows as it should"):
        await recovered(restored)
    await restored.step()
    with pytest.raises(WrongState, match="none had before"):
        await recovered(restored, ORIGIN)
    await recovered(restored)
    restored.tamper("insert into log_alarm values (1, 'tiles_disagree', 'x', now())")
    with pytest.raises(WrongState, match="none had before"):
        await recovered(restored, ORIGIN)

    assert await recovered(restored) == f"{ORIGIN}/3"
    await restored.step()
    assert (await verified(restored)).counts["closed logs"] == 2


async def test_a_recovery_that_was_broken_off_before_its_checkpoint_was_kept_is_finished(restored: LogInHand) -> None:
    await restored.step()
    end = restored.kept_file.read_text()
    origin = await recovered(restored)
    published = restored.kept_file.read_text()
    restored.kept_file.write_text(end)
    alarm = await restored.step()
    assert alarm is not None and alarm.alarm is not None

    assert await recovered(restored) == origin
    assert restored.kept_file.read_text() == published


async def test_a_running_sequencer_follows_to_the_successor(restored: LogInHand) -> None:
    await restored.step()
    async with await psycopg.AsyncConnection.connect(restored.settings.database_url, autocommit=True) as connection:
        old = await restored.signers()
        await recovered(restored)
        with pytest.raises(LogReplaced):
            await Sequencer(restored.settings, restored.defer).step(connection, old)
        assert restored.settings.log_origin == ORIGIN  # as the operator set it, and may leave it
        assert [signer.name for signer in await restored.signers()] == [f"{ORIGIN}/2"]
