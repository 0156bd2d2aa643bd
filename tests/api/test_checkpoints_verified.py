"""Checkpoints altered, removed or signed over a rewritten history: found and named, and by one old one caught."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casefile_api.audit.verification import Believed, verify_database
from casefile_api.ledger import tree
from casefile_api.ledger.checkpoints import SignerKey, open_checkpoint
from casefile_api.ledger.proofs import prove_consistency
from casefile_api.tenancy import WORKER
from tests.api.verified_log import VAULT, VerifiedLog, rewritten
from tests.logs import ORIGIN

CHECKPOINT = "(of 240 entries)"


async def test_an_untouched_log_is_whole_and_everything_was_looked_at(log: VerifiedLog) -> None:
    report = await log.verify()

    assert report.findings == []
    assert report.counts == {
        "entries": 300, "tiles": 3, "checkpoints": 3, "checkpoints kept outside": 1, "versions": 3,
    }  # fmt: skip
    leaves = [row[0] for row in log.rows("select leaf_hash from audit_leaf order by leaf_index")]
    assert report.root_hash == tree.root_of(leaves).hex()


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


async def test_a_stranger_on_the_list_of_keys_and_a_key_taken_from_it_are_named(log: VerifiedLog) -> None:
    stranger, own = SignerKey(ORIGIN, Ed25519PrivateKey.generate()).verifier, (await log.signers())[0].verifier

    log.tamper("insert into audit_log_key values (%s, now())", stranger.text())
    assert await log.named() == {f"key {stranger.text()}"}

    log.tamper("delete from audit_log_key")
    assert await log.named() == {f"key {own.text()}"}


@pytest.mark.parametrize("damage", ["update audit_log set origin = 'another.example/log'", "delete from audit_log"])
async def test_another_name_of_the_log_is_one_finding_and_not_one_of_each_checkpoint(
    log: VerifiedLog, damage: str
) -> None:
    log.tamper(damage)

    assert await log.named() == {f"log {ORIGIN}"}


async def test_a_standing_alarm_is_named(log: VerifiedLog) -> None:
    log.tamper("insert into log_alarm values (1, 'tiles_disagree', 'so it is', now())")

    assert await log.named() == {f"log {ORIGIN}"}


async def test_whoever_rewrote_history_with_every_hash_cannot_prove_that_an_old_checkpoint_is_its_beginning(
    log: VerifiedLog,
) -> None:
    signers = await log.signers()
    note = log.rows("select note from audit_checkpoint where id = 2")[0][0]
    old = open_checkpoint(note, [signer.verifier for signer in signers])
    await rewritten(log, signers[0])

    async with log.database.connection(WORKER) as connection:
        proof = await prove_consistency(connection, old.tree_size, 300)

    tree.verify_consistency(proof.old_size, 300, proof.old_root, proof.new_root, proof.hashes)
    assert proof.old_root != old.root_hash
    with pytest.raises(tree.ProofError):
        tree.verify_consistency(old.tree_size, 300, old.root_hash, proof.new_root, proof.hashes)
