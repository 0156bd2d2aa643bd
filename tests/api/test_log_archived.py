"""A past month of entries goes into a folder that proves itself, every proof stays good, and it comes back whole."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casefile_api.audit import archiving
from casefile_api.audit.archiving import Archive, attach, detach
from casefile_api.audit.filters import EntryFilter
from casefile_api.audit.queries import Place, list_entries
from casefile_api.audit.remit import Remit
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.cli import audit
from casefile_api.database import Database
from casefile_api.errors import NotFound, WrongState
from casefile_api.ledger.proofs import newest_checkpoint, prove_inclusion
from casefile_api.ledger.tree import verify_inclusion
from tests.commands import run
from tests.databases import ScratchDatabase
from tests.logs import LogInHand


class OldLog(LogInHand):
    """A log of 600 entries that are of a month that is over."""

    owner: Database

    async def findings(self) -> list[str]:
        report = await verify_database(self.owner, None, await believed_beside(self.owner, self.settings))
        return [found.sentence for found in report.findings]


@pytest.fixture
async def log(
    scratch_database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OldLog]:
    log = OldLog.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    log.write(600, looked_for="x")
    await log.step()
    log.owner = Database(log.settings.with_values(database_url=log.owner_url))
    monkeypatch.setattr(archiving, "real_now", lambda: datetime.now(UTC) + timedelta(days=40))
    yield log
    await log.owner.close()


async def test_a_detached_month_proves_itself_and_the_log_proves_itself_without_it(log: OldLog, tmp_path: Path) -> None:
    before = log.rows("select * from audit_entry order by id")
    archive = Archive(tmp_path / "old")

    assert await detach(log.owner, "first", archive) == 600
    await log.step()

    said = run(
        audit.app, "verify-export", archive.entries, "--checkpoint", archive.checkpoint, "--public-key", archive.keys
    )
    assert "every entry of the log up to the checkpoint" in said
    assert log.rows("select count(*) from audit_entry") == [(1,)]
    assert log.rows("select leaf_index from audit_search") == [(600,)], "what the entries said is left behind"
    assert await log.findings() == []
    async with log.owner.connection() as connection:
        published = await newest_checkpoint(connection)
        proof = await prove_inclusion(connection, 5, published.tree_size)
        rows = await list_entries(connection, EntryFilter(), Remit(None), Place(), 10)
        none = await list_entries(connection, EntryFilter(action="get_case_file"), Remit(None), Place(), 10)
    verify_inclusion(proof.leaf_hash, 5, published.tree_size, published.root_hash, proof.hashes)
    assert [(row.leaf_index, row.entry, row.state) for row in rows] == [(at, None, "detached") for at in range(10)]
    assert none == []

    assert await attach(log.owner, archive) == 600
    await log.step()

    acts = "('detach_log_period', 'attach_log_period')"
    assert log.rows(f"select * from audit_entry where action not in {acts} order by id") == before
    assert log.rows("select count(*) from audit_search") == log.rows("select count(*) from audit_leaf")
    assert await log.findings() == []


async def test_an_entry_taken_out_beside_a_detached_month_is_named(log: OldLog, tmp_path: Path) -> None:
    await detach(log.owner, "first", Archive(tmp_path / "old"))
    await log.step()
    log.write(2)
    await log.step()
    log.tamper("delete from audit_entry where action = 'get_case_file'")
    assert len(await log.findings()) == 2
    log.tamper("update audit_detached set leaves = leaves + '{[601,603)}'")
    assert any("no entry of the log says that it was detached" in found for found in await log.findings())


@pytest.mark.parametrize("change", [(b'"allowed"', b'"refused"'), (b'"owner":"police-53"', b'"owner":"police-53"')])
async def test_an_altered_or_shortened_archive_does_not_come_back(
    log: OldLog, tmp_path: Path, change: tuple[bytes, bytes]
) -> None:
    archive = Archive(tmp_path / "old")
    await detach(log.owner, "first", archive)
    lines = archive.entries.read_bytes().splitlines(keepends=True)
    lines[7] = lines[7].replace(*change)
    kept = lines if change[0] != change[1] else lines[:-1]
    archive.entries.write_bytes(b"".join(kept))

    with pytest.raises(WrongState):
        await attach(log.owner, archive)
    assert log.rows("select count(*) from audit_entry where action = 'get_case_file'") == [(0,)]


async def test_a_month_that_is_not_over_waits_or_is_unknown_stays(
    log: OldLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unknown in ("190001", "first; drop table x", "other"):
        with pytest.raises(NotFound):
            await detach(log.owner, unknown, Archive(tmp_path / "none"))
    log.write(1)
    with pytest.raises(WrongState, match="no place"):
        await detach(log.owner, "first", Archive(tmp_path / "waiting"))
    await log.step()
    monkeypatch.setattr(archiving, "real_now", lambda: datetime.now(UTC))
    with pytest.raises(WrongState, match="not over"):
        await detach(log.owner, "first", Archive(tmp_path / "early"))
    with pytest.raises(NotFound, match=r"no entries of the period"):
        await detach(log.owner, "203001", Archive(tmp_path / "far"))
