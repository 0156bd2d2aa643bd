"""Canonical JSON (RFC 8785) and the hashes over it: what digests, leaves and tags are made of.

orjson's sorted output equals RFC 8785 where names are ASCII and numbers are integers within ±(2^53−1); a property test
proves it. Elsewhere `rfc8785` is used.
"""

import hashlib
from typing import Any

import orjson
import rfc8785


def canonical_json(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value."""
    if _plain(value):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(value)


def canonical_record(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value we made ourselves: ASCII names, no floats, nothing to look through for."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of the bytes in lowercase hex."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: Any) -> bool:
    """Say whether orjson's sorted output of this value is RFC 8785's: ASCII names, no floats."""
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is dict:
            for name, member in item.items():
                if type(name) is not str or not name.isascii():
                    return False
                pending.append(member)
        elif kind is list:
            pending.extend(item)
        elif kind is not str and kind is not int and kind is not bool and item is not None:
            return False
    return True
