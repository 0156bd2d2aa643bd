"""Checkpoints stamped by an authority that is not ours: kept, served, verified, and refused where they are not good."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casefile_api.audit.findings import Report
from casefile_api.audit.going_outside import Outside
from casefile_api.audit.stamping import NotStamped, kept_answer, stamp
from casefile_api.audit.time_stamps import BadTimeStamp, Question, read_roots, verify_time_stamp
from casefile_api.audit.verification import believed_beside, verify_database
from casefile_api.cli.audit_verification import TimeStamped
from casefile_api.database import Database
from casefile_api.errors import Misconfigured, NotFound
from casefile_api.ledger.checkpoints import Checkpoint, sign_checkpoint
from casefile_api.tenancy import WORKER
from casefile_api.web.assembly import build_parts
from tests.databases import ScratchDatabase
from tests.logs import LogInHand
from tests.outside.time_stamper import TimeStamper, time_stamper

WHY = {
    "of an earlier question": "Nonce mismatch",
    "of another checkpoint": "Nonce mismatch",
    "by nobody known": "Unable to verify",
    "no answer": "ASN.1",
    "too long": "too long",
}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TimeStamper, TimeStamper]]:
    folder = tmp_path_factory.mktemp("authorities")
    with time_stamper(folder / "one") as one, time_stamper(folder / "other") as other:
        yield one, other


@pytest.fixture
def authority(authorities: tuple[TimeStamper, TimeStamper]) -> Iterator[TimeStamper]:
    one = authorities[0]
    yield one
    one.instead, one.status = None, 200


@pytest.fixture
async def log(scratch_database: ScratchDatabase, tmp_path: Path, authority: TimeStamper) -> LogInHand:
    made = LogInHand.on(scratch_database.service_url, scratch_database.owner_url, tmp_path)
    made.settings = made.settings.with_values(tsa_url=authority.url, tsa_ca_file=authority.roots)
    made.write(5)
    await made.step()
    return made


@pytest.fixture
async def database(log: LogInHand) -> AsyncIterator[Database]:
    opened = Database(log.settings)
    yield opened
    await opened.close()


async def test_a_stamp_is_kept_served_and_verified_and_not_asked_for_twice(
    log: LogInHand, database: Database, authority: TimeStamper, tmp_path: Path
) -> None:
    before, outside, parts = len(authority.asked), Outside(None), build_parts(log.settings)
    await outside.follow(parts)
    await outside.follow(parts)
    await parts.database.close()

    assert len(authority.asked) == before + 1
    note = log.kept_file.read_text()
    async with database.connection(WORKER) as connection:
        answer = await kept_answer(connection, None)
        assert await kept_answer(connection, 5) == answer
        with pytest.raises(NotFound):
            await kept_answer(connection, 4)
    seen = verify_time_stamp(answer, note, read_roots(authority.roots))
    assert abs(datetime.now(UTC) - seen) < timedelta(minutes=5)

    report = await verify_database(database, None, await believed_beside(database, log.settings))
    assert report.whole and report.counts["time-stamps"] == 1, [found.sentence for found in report.findings]

    (tmp_path / "answer").write_bytes(answer)
    offline = Report()
    TimeStamped(tmp_path / "answer", authority.roots).tell(offline, note)
    assert offline.whole and "existed at" in offline.notes[0]
    TimeStamped(tmp_path / "answer", authority.roots).tell(offline, note.replace("\n5\n", "\n4\n"))
    assert [found.kind for found in offline.findings] == ["time-stamp"]


async def test_history_rewritten_below_a_stamp_is_named(log: LogInHand, database: Database) -> None:
    parts = build_parts(log.settings)
    await Outside(None).follow(parts)
    await parts.database.close()
    log.tamper("update audit_time_stamp set answer = set_byte(answer, 400, get_byte(answer, 400) # 1)")
    report = await verify_database(database, None, await believed_beside(database, log.settings))
    assert [found.kind for found in report.findings] == ["time-stamp"]


async def test_no_other_answer_is_believed_and_no_checkpoint_is_lost(
    log: LogInHand, database: Database, authority: TimeStamper, authorities: tuple[TimeStamper, TimeStamper]
) -> None:
    note = log.kept_file.read_text()
    (signer,) = await log.signers()
    another = sign_checkpoint(Checkpoint(signer.name, 5, bytes(32)), [signer])
    wrong = {
        "of an earlier question": authority.answer(Question.about(note).body),
        "of another checkpoint": authority.answer(Question.about(another).body),
        "by nobody known": authorities[1].answer(Question.about(note).body),
        "no answer": b"nothing",
        "too long": bytes(65 * 1024),
    }
    parts, outside = build_parts(log.settings), Outside(None)
    for what, answer in wrong.items():
        authority.instead = answer
        with pytest.raises(NotStamped, match=WHY[what]):
            await stamp(database, log.settings, 5, note)
        await outside.follow(parts)
        assert log.rows("select from audit_time_stamp") == [], what
    authority.instead, authority.status = None, 500
    with pytest.raises(NotStamped):
        await stamp(database, log.settings, 5, note)
    authority.status = 200
    roots = read_roots(authority.roots)
    for what, why in (("of another checkpoint", "Mismatch between messages"), ("by nobody known", "Unable to verify")):
        with pytest.raises(BadTimeStamp, match=why):
            verify_time_stamp(wrong[what], note, roots)

    log.write(2)
    await log.step()
    await outside.follow(parts)
    assert log.rows("select tree_size from audit_time_stamp") == [(7,)]
    away = log.settings.with_values(tsa_url="http://127.0.0.1:1/")
    with pytest.raises(NotStamped):
        await stamp(database, away, 7, note)
    with pytest.raises(Misconfigured):
        await stamp(database, log.settings.with_values(tsa_ca_file=None), 7, note)
    await parts.database.close()
