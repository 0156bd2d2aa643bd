"""Checkpoints and signed notes, held against the vectors of the specifications and of Go's note package."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from casefile_api.audit.verifier_keys import read_keys
from casefile_api.ledger import checkpoints
from casefile_api.ledger.checkpoints import Checkpoint, CheckpointError, SignerKey

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

ORIGIN = "casefile.example/log"
OLD = SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
NEW = SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
STRANGER = SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
CHECKPOINT = Checkpoint(ORIGIN, 20852163, bytes(range(32)))


def test_the_known_note_of_gos_note_package_verifies() -> None:
    note = checkpoints.parse_note(GO_NOTE)
    key = checkpoints.parse_verifier_key(GO_KEY)

    assert note.text == GO_TEXT
    assert note.verified_by([key]) == (key,)


def test_we_sign_the_known_note_to_the_byte() -> None:
    signer = SignerKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED))

    assert signer.verifier.text() == GO_KEY
    assert GO_TEXT + "\n" + signer.signature_line(GO_TEXT) == GO_NOTE


def test_a_known_public_key_reads_and_writes_the_same() -> None:
    assert checkpoints.parse_verifier_key(SUMDB_KEY).text() == SUMDB_KEY
    assert checkpoints.parse_verifier_key(SUMDB_KEY + "\n").name == "sum.golang.org"


def test_a_checkpoint_has_the_form_of_the_specification() -> None:
    note = checkpoints.sign_checkpoint(CHECKPOINT, [OLD])

    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", base64.b64encode(bytes(range(32))).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_a_signed_checkpoint_opens_with_its_key() -> None:
    note = checkpoints.sign_checkpoint(CHECKPOINT, [OLD])

    assert checkpoints.open_checkpoint(note, [OLD.verifier, STRANGER.verifier]) == CHECKPOINT


def test_while_keys_rotate_either_key_opens_the_checkpoint() -> None:
    note = checkpoints.sign_checkpoint(CHECKPOINT, [NEW, OLD])

    for key in (OLD, NEW):
        assert checkpoints.open_checkpoint(note, [key.verifier]) == CHECKPOINT


def test_a_bad_signature_by_a_known_key_spoils_the_note_though_another_is_good() -> None:
    other = checkpoints.sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), [OLD]).split("\n")[4]
    note = checkpoints.sign_checkpoint(CHECKPOINT, [NEW]) + other + "\n"

    assert checkpoints.open_checkpoint(note, [NEW.verifier]) == CHECKPOINT
    with pytest.raises(CheckpointError):
        checkpoints.open_checkpoint(note, [NEW.verifier, OLD.verifier])


def test_a_checkpoint_signed_by_strangers_alone_is_refused() -> None:
    note = checkpoints.sign_checkpoint(CHECKPOINT, [STRANGER])

    with pytest.raises(CheckpointError, match="not signed by a known key"):
        checkpoints.open_checkpoint(note, [OLD.verifier])


def test_a_checkpoint_of_another_log_is_refused_though_well_signed() -> None:
    note = checkpoints.sign_checkpoint(Checkpoint("elsewhere.example/log", 1, bytes(32)), [OLD])

    with pytest.raises(CheckpointError, match="another log"):
        checkpoints.open_checkpoint(note, [OLD.verifier])


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_character_of_a_checkpoint_can_be_changed(data: st.DataObject) -> None:
    note = checkpoints.sign_checkpoint(CHECKPOINT, [OLD])
    at = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != note[at]))

    with pytest.raises(CheckpointError):
        checkpoints.open_checkpoint(note[:at] + other + note[at + 1 :], [OLD.verifier])


@given(st.text())
def test_whatever_is_read_as_a_note_fails_with_our_error_or_reads(text: str) -> None:
    for parse in (checkpoints.parse_note, checkpoints.parse_checkpoint, checkpoints.parse_verifier_key):
        try:
            parse(text)
        except CheckpointError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "o\n01\n" + "A" * 43 + "=\n", "o\n-1\n" + "A" * 43 + "=\n", "o\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "=", "o\n1\n" + "A" * 42 + "B=\n", "o\n1\n" + "A" * 43 + "=\n\nx\n", "o\n1\n",
    ],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        checkpoints.parse_checkpoint(text)


def test_extension_lines_are_allowed_and_ignored() -> None:
    assert checkpoints.parse_checkpoint(CHECKPOINT.text() + "extension\n") == CHECKPOINT


def test_a_key_with_anothers_id_or_type_is_refused() -> None:
    for text in (GO_KEY.replace("c74f20a3", "c74f20a4"), "x+00000000+AAAA", "noplus", GO_KEY.replace("+ARpc", "+ARpd")):
        with pytest.raises(CheckpointError):
            checkpoints.parse_verifier_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb"])
def test_a_log_name_has_no_spaces_and_no_plus(name: str) -> None:
    with pytest.raises(CheckpointError):
        checkpoints.check_key_name(name)


def keys_answered(good_up_to: object) -> str:
    """What `public-key` answers as JSON after the old key was retired."""
    listed = [(NEW, None), (OLD, good_up_to)]
    return json.dumps({"keys": [{"verifier_key": key.verifier.text(), "good_up_to": size} for key, size in listed]})


def test_a_retired_key_vouches_by_itself_for_nothing_newer() -> None:
    size = CHECKPOINT.tree_size
    by_old, by_both = (checkpoints.sign_checkpoint(CHECKPOINT, signers) for signers in ([OLD], [NEW, OLD]))

    assert checkpoints.open_checkpoint(by_old, read_keys(keys_answered(size))) == CHECKPOINT
    assert checkpoints.open_checkpoint(by_both, read_keys(keys_answered(size - 1))) == CHECKPOINT
    with pytest.raises(CheckpointError, match="retired before"):
        checkpoints.open_checkpoint(by_old, read_keys(keys_answered(size - 1)))


def test_keys_are_read_as_they_are_answered_and_anything_else_is_refused() -> None:
    lines = f"{NEW.verifier.text()}\n{OLD.verifier.text()}\n"

    assert read_keys(lines) == read_keys(keys_answered(7)) == [NEW.verifier, OLD.verifier]
    assert [key.good_up_to for key in read_keys(keys_answered(7))] == [None, 7]
    for wrong in ("{}", "{", '{"keys": [1]}', keys_answered("7"), keys_answered(True), '{"keys": {"a": "b"}}'):
        with pytest.raises(CheckpointError):
            read_keys(wrong)
