"""Reading a signed token strictly, before any library decides what to do with it (RFC 7515 3.1, RFC 8725 3).

A token has one spelling here. Padding, stray bits in the last character of a segment, a member named twice or a header
that brings its own key give an attacker a second spelling of a token we think we know, so each is refused unread.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_TOKEN_BYTES = 8 * 1024

UNTRUSTED_HEADERS = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip"})
"""Header members that bring a key along or change what the signature means. We know our callers' keys already."""


class NotCompact(ValueError):
    """The text is not a signed token in the one spelling we take; `reason` is a word for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CompactToken:
    """The three parts of a signed token, read and not yet believed."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signature: bytes

    def text(self, name: str) -> str | None:
        """Return a claim that is a string with something in it, else None."""
        value = self.claims.get(name)
        return value if isinstance(value, str) and value else None

    def moment(self, name: str) -> int | None:
        """Return a claim that is a whole number of seconds since 1970, else None."""
        value = self.claims.get(name)
        return value if type(value) is int and 0 <= value < 2**40 else None


def read_compact(token: str, *, longest_bytes: int = LONGEST_TOKEN_BYTES) -> CompactToken:
    """Take a JWS in compact form apart.

    Raises NotCompact, whose reason is `oversized` or `malformed`.
    """
    if len(token) > longest_bytes:
        raise NotCompact("oversized")
    segments = token.split(".")
    if len(segments) != 3:
        raise NotCompact("malformed")
    header, claims, signature = (_bytes_of(segment) for segment in segments)
    return CompactToken(_object_in(header), _object_in(claims), signature)


def base64url(raw: bytes) -> str:
    """Return bytes in base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes_of(segment: str) -> bytes:
    """Decode base64url without padding, refusing every spelling but the one an encoder writes."""
    try:
        raw = segment.encode("ascii")
        decoded = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise NotCompact("malformed") from None
    if not segment or base64.urlsafe_b64encode(decoded).rstrip(b"=") != raw:
        raise NotCompact("malformed")
    return decoded


def _object_in(raw: bytes) -> dict[str, object]:
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise NotCompact("malformed") from None
    if not isinstance(value, dict):
        raise NotCompact("malformed")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCompact("malformed")
    return members


def _refuse_constant(_: str) -> object:
    raise NotCompact("malformed")
