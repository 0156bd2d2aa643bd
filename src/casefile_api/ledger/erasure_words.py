"""What can be erased, and why: the words of erasures. Pure."""

from enum import StrEnum


class ErasureKind(StrEnum):
    """What is erased: the free text and details of entries, whole entries, or the content of a case file."""

    TEXT = "text"
    ENTRIES = "entries"
    CASE = "case"


class ErasureReason(StrEnum):
    """Why: a code, since words about a person would be what is to be erased."""

    RETENTION = "retention"
    DATA_SUBJECT = "data-subject"
    COURT_ORDER = "court-order"
    ERROR = "error"
