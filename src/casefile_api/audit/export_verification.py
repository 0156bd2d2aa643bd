"""An export of the log verified offline: a file, a checkpoint and a public key, and neither database nor network.

Each line proves by itself that its entry is in the signed tree. A line left out cannot be missed that way, so the
report says which leaves the file holds; a file that begins at leaf 0 and goes on without a gap is the whole log.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from casefile_api.audit.entry_checks import is_erased, wrong_commitment, wrong_shape
from casefile_api.audit.findings import Advance, Meaning, Report, no_progress
from casefile_api.audit.tree_walk import GrowingRoot
from casefile_api.canonical import canonical_json
from casefile_api.ledger.checkpoints import Checkpoint
from casefile_api.ledger.succession import ACTION, succession_line
from casefile_api.ledger.tree import ProofError, leaf_hash, root_from_inclusion, verify_consistency

STEP = 1000
_MEMBERS = frozenset({"leaf_index", "leaf_hash", "entry", "erasable", "salt", "inclusion"})
# Of an entry that is gone it is said why; in the files of a detached month stands what the database kept it under.
_MORE = frozenset({"state", "owner"})


class LineError(ValueError):
    """A line of the export, or a proof, is not what it must be."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the export, read."""

    leaf_index: int
    leaf: bytes
    entry: dict[str, Any] | None
    erasable: object
    salt: object
    tree_size: int
    hashes: tuple[bytes, ...]


def read_line(line: bytes) -> Line:
    """A line of the NDJSON export; LineError says what is wrong with it."""
    try:
        item = orjson.loads(line)
        proof, index = item["inclusion"], item["leaf_index"]
        hashes = tuple(bytes.fromhex(value) for value in proof["hashes"])
        size, leaf, entry = proof["tree_size"], bytes.fromhex(item["leaf_hash"]), item["entry"]
    except (ValueError, TypeError, KeyError):
        raise LineError("it is not a line of the log's NDJSON export") from None
    wrong = wrong_shape(entry) if entry is not None else None
    if wrong is None and not _MEMBERS <= item.keys() <= _MEMBERS | _MORE:
        wrong = "it has not the members of a line, and what else it says nobody signed"
    if wrong is None and set(proof) != {"tree_size", "hashes"}:
        wrong = "its proof has not the members of one"
    if wrong is None and (type(index) is not int or type(size) is not int):
        wrong = "its place or its tree size is not a whole number"
    if wrong is not None:
        raise LineError(wrong)
    return Line(index, leaf, entry, item["erasable"], item["salt"], size, hashes)


@dataclass(frozen=True, slots=True)
class Consistency:
    """A consistency proof as the API serves it."""

    old_size: int
    new_size: int
    old_root: bytes
    new_root: bytes
    hashes: tuple[bytes, ...]

    @classmethod
    def read(cls, document: bytes) -> "Consistency":
        """A proof from its JSON; LineError where it is none."""
        try:
            item = orjson.loads(document)
            roots = bytes.fromhex(item["from_root"]), bytes.fromhex(item["to_root"])
            return cls(int(item["from"]), int(item["to"]), *roots, tuple(map(bytes.fromhex, item["hashes"])))
        except (ValueError, TypeError, KeyError):
            raise LineError("it is not a consistency proof of the log") from None


@dataclass(slots=True)
class Unvouched:
    """Leaves proved for a tree that the checkpoint is not of: all, and those that the checkpoint does not reach."""

    count: int = 0
    first: int = 0
    last: int = 0
    count_beyond: int = 0

    def add(self, leaf_index: int, checkpoint_size: int) -> None:
        """Count a leaf."""
        self.first = self.first if self.count else leaf_index
        self.last = leaf_index
        self.count += 1
        self.count_beyond += leaf_index >= checkpoint_size


class ExportVerification:
    """One pass over an export, at constant memory."""

    def __init__(self, checkpoint: Checkpoint, proofs: Iterable[Consistency] = ()) -> None:
        self.report = Report()
        self.first: dict[str, Any] | None = None
        """The entry at leaf 0, where the file holds it: in a log that succeeds another it names how that one ended."""
        self._checkpoint = checkpoint
        self._roots: dict[int, bytes] = {checkpoint.tree_size: checkpoint.root_hash}
        self._proofs = list(proofs)
        self._whole = GrowingRoot()
        self._whole_matches: bool | None = None
        self._contiguous = True
        self._unvouched: dict[int, Unvouched] = {}
        self._sizes: set[int] = set()
        self._last = -1

    def verify(self, lines: Iterable[bytes], advance: Advance = no_progress) -> Report:
        """Verify every line; the report says what the file holds and what is wrong with it."""
        for number, text in enumerate(lines, start=1):
            if not text.strip():
                continue
            try:
                self._verify_line(number, read_line(text))
            except LineError as fault:
                self._contiguous = False
                self.report.add("line", number, str(fault), Meaning.LINE_ALTERED)
            if number % STEP == 0:
                advance("entries", number, 0)
        self._settle()
        return self.report

    def _verify_line(self, number: int, line: Line) -> None:
        self.report.count("entries")
        what = line.entry["id"] if line.entry is not None else "that is gone"
        name = f"{what} (leaf {line.leaf_index}, line {number})"
        leaf = self._verify_entry(name, line)
        if line.leaf_index == 0:
            self.first = line.entry
        if line.leaf_index <= self._last:
            wrong = f"it stands after leaf {self._last}: lines were moved or doubled"
            self.report.add("entry", name, wrong, Meaning.LEAF_ALTERED)
        self._prove(name, leaf, line)
        self._follow(line.leaf, line.leaf_index)
        self._last = max(self._last, line.leaf_index)

    def _verify_entry(self, name: str, line: Line) -> bytes:
        """Hold an entry against the hashes beside it; its leaf. One that is gone has left its leaf hash alone."""
        if line.entry is None:
            self.report.count("leaves whose entries are gone")
            return line.leaf
        leaf = leaf_hash(canonical_json(line.entry))
        if leaf != line.leaf:
            self.report.add("entry", name, "it does not have the leaf hash beside it", Meaning.ENTRY_ALTERED)
        wrong_text = wrong_commitment(line.entry, line.erasable, line.salt)
        if wrong_text is not None:
            self.report.add("entry", name, wrong_text, Meaning.TEXT_ALTERED)
        if is_erased(line.entry, line.erasable):
            self.report.count("entries with erased text")
        return leaf

    def _prove(self, name: str, leaf: bytes, line: Line) -> None:
        """Hold the audit path against the root of its tree, or keep it for a root that is proved another way."""
        try:
            root = root_from_inclusion(leaf, line.leaf_index, line.tree_size, line.hashes)
        except ProofError as fault:
            self.report.add("entry", name, str(fault), Meaning.NOT_VOUCHED)
            return
        self._sizes.add(line.tree_size)
        expected = self._roots.setdefault(line.tree_size, self._root_by_proof(line.tree_size) or root)
        if root != expected:
            wrong = f"its proof does not lead to the root of the tree of {line.tree_size}"
            self.report.add("entry", name, wrong, Meaning.NOT_SHOWN)
        elif not self._vouched(line.tree_size):
            self._unvouched.setdefault(line.tree_size, Unvouched()).add(line.leaf_index, self._checkpoint.tree_size)

    def _root_by_proof(self, size: int) -> bytes | None:
        """The root of an earlier tree that a consistency proof ties to the checkpoint."""
        signed = self._checkpoint
        for proof in self._proofs:
            if proof.old_size == size and (proof.new_size, proof.new_root) == (signed.tree_size, signed.root_hash):
                try:
                    verify_consistency(size, proof.new_size, proof.old_root, proof.new_root, proof.hashes)
                except ProofError:
                    continue
                return proof.old_root
        return None

    def _vouched(self, size: int) -> bool:
        return size == self._checkpoint.tree_size or self._root_by_proof(size) is not None

    def _follow(self, leaf: bytes, index: int) -> None:
        """Build the tree from the leaves themselves for as long as none is left out."""
        if self._contiguous and index == self._whole.size:
            self._whole.append(leaf)
            if self._whole.size == self._checkpoint.tree_size:
                self._whole_matches = self._whole.root == self._checkpoint.root_hash
        else:
            self._contiguous = False

    def _settle(self) -> None:
        """Say what the checkpoint does not vouch for, and how much of the log the file holds."""
        size = self._checkpoint.tree_size
        for tree_size, leaves in self._unvouched.items():
            # Without proofs of one and the same tree, leaves that are right as a whole may still be proved wrongly.
            by_themselves = self._whole_matches and len(self._sizes) == 1
            count = leaves.count_beyond if by_themselves else leaves.count
            if count:
                first = max(leaves.first, size) if by_themselves else leaves.first
                self._add_unvouched(tree_size, count, f"{first} to {leaves.last}")
        if self._whole_matches is False:
            wrong = f"the first {size} entries of the file do not lead to its root"
            self.report.add("checkpoint", f"of {size} entries", wrong, Meaning.HISTORY_REWRITTEN)
        self.report.root_hash = self._checkpoint.root_hash.hex()
        held = self.report.counts.get("entries", 0)
        erased = self.report.counts.get("entries with erased text", 0)
        if erased:
            self.report.notes.append(
                f"Of {erased} entries the text is not in the file: whether it was erased, and by whom, the log says"
                " (confirm_erasure)."
            )
        if self._whole_matches:
            self.report.notes.append(f"The file holds every entry of the log up to the checkpoint, {size} of them.")
        else:
            self.report.notes.append(
                f"The file holds {held} entries and the log {size}; whether a search left any out, a file cannot show."
            )

    def _add_unvouched(self, tree_size: int, count: int, leaves: str) -> None:
        size = self._checkpoint.tree_size
        mend = f"give the checkpoint that was published for {tree_size}"
        if tree_size < size:
            mend += f", or the consistency proof from {tree_size} to {size}"
        wrong = f"{count} proved for the tree of {tree_size}, and the checkpoint is of {size}: {mend}"
        self.report.add("entries", f"at leaf {leaves}", wrong, Meaning.NOT_VOUCHED)


def verify_succession(report: Report, closed: Checkpoint, first: dict[str, Any] | None) -> None:
    """Verify that the log of the file succeeds the one that this checkpoint closed: its first entry holds it."""
    report.count("closed logs")
    name = f"of {closed.tree_size} entries of {closed.origin}"
    if first is None:
        wrong = "the file does not hold the first entry, which names how the log before ended"
        report.add("closed log", name, wrong, Meaning.NOT_VOUCHED)
    elif (first["action"], first["target_id"]) != (ACTION, succession_line(closed)):
        wrong = "the first entry of the file does not hold the checkpoint that it ended with"
        report.add("closed log", name, wrong, Meaning.HISTORY_REWRITTEN)


def verify_growth(report: Report, old: Checkpoint, new: Checkpoint, proofs: Iterable[Consistency]) -> None:
    """Verify that the new checkpoint continues the old one."""
    report.count("consistency proofs")
    fitting = [proof for proof in proofs if (proof.old_size, proof.new_size) == (old.tree_size, new.tree_size)]
    if not fitting:
        wrong = f"no proof from {old.tree_size} to {new.tree_size} was given"
        report.add("checkpoint", f"of {old.tree_size} entries", wrong, Meaning.NOT_VOUCHED)
        return
    try:
        verify_consistency(old.tree_size, new.tree_size, old.root_hash, new.root_hash, fitting[0].hashes)
    except ProofError as fault:
        report.add("checkpoint", f"of {old.tree_size} entries", str(fault), Meaning.HISTORY_REWRITTEN)
