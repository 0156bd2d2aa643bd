"""Why a file was not accepted, and what its sender can do about it. One row per code."""

from collections.abc import Mapping
from enum import StrEnum


class RejectionCode(StrEnum):
    """Why a file was not accepted."""

    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"
    INFECTED = "infected"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105 - a code, not a password
    TYPE_MISMATCH = "type_mismatch"
    TRUNCATED = "truncated"
    ARCHIVE_BOMB = "archive_bomb"
    NOT_SCANNED = "not_scanned"
    MISSING = "missing"
    UNREADABLE = "unreadable"


MENDS: Mapping[RejectionCode, str] = {
    RejectionCode.SIZE_MISMATCH: "The file in storage is not of the size declared: declare it anew and upload it.",
    RejectionCode.HASH_MISMATCH: "The SHA-256 of the file in storage is not the one declared: check that the right "
    "file and its parts in the right order were sent, declare it anew and upload it.",
    RejectionCode.INFECTED: "Malware was found in the file; it was removed and cannot be read. Send a clean copy.",
    RejectionCode.PASSWORD_PROTECTED: "The file, or a file in it, is locked with a password: save a copy without "
    "password or restrictions, and declare that.",
    RejectionCode.TYPE_MISMATCH: "The file's bytes are not of the media type declared: declare it anew as what it is.",
    RejectionCode.TRUNCATED: "The file breaks off before its end, so that it cannot be opened as a whole: export or "
    "copy it again from where it came from, and declare that.",
    RejectionCode.ARCHIVE_BOMB: "The archive unpacks to far more than it is, or archives are packed in archives too "
    "deep: pack the files themselves, in several archives if need be, and declare those.",
    RejectionCode.NOT_SCANNED: "No malware scanner saw the file, and this service accepts none unscanned: tell its "
    "operator, or send the file in smaller pieces where it is a large one.",
    RejectionCode.MISSING: "Storage does not hold the file any more: declare it anew and upload it.",
    RejectionCode.UNREADABLE: "Storage took the file and cannot give it back: declare it anew and upload it.",
}


def detail_of(code: str, differing_parts: list[int] | None = None) -> str:
    """Return the sentence that goes with a code, with the parts that were found to differ."""
    said = MENDS[RejectionCode(code)]
    if not differing_parts:
        return said
    return f"{said} Parts that are not those signed for: {', '.join(map(str, differing_parts))}."
