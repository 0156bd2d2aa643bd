"""The keys of the log: replaced by signing with both for a time, and refused where they cannot sign for this log."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from casefile_api.errors import Misconfigured
from casefile_api.ledger.checkpoints import open_checkpoint
from tests.logs import ORIGIN, LogInHand


@pytest.fixture
def log(database_url: str, owner_database_url: str, tmp_path: Path) -> LogInHand:
    return LogInHand.on(database_url, owner_database_url, tmp_path)


def pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def test_a_key_is_replaced_by_signing_with_both_for_a_time(log: LogInHand) -> None:
    log.write(1)
    await log.step()
    key_file = log.settings.data_dir / "log" / "key.pem"
    old = (await log.signers())[0].verifier
    key_file.write_text(pem(Ed25519PrivateKey.generate()) + key_file.read_text())

    batch = await log.step()

    new = (await log.signers())[0].verifier
    assert batch is not None and batch.note is not None and new != old
    for key in (old, new):
        assert open_checkpoint(batch.note, [key]).tree_size == 1
    assert {row[0] for row in log.rows("select verifier_key from audit_log_key")} == {old.text(), new.text()}


async def test_a_key_that_no_reader_could_follow_is_refused(log: LogInHand) -> None:
    await log.step()
    (log.settings.data_dir / "log" / "key.pem").write_text(pem(Ed25519PrivateKey.generate()))

    with pytest.raises(Misconfigured, match="put the old one back"):
        await log.step()


async def test_another_origin_than_the_logs_own_is_refused_and_none_is_taken_from_the_data(log: LogInHand) -> None:
    await log.step()

    with pytest.raises(Misconfigured, match=f"set it to {ORIGIN}"):
        await LogInHand(log.settings.with_values(log_origin="other.example/log"), "").step()
    unset = LogInHand(log.settings.with_values(log_origin=""), "")
    assert (await unset.signers())[0].name == ORIGIN


async def test_keys_that_cannot_sign_are_refused_in_one_sentence(log: LogInHand, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    for file, words in ((bad, "must hold"), (tmp_path / "none.pem", "cannot be read")):
        with pytest.raises(Misconfigured, match=words):
            await LogInHand(log.settings.with_values(log_key_file=file), "").step()


async def test_the_signing_key_is_for_the_owners_eyes_only(log: LogInHand) -> None:
    await log.step()

    assert (log.settings.data_dir / "log" / "key.pem").stat().st_mode & 0o077 == 0
    shutil.rmtree(log.settings.data_dir / "log")
    with pytest.raises(Misconfigured):
        await log.step()
