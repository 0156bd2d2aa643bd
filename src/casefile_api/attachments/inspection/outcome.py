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
