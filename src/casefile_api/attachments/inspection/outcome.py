"""What looking inside a file can find."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Something that keeps a file from being used as what it is."""

    TRUNCATED = "truncated"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105 - a code, not a password
    ARCHIVE_BOMB = "archive_bomb"
    INFECTED = "infected"


@dataclass(frozen=True, slots=True)
class Inside:
    """What was found inside: the fault, if there is one, and numbers that go into the chain of custody."""

    fault: Fault | None = None
    facts: dict[str, int] = field(default_factory=dict)


SOUND = Inside()
PASSED_ON = frozenset({Fault.PASSWORD_PROTECTED, Fault.ARCHIVE_BOMB, Fault.INFECTED})
"""What a file in an archive makes the archive; half a picture among those of a telephone is evidence like any other."""
_ARCHIVES = (
    *(b".zip", b".7z", b".rar", b".tar", b".gz", b".tgz", b".bz2", b".xz", b".jar", b".apk"),
    *(b".docx", b".xlsx", b".pptx", b".docm", b".xlsm"),
)
RATIO_LIMIT = 200
UNPACKED_FLOOR_BYTES = 8 * 1024 * 1024
"""Below this an archive harms nobody, however well it packs."""


def packs_too_well(unpacked_bytes: int, packed_bytes: int) -> bool:
    """Say whether something unpacks to so much more than it is that it is built to break whoever opens it."""
    return unpacked_bytes > max(UNPACKED_FLOOR_BYTES, RATIO_LIMIT * packed_bytes)


def is_archive(name: bytes) -> bool:
    """Say whether a file in an archive is named like one that is worth looking into."""
    return name.lower().endswith(_ARCHIVES)
