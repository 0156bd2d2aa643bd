"""A witness: it remembers the newest checkpoint of a log that it saw, and vouches only for what continues it.

C2SP tlog-witness. It is made to be run by somebody other than the operator: a force or an inspectorate, on a machine of
its own. It keeps the newest checkpoint through to the disk before it answers, so that not even a crash between the two
can make it vouch for two different logs. What it refuses it refuses in words.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from threading import Lock

from casefile_api.audit.witness_memory import WitnessMemory
from casefile_api.ledger.checkpoints import (
    Checkpoint,
    CheckpointError,
    SignedNote,
    VerifierKey,
    parse_checkpoint,
    parse_note,
)
from casefile_api.ledger.cosignatures import CosignerKey
from casefile_api.ledger.tree import EMPTY_ROOT, ProofError, verify_consistency

MOST_PROOF_LINES = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class WitnessRefusal(Exception):
    """The witness does not vouch: a status of C2SP tlog-witness, a sentence, and how far it saw where that helps."""

    def __init__(self, status: int, sentence: str, seen_size: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.seen_size = seen_size


@dataclass(frozen=True)
class Submission:
    """What a log asks of a witness: its checkpoint, and the proof that it continues an earlier size."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def read(cls, body: str) -> "Submission":
        """A submission from the body of `add-checkpoint`; anything else is a WitnessRefusal."""
        head, gap, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if not gap or old is None or len(lines) > MOST_PROOF_LINES:
            raise WitnessRefusal(400, "This is not a submission: an old size, a proof, an empty line, a checkpoint.")
        try:
            proof = tuple(b64decode(line, validate=True) for line in lines)
        except (Base64Error, ValueError):
            raise WitnessRefusal(400, "A line of the consistency proof is not base64.") from None
        return cls(int(old[1]), proof, note)


class Witness:
    """One witness for any number of logs."""

    def __init__(
        self, cosigner: CosignerKey, logs: Collection[VerifierKey], memory: WitnessMemory, now: Callable[[], int]
    ) -> None:
        self.key = cosigner.public
        self.origins = sorted({key.name for key in logs})
        self._cosigner = cosigner
        self._logs = tuple(logs)
        self._memory = memory
        self._now = now
        # Looking at what was seen and replacing it must be one act, or two submissions could roll one of them back.
        self._one_at_a_time = Lock()

    def seen(self, origin: str) -> Checkpoint:
        """The newest checkpoint it vouched for; the empty tree where there was none.

        Raises CheckpointError where what it remembers is damaged: it then vouches for nothing.
        """
        note = self._memory.read(origin)
        if note is None:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        signed = parse_note(note)
        signed.verified_by(self._logs)
        return parse_checkpoint(signed.text)

    def seen_note(self, origin: str) -> str | None:
        """The newest checkpoint it vouched for, with its own line under it."""
        return self._memory.read(origin)

    def vouch(self, submission: Submission) -> str:
        """The witness's line for a checkpoint that continues what it saw; everything else is a WitnessRefusal."""
        signed, new = self._opened(submission.note)
        if submission.old_size > new.tree_size:
            sentence = f"The proof begins at {submission.old_size} and the checkpoint covers {new.tree_size} only."
            raise WitnessRefusal(400, sentence)
        with self._one_at_a_time:
            try:
                seen = self.seen(new.origin)
            except CheckpointError as fault:
                raise WitnessRefusal(500, f"What I remember of {new.origin} is damaged ({fault}).") from None
            self._compare(submission, seen, new)
            line = self._cosigner.cosignature_line(signed.text, self._now())
            self._memory.write(new.origin, _with_line(submission.note, self.key.name, line))
        return line

    def _opened(self, note: str) -> tuple[SignedNote, Checkpoint]:
        try:
            signed = parse_note(note)
            checkpoint = parse_checkpoint(signed.text)
        except CheckpointError as fault:
            raise WitnessRefusal(400, f"What was submitted is {fault}.") from None
        keys = [key for key in self._logs if key.name == checkpoint.origin]
        if not keys:
            raise WitnessRefusal(404, f"I am no witness of the log {checkpoint.origin}.")
        try:
            signed.verified_by(keys)
        except CheckpointError as fault:
            raise WitnessRefusal(403, f"I do not take this for a checkpoint of {checkpoint.origin}: {fault}.") from None
        return signed, checkpoint

    def _compare(self, submission: Submission, seen: Checkpoint, new: Checkpoint) -> None:
        if new.tree_size == seen.tree_size and new.root_hash != seen.root_hash:
            self._memory.keep_evidence(new.origin, submission.note)
            raise WitnessRefusal(
                409,
                f"There are two different logs of {new.tree_size} entries, both signed by {new.origin}: the log was"
                " forked. Both checkpoints are kept as evidence.",
            )
        if submission.old_size != seen.tree_size:
            back = f", and this one covers {new.tree_size}: the log went back" if new.tree_size < seen.tree_size else ""
            sentence = f"I have vouched for {seen.tree_size} entries of {new.origin}{back}."
            raise WitnessRefusal(409, sentence, seen.tree_size)
        try:
            verify_consistency(seen.tree_size, new.tree_size, seen.root_hash, new.root_hash, submission.proof)
        except ProofError as fault:
            self._memory.keep_suspicion(new.origin, submission.note)
            raise WitnessRefusal(
                422,
                f"It is not shown that the {new.tree_size} entries begin with the {seen.tree_size} that I have vouched"
                f" for ({fault}): the proof is wrong, or the log was rewritten.",
            ) from None


def _with_line(note: str, name: str, line: str) -> str:
    """A note with a witness's line in place of an earlier one of the same name."""
    text, _, lines = note.rpartition("\n\n")
    others = [other for other in lines.splitlines(keepends=True) if other.split(" ")[1] != name]
    return f"{text}\n\n{''.join(others)}{line}"


def submission_body(old_size: int, proof: Sequence[bytes], note: str) -> str:
    """The body of `add-checkpoint`."""
    return "".join([f"old {old_size}\n", *(f"{b64encode(value).decode()}\n" for value in proof), "\n", note])
