"""A witness vouches for what continues the log it saw and for nothing else, whatever it is shown, whenever it dies."""

import base64
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from casefile_api.audit.witness import Submission, Witness, WitnessRefusal, submission_body
from casefile_api.audit.witness_memory import WitnessMemory
from casefile_api.errors import Misconfigured
from casefile_api.ledger import tree
from casefile_api.ledger.checkpoints import Checkpoint, CheckpointError, SignerKey, parse_note, sign_checkpoint
from casefile_api.ledger.cosignatures import CosignerKey, Quorum, cosignatures_on, parse_witness_key

ORIGIN, NAME, NOW = "casefile.example/log", "witness.hmcpsi.example/1", 1_790_000_000
LOG = SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
STRANGER = SignerKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
LEAVES = [tree.leaf_hash(b"%d" % number) for number in range(40)]
FORK = [*LEAVES[:4], tree.leaf_hash(b"rewritten"), *LEAVES[5:]]


def checkpoint(size: int, leaves: list[bytes] = LEAVES, signer: SignerKey = LOG, origin: str = ORIGIN) -> str:
    return sign_checkpoint(Checkpoint(origin, size, tree.root_of(leaves[:size])), [signer])


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> list[bytes]:
    def read(node: tree.Node) -> bytes:
        return tree.perfect_root(leaves[node.number << node.level : (node.number + 1) << node.level])

    return tree.carry_out(tree.consistency_plan(old, new), read)


def shown(old: int, new: int, leaves: list[bytes] = LEAVES, signer: SignerKey = LOG) -> Submission:
    return Submission.read(submission_body(old, proof(old, new, leaves), checkpoint(new, leaves, signer)))


def refused(witness: Witness, submission: Submission) -> WitnessRefusal:
    with pytest.raises(WitnessRefusal) as caught:
        witness.vouch(submission)
    return caught.value


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return on(tmp_path)


def on(folder: Path) -> Witness:
    """A witness that was just started on this folder."""
    memory = WitnessMemory(folder / "witness")
    with memory.held():
        return Witness(memory.cosigner(NAME), [LOG.verifier], memory, lambda: NOW)


def test_a_cosignature_is_what_the_specification_says_to_the_byte() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    note = checkpoint(5)
    text = note.partition("\n\n")[0] + "\n"

    line = CosignerKey(NAME, key).cosignature_line(text, NOW)

    raw = base64.b64decode(line.removeprefix(f"— {NAME} "))
    public = key.public_key().public_bytes_raw()
    assert raw[:4] == sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]
    assert int.from_bytes(raw[4:12], "big") == NOW
    Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], f"cosignature/v1\ntime {NOW}\n{text}".encode())


def test_a_witness_vouches_for_a_log_that_grows_and_its_line_verifies(witness: Witness) -> None:
    for old, new in ((0, 5), (5, 5), (5, 12), (12, 40)):
        line = witness.vouch(shown(old, new))

        (cosignature,) = cosignatures_on(parse_note(checkpoint(new) + line), [witness.key])
        assert (cosignature.witness, cosignature.at) == (witness.key, NOW)
    assert parse_witness_key(witness.key.text()) == witness.key


def test_a_witness_refuses_a_fork_whatever_its_shape_and_keeps_what_proves_it(witness: Witness, tmp_path: Path) -> None:
    witness.vouch(shown(0, 12))

    same_size, grown = refused(witness, shown(12, 12, FORK)), refused(witness, shown(12, 20, FORK))

    assert (same_size.status, grown.status) == (409, 422)
    assert "forked" in same_size.sentence and "rewritten" in grown.sentence
    assert witness.seen(ORIGIN) == Checkpoint(ORIGIN, 12, tree.root_of(LEAVES[:12]))
    (evidence,) = (tmp_path / "witness").glob("fork-*.txt")
    for leaves in (LEAVES, FORK):
        assert base64.b64encode(tree.root_of(leaves[:12])).decode() in evidence.read_text()


def test_a_witness_refuses_a_log_that_went_back(witness: Witness) -> None:
    witness.vouch(shown(0, 12))

    for submission in (shown(0, 9), shown(9, 9), shown(9, 11)):
        found = refused(witness, submission)
        assert (found.status, found.seen_size) == (409, 12)
        assert "went back" in found.sentence
    assert refused(witness, Submission(12, (), checkpoint(9))).status == 400


def test_a_witness_takes_no_submission_twice_as_new(witness: Witness) -> None:
    first = shown(0, 12)
    witness.vouch(first)

    again = refused(witness, first)

    assert (again.status, again.seen_size) == (409, 12)
    assert witness.vouch(shown(12, 20)) and refused(witness, shown(12, 20)).seen_size == 20


def test_a_witness_refuses_other_logs_other_keys_and_signatures_that_are_not_right(witness: Witness) -> None:
    elsewhere = SignerKey("elsewhere.example/log", LOG.private_key)
    other = Submission(0, (), checkpoint(5, signer=elsewhere, origin="elsewhere.example/log"))
    borrowed = Submission(0, (), checkpoint(5, signer=elsewhere))
    altered = Submission(0, (), checkpoint(5).replace("\n5\n", "\n6\n"))

    assert refused(witness, other).status == 404
    assert refused(witness, borrowed).status == 403
    assert refused(witness, shown(0, 5, signer=STRANGER)).status == 403
    assert refused(witness, altered).status == 403
    assert witness.seen(ORIGIN).tree_size == 0


@pytest.mark.parametrize("old", [0, 5])
def test_a_witness_refuses_a_proof_that_proves_nothing(witness: Witness, old: int) -> None:
    witness.vouch(shown(0, 5)) if old else None

    for hashes in ((bytes(32),), (*proof(old, 20), bytes(32)), *(((),) if old else ())):
        assert refused(witness, Submission(old, tuple(hashes), checkpoint(20))).status == 422


@pytest.mark.parametrize(
    "body",
    ["", "old 0\n", "old -1\n\nx", "old 00\n\nx", "new 0\n\nx", "old 0\n!!\n\nx", "old 0\n\nnot a checkpoint\n",
     "old 0\n" + "AAAA\n" * 64 + "\n" + "x", "old 99999999999999999999\n\nx"],
)  # fmt: skip
def test_a_witness_refuses_what_is_no_submission(witness: Witness, body: str) -> None:
    with pytest.raises(WitnessRefusal) as caught:
        witness.vouch(Submission.read(body))
    assert caught.value.status == 400


def test_a_witness_killed_after_writing_and_before_answering_goes_on_where_it_was(tmp_path: Path) -> None:
    witness = on(tmp_path)
    witness.vouch(shown(0, 5))
    witness.vouch(shown(5, 12))  # the answer is lost: the log still believes that it stands at 5

    after = on(tmp_path)

    assert refused(after, shown(5, 20)).seen_size == 12
    assert after.vouch(shown(12, 20))
    assert refused(after, shown(12, 12, FORK)).status in {409, 422}


def test_a_witness_killed_before_writing_has_vouched_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = on(tmp_path)
    witness.vouch(shown(0, 5))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("the disk is full")))

    with pytest.raises(OSError, match="full"):
        witness.vouch(shown(5, 12))

    monkeypatch.undo()
    assert on(tmp_path).seen(ORIGIN).tree_size == 5


def test_a_witness_whose_memory_was_damaged_vouches_for_nothing(witness: Witness, tmp_path: Path) -> None:
    witness.vouch(shown(0, 5))
    (kept,) = (tmp_path / "witness").glob("*.checkpoint")
    kept.write_text(kept.read_text().replace("\n5\n", "\n4\n"))

    assert refused(witness, shown(5, 12)).status == 500


def test_only_one_program_may_be_the_witness_of_a_folder(tmp_path: Path) -> None:
    with WitnessMemory(tmp_path).held(), pytest.raises(Misconfigured), WitnessMemory(tmp_path).held():
        pass


def test_a_witness_keeps_its_name_and_its_key(tmp_path: Path) -> None:
    memory = WitnessMemory(tmp_path)
    with pytest.raises(Misconfigured, match="--name"):
        memory.cosigner(None)
    made = memory.cosigner(NAME).public

    assert memory.cosigner(None).public == made
    with pytest.raises(Misconfigured, match=NAME):
        memory.cosigner("another.example")


def test_so_many_of_the_known_witnesses_must_have_vouched() -> None:
    cosigners = [CosignerKey(f"w{n}.example", Ed25519PrivateKey.generate()) for n in range(3)]
    keys, text = tuple(cosigner.public for cosigner in cosigners), checkpoint(5).partition("\n\n")[0] + "\n"
    lines = [cosigner.cosignature_line(text, NOW) for cosigner in cosigners]
    note = checkpoint(5) + lines[0] + lines[2]

    assert len(Quorum(keys, 2).check(note)) == 2
    for quorum, wrong in ((Quorum(keys, 3), note), (Quorum(keys[1:2], 1), note), (Quorum(keys, 2), checkpoint(5))):
        with pytest.raises(CheckpointError, match="are wanted"):
            quorum.check(wrong)
    with pytest.raises(CheckpointError):
        Quorum(keys, 2).check(checkpoint(5) + lines[0] + lines[0])


def test_no_byte_of_a_cosignature_can_be_changed() -> None:
    cosigner = CosignerKey(NAME, Ed25519PrivateKey.generate())
    text = checkpoint(5).partition("\n\n")[0] + "\n"
    raw = base64.b64decode(cosigner.cosignature_line(text, NOW).removeprefix(f"— {NAME} "))

    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1
        note = f"{checkpoint(5)}— {NAME} {base64.b64encode(changed).decode()}\n"
        with pytest.raises((CheckpointError, InvalidSignature)):
            Quorum((cosigner.public,), 1).check(note)
    with pytest.raises(CheckpointError):
        Quorum((cosigner.public,), 1).check(f"{checkpoint(6)}{cosigner.cosignature_line(text, NOW)}")
