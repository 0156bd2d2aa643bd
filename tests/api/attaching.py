"""What the tests of attachments share: small files with something wrong, and the parties that handle them."""

import os
from dataclasses import replace
from typing import Any

from tests.outside.client import Party
from tests.outside.files import EvidenceFile, statement
from tests.outside.uploads import declare, settled, upload

Json = Any
PART_BYTES = 8 * 1024 * 1024
# Ceph takes other bytes than were signed for, and a URL twice: what it lets in is found by reading back.
ON_CEPH = os.environ.get("CASEFILE_TEST_STORE") == "ceph"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def text_file(data: bytes, name: str = "note.txt") -> EvidenceFile:
    """A plain text to attach."""
    return EvidenceFile(name, "text/plain", "MG11", "A note", data)


def large_text(size: int = 2 * PART_BYTES + 5) -> EvidenceFile:
    """A text that goes in parts."""
    line = b"All of this is invented for a test. 0123456789\n"
    return text_file((line * (size // len(line) + 1))[:size], "long.txt")


def holding(file: EvidenceFile, data: bytes) -> EvidenceFile:
    """The same file with other bytes."""
    return replace(file, data=data)


def completed(party: Party, case_id: str, declared_as: EvidenceFile, sent: EvidenceFile | None = None) -> Json:
    """Declares one file, sends another (of the same size) and completes: the attachment once it is decided."""
    declared = declare(party, case_id, declared_as)
    upload(party, declared, sent or declared_as)
    party.post(f"/v1/attachments/{declared['id']}/complete", expect=202)
    return settled(party, declared["id"])


def a_statement(number: int) -> EvidenceFile:
    """A statement that differs by its number."""
    return statement(number, pages=1)
