"""Whatever is altered, removed, put in or moved in the database, the verification finds it and names it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from casefile_api.audit.findings import Meaning, Report
from casefile_api.audit.verification import Believed, believed_beside, verify_database
from casefile_api.canonical import canonical_json
from casefile_api.case_files.versions import seal_version
from casefile_api.database import Database
from casefile_api.identifiers import new_id
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, sign_checkpoint
from casefile_api.ledger.entries import compose
from casefile_api.ledger.trail import Trail
from casefile_api.vault import Vault
from tests.databases import DatabaseServer
from tests.logs import ORIGIN, LogInHand, an_entry, insert_entry

VAULT = Vault(b"v" * 32)
ENTRIES = 300


class VerifiedLog(LogInHand):
    """A log of 300 entries in three checkpoints, and a case file of three versions."""

    case: UUID
    database: Database

    async def verify(self) -> Report:
        believed = await believed_beside(self.database, self.settings)
        return await verify_database(self.database, VAULT, believed)

    async def named(self) -> set[str]:
        """What the verification finds wrong: kinds and names."""
        return {f"{found.kind} {found.name}" for found in (await self.verify()).findings}

    def entry_at(self, leaf: int) -> UUID:
        found: UUID = self.rows("select entry_id from audit_leaf where leaf_index = %s", leaf)[0][0]
        return found


TABLES = (
    "audit_erasure", "audit_entry", "audit_pending", "audit_leaf", "audit_tile", "audit_checkpoint", "audit_log_key",
    "log_alarm", "case_file", "case_file_version",
)  # fmt: skip


@pytest.fixture(scope="module")
def written(postgresql: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifiedLog]:
    """The log, written once, with a copy of every table beside it."""
    with postgresql.scratch() as scratch:
        log = VerifiedLog.on(scratch.service_url, scratch.owner_url, tmp_path_factory.mktemp("written"))

        async def write() -> UUID:
            log.database = Database(log.settings)
            case = await a_case_of_three_versions(log)
            for count in (ENTRIES - 60 - 3, 59, 1):
                log.write(count, looked_for="something")
                await log.step()
            await log.database.close()
            return case

        log.case = asyncio.run(write())
        log.tamper("create schema kept")
        for table in TABLES:
            log.tamper(f"create table kept.{table} as table {table}")
        yield log


@pytest.fixture
async def log(written: VerifiedLog) -> AsyncIterator[VerifiedLog]:
    """The log as it was written; whatever a test does to it is undone."""
    written.database = Database(written.settings)
    yield written
    await written.database.close()
    with psycopg.connect(written.owner_url) as connection:
        connection.execute(f"truncate {', '.join(TABLES)} cascade".encode())
        for table in TABLES:
            connection.execute(f"insert into {table} table kept.{table}".encode())


async def a_case_of_three_versions(log: VerifiedLog) -> UUID:
    """A case file as the service keeps it, with the entries that say so."""
    case, parent = new_id(), None
    async with log.database.session() as session:
        await session.execute(
            text(
                "insert into case_file (id, urn, organisation, police_unit, cps_unit, crime_references, newest_number,"
                " named_staff) values (:id, '53BH0012326', 'police-53', 'u', 'c', '{}', 3, '{}')"
            ),
            {"id": case},
        )
        await VAULT.create_key(session, case)
        for number in (1, 2, 3):
            version = seal_version(case, {"summary": f"as of {number}"}, [], number=number, parent_digest=parent)
            place = f"case_file_version.body:{case}:{number}"
            values = {"case": case, "number": number, "digest": version.digest, "parent": parent, "salt": version.salt}
            values["body"] = await VAULT.seal(session, case, version.body, place)
            await session.execute(
                text(
                    "insert into case_file_version values (:case, :number, :digest, :parent, :salt, :body, '', '[]',"
                    " '[]', '{}', now(), 'rasso', '{}')"
                ),
                values,
            )
            parent = version.digest
        await session.commit()
    write_version_entries(log, case)
    return case


def write_version_entries(log: VerifiedLog, case: UUID) -> None:
    with psycopg.connect(log.settings.database_url) as connection:
        for number in (1, 2, 3):
            trail = Trail("open_case_file" if number == 1 else "add_version")
            trail.about("case_file", case, version=number, case_file_id=case, owner="police-53")
            insert_entry(connection, compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC)))


async def test_an_untouched_log_is_whole_and_everything_was_looked_at(log: VerifiedLog) -> None:
    report = await log.verify()

    assert report.findings == []
    assert report.counts == {
        "entries": 300, "tiles": 3, "checkpoints": 3, "checkpoints kept outside": 1, "versions": 3,
    }  # fmt: skip
    leaves = [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]
    assert report.root_hash == tree.root_of(leaves).hex()


async def test_entries_that_wait_are_not_wrong(log: VerifiedLog) -> None:
    log.write(4)

    report = await log.verify()

    assert report.whole and report.counts["entries waiting"] == 4


@pytest.mark.parametrize("leaf", [0, 41, 255, 256, 299])
async def test_a_changed_byte_of_an_entry_is_found_and_named(log: VerifiedLog, leaf: int) -> None:
    entry = log.entry_at(leaf)
    log.tamper("update audit_entry set entry = set_byte(entry, 90, get_byte(entry, 90) # 1) where id = %s", entry)

    assert await log.named() == {f"entry {entry}"}


async def test_an_entry_rewritten_with_its_own_hash_is_found_and_named(log: VerifiedLog) -> None:
    entry, forged = log.entry_at(41), an_entry("delete_attachment")
    log.tamper(
        "update audit_entry set entry = %s, leaf_hash = %s where id = %s", forged.canonical, forged.leaf_hash, entry
    )

    assert f"entry {entry}" in await log.named()


async def test_an_entry_rewritten_with_its_leaf_too_is_found_and_named(log: VerifiedLog) -> None:
    entry, forged = log.entry_at(41), an_entry()
    log.tamper(
        "update audit_entry set entry = %s, leaf_hash = %s where id = %s", forged.canonical, forged.leaf_hash, entry
    )
    log.tamper("update audit_leaf set leaf_hash = %s where leaf_index = 41", forged.leaf_hash)

    named = await log.named()

    assert "leaf 41" in named and not any(name.startswith(("tile", "checkpoint")) for name in named)


@pytest.mark.parametrize(
    ("column", "value"),
    [("staff_id", "'x'"), ("organisation", "'police-52'"), ("action", "'x'"), ("outcome", "'refused'"),
     ("occurred_at", "now()"), ("client_id", "'x'"), ("operation", "null"), ("case_file_id", "gen_random_uuid()")],
)  # fmt: skip
async def test_a_column_that_differs_from_the_hashed_entry_is_named(log: VerifiedLog, column: str, value: str) -> None:
    entry = log.entry_at(200)
    log.tamper(f"update audit_entry set {column} = {value} where id = %s", entry)

    findings = (await log.verify()).findings

    assert [(found.name, column in found.wrong) for found in findings] == [(str(entry), True)]


async def test_free_text_that_was_changed_or_taken_out_by_hand_is_named(log: VerifiedLog) -> None:
    changed, erased = log.entry_at(50), log.entry_at(51)
    log.tamper('update audit_entry set erasable = \'{"details":1,"justification_text":null}\' where id = %s', changed)
    log.tamper("update audit_entry set erasable = null, salt = null where id = %s", erased)

    report = await log.verify()

    assert [found.name for found in report.findings] == [str(changed), str(erased)]
    assert report.findings[1].meaning is Meaning.TEXT_REMOVED


async def test_an_entry_that_is_gone_under_a_claim_that_no_entry_vouches_for_is_named(log: VerifiedLog) -> None:
    gone = log.entry_at(60)
    log.tamper("delete from audit_entry where id = %s", gone)
    act = log.rows("select entry from audit_entry where id = %s", log.entry_at(61))[0][0]
    log.tamper(
        "insert into audit_erasure values (gen_random_uuid(), 'entries', 'retention', null, '{[60,61)}', 'sha256:',"
        " 'operator', 'OP-01', now(), 'operator', 'OP-02', now(), %s)",
        act,
    )

    meanings = {found.meaning for found in (await log.verify()).findings}

    assert {Meaning.ENTRY_GONE_UNVOUCHED, Meaning.ENTRY_REMOVED} <= meanings


async def test_a_case_whose_key_was_taken_out_by_hand_is_named(log: VerifiedLog) -> None:
    keys = log.rows("select case_file_id, wrapped_key from case_key")
    log.tamper("delete from case_key")
    try:
        assert {f"version {number} of case file {log.case}" for number in (1, 2, 3)} <= await named_afresh(log)
    finally:
        log.tamper("insert into case_key values (%s, %s)", *keys[0])


async def named_afresh(log: VerifiedLog) -> set[str]:
    """What a verification finds that knows no key from before."""
    believed = await believed_beside(log.database, log.settings)
    report = await verify_database(log.database, Vault(b"v" * 32), believed)
    return {f"{found.kind} {found.name}" for found in report.findings}


async def test_an_entry_under_another_force_than_its_case_is_named(log: VerifiedLog) -> None:
    entry = log.rows("select id from audit_entry where action = 'open_case_file'")[0][0]
    log.tamper("update audit_entry set owner = 'police-52' where id = %s", entry)

    assert await log.named() == {f"entry {entry}"}


@pytest.mark.parametrize("leaf", [0, 100, 255, 298])
async def test_a_removed_leaf_is_named(log: VerifiedLog, leaf: int) -> None:
    entry = log.entry_at(leaf)
    log.tamper("delete from audit_leaf where leaf_index = %s", leaf)

    assert await log.named() == {f"leaf {leaf}", f"entry {entry}"}


async def test_a_removed_entry_is_named(log: VerifiedLog) -> None:
    entry = log.entry_at(77)
    log.tamper("delete from audit_entry where id = %s", entry)

    assert await log.named() == {f"entry {entry}"}


@pytest.mark.parametrize(("one", "other"), [(3, 4), (10, 280), (255, 256), (298, 299)])
async def test_leaves_that_changed_places_are_named(log: VerifiedLog, one: int, other: int) -> None:
    log.tamper("update audit_leaf set leaf_index = -1 where leaf_index = %s", one)
    log.tamper("update audit_leaf set leaf_index = %s where leaf_index = %s", one, other)
    log.tamper("update audit_leaf set leaf_index = %s where leaf_index = -1", other)

    assert await log.named() == {f"leaf {one}", f"leaf {other}"}


async def test_a_leaf_with_another_hash_is_named(log: VerifiedLog) -> None:
    log.tamper("update audit_leaf set leaf_hash = sha256('x') where leaf_index = 12")

    assert await log.named() == {"leaf 12"}


async def test_an_entry_put_in_by_hand_is_named(log: VerifiedLog) -> None:
    entry = log.write(1)[0]
    log.tamper("delete from audit_pending")

    assert await log.named() == {f"entry {entry.id}"}


async def test_a_leaf_put_on_the_end_by_hand_is_named(log: VerifiedLog) -> None:
    entry = log.write(1)[0]
    log.tamper("delete from audit_pending")
    log.tamper("insert into audit_leaf values (300, %s, %s)", entry.id, entry.leaf_hash)

    assert await log.named() == {"leaf 300"}


@pytest.mark.parametrize(
    ("tile", "level", "number", "byte"), [("0/000", 0, 0, 40), ("0/001", 0, 1, 0), ("1/000", 1, 0, 5)]
)
async def test_a_changed_byte_of_a_tile_is_named(
    log: VerifiedLog, tile: str, level: int, number: int, byte: int
) -> None:
    change = "update audit_tile set hashes = set_byte(hashes, %s, get_byte(hashes, %s) # 255)"
    log.tamper(f"{change} where (level, number) = (%s, %s)", byte, byte, level, number)

    assert await log.named() == {f"tile {tile}"}


@pytest.mark.parametrize(("tile", "level", "number"), [("0/000", 0, 0), ("0/001", 0, 1), ("1/000", 1, 0)])
async def test_a_removed_a_shortened_and_an_added_tile_are_named(
    log: VerifiedLog, tile: str, level: int, number: int
) -> None:
    log.tamper("insert into audit_tile values (3, 0, sha256('x'))")
    log.tamper("delete from audit_tile where (level, number) = (%s, %s)", level, number)

    assert await log.named() == {f"tile {tile}", "tile 3/000"}


async def test_tiles_that_changed_places_are_named(log: VerifiedLog) -> None:
    log.tamper("update audit_tile set level = 9 where level = 1")
    log.tamper("update audit_tile set level = 1 where (level, number) = (0, 1)")
    log.tamper("update audit_tile set number = 1 where (level, number) = (0, 0)")

    assert {"tile 0/000", "tile 0/001", "tile 9/000"} <= await log.named()


CHECKPOINT = "(of 240 entries)"


@pytest.mark.parametrize(
    "damage",
    [
        "update audit_checkpoint set root_hash = sha256('x') where id = 1",
        "update audit_checkpoint set note = replace(note, E'\\n240\\n', E'\\n239\\n') where id = 1",
        "update audit_checkpoint set note = overlay(note placing 'AAAA' from length(note) - 20) where id = 1",
        "update audit_checkpoint set note = 'x' where id = 1",
        "update audit_checkpoint set note = (select note from audit_checkpoint where id = 2) where id = 1",
    ],
)
async def test_an_altered_checkpoint_is_named(log: VerifiedLog, damage: str) -> None:
    log.tamper(damage)

    assert await log.named() == {f"checkpoint 1 {CHECKPOINT}"}


async def test_removed_and_moved_checkpoints_are_named(log: VerifiedLog) -> None:
    log.tamper("delete from audit_checkpoint where id = 2")
    assert await log.named() == {"checkpoint 2"}

    log.tamper("update audit_checkpoint set id = 2 where id = 1")
    assert await log.named() == {"checkpoint 1"}


async def test_the_newest_checkpoint_removed_leaves_entries_that_nothing_signs(log: VerifiedLog) -> None:
    log.tamper("delete from audit_checkpoint where id = 3")

    named = await log.named()

    assert {f"checkpoint file {log.kept_file}", "leaf 299"} <= named


async def rewritten(log: VerifiedLog, key: SignerKey) -> None:
    """Whoever has the whole database and not the key: an entry rewritten, and every hash after it made to fit."""
    identifier = log.entry_at(41)
    fields = json.loads(log.rows("select entry from audit_entry where id = %s", identifier)[0][0])
    forged = canonical_json({**fields, "action": "get_version"})
    leaf = tree.leaf_hash(forged)
    forge = "update audit_entry set entry = %s, leaf_hash = %s, action = 'get_version' where id = %s"
    log.tamper(forge, forged, leaf, identifier)
    log.tamper("update audit_leaf set leaf_hash = %s where leaf_index = 41", leaf)
    leaves = [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]
    for tile, hashes in tiles.append(0, {}, leaves).items():
        log.tamper("update audit_tile set hashes = %s where (level, number) = (%s, %s)", hashes, *tile)
    for number, size in ((1, 240), (2, 299), (3, 300)):
        root = tree.root_of(leaves[:size])
        note = sign_checkpoint(Checkpoint(ORIGIN, size, root), [key])
        log.tamper("update audit_checkpoint set root_hash = %s, note = %s where id = %s", root, note, number)


async def test_a_history_rewritten_without_the_key_is_caught_by_the_key(log: VerifiedLog) -> None:
    await rewritten(log, SignerKey(ORIGIN, Ed25519PrivateKey.generate()))

    assert {f"checkpoint 1 {CHECKPOINT}", "checkpoint 3 (of 300 entries)"} <= await log.named()


async def test_a_history_rewritten_under_a_key_that_was_listed_too_is_caught(log: VerifiedLog) -> None:
    key = SignerKey(ORIGIN, Ed25519PrivateKey.generate())
    log.tamper("insert into audit_log_key values (%s, now())", key.verifier.text())
    await rewritten(log, key)

    assert {"checkpoint 3 (of 300 entries)", f"checkpoint file {log.kept_file}"} <= await log.named()


async def test_a_history_rewritten_with_the_key_is_caught_by_one_old_checkpoint(log: VerifiedLog) -> None:
    signers = await log.signers()
    old = log.rows("select note from audit_checkpoint where id = 2")[0][0]
    await rewritten(log, signers[0])

    believed = Believed([signers[0].verifier], {"kept-since-spring": old})
    report = await verify_database(log.database, VAULT, believed)

    assert [(found.kind, found.name) for found in report.findings] == [("checkpoint file", "kept-since-spring")]


async def test_a_history_rewritten_and_not_signed_anew_is_caught(log: VerifiedLog) -> None:
    signers = await log.signers()
    notes = log.rows("select id, root_hash, note from audit_checkpoint")
    await rewritten(log, signers[0])
    for number, root, note in notes:
        log.tamper("update audit_checkpoint set root_hash = %s, note = %s where id = %s", root, note, number)

    assert {f"checkpoint 1 {CHECKPOINT}", "checkpoint 2 (of 299 entries)"} <= await log.named()


@pytest.mark.parametrize(
    "damage",
    [
        "update case_file_version set body = set_byte(body, 30, get_byte(body, 30) # 1) where number = 2",
        "update case_file_version set digest = 'sha256:' || repeat('0', 64) where number = 3",
        "update case_file_version set salt = repeat('0', 32) where number = 3",
        "update case_file_version set parent_digest = 'sha256:' || repeat('0', 64) where number = 3",
        'update case_file_version set attachments = \'[{"id":"x"}]\' where number = 3',
        "delete from case_file_version where number = 2",
        "delete from case_file_version where number = 3",
    ],
)
async def test_an_altered_or_removed_version_is_named(log: VerifiedLog, damage: str) -> None:
    number = damage[-1]
    log.tamper(damage)

    assert f"version {number} of case file {log.case}" in await log.named()


async def test_a_version_removed_with_its_count_is_named_by_the_log(log: VerifiedLog) -> None:
    log.tamper("delete from case_file_version where number = 3")
    log.tamper("update case_file set newest_number = 2")

    assert await log.named() == {f"version 3 of case file {log.case}"}


async def test_versions_that_changed_places_are_named(log: VerifiedLog) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        log.tamper("update case_file_version set number = %s where number = %s", new, old)

    assert {f"version {n} of case file {log.case}" for n in (2, 3)} <= await log.named()


async def test_a_whole_case_file_removed_is_named(log: VerifiedLog) -> None:
    log.tamper("delete from case_file_version")
    log.tamper("delete from case_file")

    assert {f"version {n} of case file {log.case}" for n in (1, 2, 3)} <= await log.named()


async def test_a_standing_alarm_is_named(log: VerifiedLog) -> None:
    log.tamper("insert into log_alarm values (1, 'tiles_disagree', 'so it is', now())")

    assert await log.named() == {f"log {ORIGIN}"}


async def test_the_findings_say_what_they_mean(log: VerifiedLog) -> None:
    log.tamper("update audit_entry set entry = '\\x00' where id = %s", log.entry_at(5))

    sentences = [found.sentence for found in (await log.verify()).findings]

    assert any("is not what was written when it happened" in sentence for sentence in sentences)
    assert json.dumps(sentences)
