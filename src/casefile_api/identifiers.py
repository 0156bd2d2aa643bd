"""Identifiers: opaque UUIDv7 strings (RFC 9562 5.7), so that keys sort by time and say nothing else."""

import os
import secrets
import time
from typing import NewType
from uuid import UUID

from casefile_api.errors import NotFound

OrganisationId = NewType("OrganisationId", str)
UnitId = NewType("UnitId", str)
StaffId = NewType("StaffId", str)


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then randomness."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def parse_id(text: str) -> UUID:
    """Read an identifier from a path.

    Raises NotFound where it is none in its canonical form: a syntactically bad id names nothing.
    """
    try:
        value = UUID(text)
    except ValueError:
        raise NotFound() from None
    if str(value) != text:
        raise NotFound()
    return value


def random_hex(size_bytes: int) -> str:
    """Return `size_bytes` random bytes as lowercase hex."""
    return secrets.token_hex(size_bytes)
