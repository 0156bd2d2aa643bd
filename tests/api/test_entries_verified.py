"""Entries altered, removed or put in by other means than the service: found and named."""

import json
from datetime import UTC, datetime

import psycopg
import pytest

from casefile_api.audit.findings import Meaning
from casefile_api.ledger.entries import compose
from casefile_api.ledger.erasures import scope_digest
from casefile_api.ledger.leaf_ranges import LeafRanges
from casefile_api.ledger.trail import Trail
from casefile_api.tenancy import AS_WORKER
from tests.api.verified_log import VerifiedLog
from tests.logs import an_entry, insert_entry


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
        "insert into audit_erasure values (gen_random_uuid(), 'entries', 'retention', null, 1, '{[60,61)}', 'sha256:',"
        " 'operator', 'OP-01', now(), 'operator', 'OP-02', now(), %s)",
        act,
    )

    meanings = {found.meaning for found in (await log.verify()).findings}

    assert {Meaning.ENTRY_GONE_UNVOUCHED, Meaning.ENTRY_REMOVED} <= meanings


async def test_an_erasure_by_somebody_else_than_its_entry_says_and_one_for_no_known_reason_are_named(
    log: VerifiedLog,
) -> None:
    trail = Trail("confirm_erasure", request_id="r")
    trail.about("audit_log", scope_digest("text", LeafRanges.stored("{[60,61)}")))
    act = compose(trail, None, outcome="allowed", occurred_at=datetime.now(UTC))
    with psycopg.connect(log.settings.database_url, options=AS_WORKER) as connection:
        insert_entry(connection, act)
    log.tamper(
        "insert into audit_erasure values (gen_random_uuid(), 'text', 'retention', null, 1, '{[60,61)}', 'sha256:',"
        " 'operator', 'OP-01', now(), 'operator', 'OP-02', now(), %s)",
        act.canonical,
    )
    erasure = log.rows("select id from audit_erasure")[0][0]

    assert await log.named() == {f"erasure {erasure}"}
    log.tamper("update audit_erasure set reason = 'because'")
    assert await log.named() == {"erasure list of all"}


async def test_an_entry_under_another_force_than_its_case_is_named(log: VerifiedLog) -> None:
    entry = log.rows("select id from audit_entry where action = 'open_case_file'")[0][0]
    log.tamper("update audit_entry set owner = 'police-52' where id = %s", entry)

    assert await log.named() == {f"entry {entry}"}


async def test_a_removed_entry_is_named(log: VerifiedLog) -> None:
    entry = log.entry_at(77)
    log.tamper("delete from audit_entry where id = %s", entry)

    assert await log.named() == {f"entry {entry}"}


async def test_an_entry_put_in_by_hand_is_named(log: VerifiedLog) -> None:
    entry = log.write(1)[0]
    log.tamper("delete from audit_pending")

    assert await log.named() == {f"entry {entry.id}"}


async def test_the_findings_say_what_they_mean(log: VerifiedLog) -> None:
    log.tamper("update audit_entry set entry = '\\x00' where id = %s", log.entry_at(5))

    sentences = [found.sentence for found in (await log.verify()).findings]

    assert any("is not what was written when it happened" in sentence for sentence in sentences)
    assert json.dumps(sentences)
