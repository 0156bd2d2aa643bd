"""What a verification found wrong: which thing, how, and what that means to somebody who relies on the log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

MOST_OF_A_KIND = 100

Advance = Callable[[str, int, int], None]
"""Told how far a stage is: its name, how many are done, and how many there are."""


class Meaning(StrEnum):
    """What a finding means, in a sentence."""

    ENTRY_ALTERED = "What the log says of this act is not what was written when it happened."
    ENTRY_REMOVED = "An act was recorded here and its entry is gone."
    ENTRY_UNPLACED = "This entry was put into the database, or taken out of the tree, by other means than the service."
    INDEX_ALTERED = "Searches may miss or misplace this entry; the hashed entry itself is whole."
    ENTRY_GONE_UNVOUCHED = (
        "An erasure or a detached period is claimed, and no entry of the log says so: nobody may have decided it."
    )
    LINE_ALTERED = "This line is not as the log exported it, or was cut off; get the export anew."
    NOT_SHOWN = (
        "The line does not show that its entry is in the signed log: the entry, its place or its proof was changed."
    )
    TEXT_REMOVED = "Free text or details were committed to and are gone, and no recorded erasure says why."
    TEXT_ALTERED = "The free text or the details kept with this entry are not those that were committed to."
    LEAF_ALTERED = "The numbering of the entries was changed; proofs for this place no longer lead to the signed root."
    TILE_ALTERED = "Stored hashes of the tree were changed; proofs made from them will fail."
    CHECKPOINT_ALTERED = "A published checkpoint is not as it was signed, or was put in or taken out by other means."
    KEYS_ALTERED = "The list of the log's keys was changed: do not believe a key because it is listed."
    NAME_ALTERED = "The name of the log was changed: what is looked up by it, witnesses and time-stamps, is not found."
    COSIGNATURE_ALTERED = "A line kept as the word of a witness is not one that the witness signed."
    HISTORY_REWRITTEN = "The entries as they are now are not those that were signed: history was rewritten."
    OLD_BACKUP = (
        "The database is older than what was published: a backup was restored, or the newest entries were removed."
    )
    VERSION_ALTERED = "This version of the case file is not what its digest and its receipts were made of."
    VERSION_REMOVED = "A version of the case file was recorded and is gone, or is not the one that stood here."
    NOT_VOUCHED = "Nothing signed vouches for this."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    name: str
    wrong: str
    meaning: Meaning

    @property
    def sentence(self) -> str:
        """The finding in words."""
        return f"{self.kind} {self.name}: {self.wrong}. {self.meaning.value}"


@dataclass(slots=True)
class Report:
    """What was verified, and what was found wrong."""

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    root_hash: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    def add(self, kind: str, name: object, wrong: str, meaning: Meaning) -> None:
        """Put down a finding."""
        if sum(found.kind == kind for found in self.findings) < MOST_OF_A_KIND:
            self.findings.append(Finding(kind, str(name), wrong, meaning))
        else:
            self.count(f"further findings: {kind}")

    def count(self, what: str, number: int = 1) -> None:
        """Count what was verified."""
        self.counts[what] = self.counts.get(what, 0) + number


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
