"""Strong entity tags (RFC 9110 8.8.3): a tag is the hash of the representation that this organisation would get.

`steps` depend on the person and some clock fields on the time of reading: they are left out, so that a tag changes only
when something was changed.
"""

import base64
import hashlib
import re
from typing import Any

from casefile_api.canonical import canonical_json
from casefile_api.errors import Fault, Invalid

_LEFT_OUT = frozenset({"steps", "breached_at", "paused_days"})
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def tag_of(view: Any) -> str:
    """Return the strong tag of a representation (a JSON value)."""
    return tag_of_bytes(canonical_json(_lasting(view)))


def tag_of_bytes(canonical: bytes) -> str:
    """Return the strong tag of a representation of which everything lasts, by its canonical bytes."""
    digest = hashlib.sha256(canonical).digest()
    return '"' + base64.urlsafe_b64encode(digest[:18]).decode() + '"'


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(member) for name, member in value.items() if name not in _LEFT_OUT}
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    return value


def read_tags(header: str, name: str) -> frozenset[str]:
    """Read the tags of an If-Match or If-None-Match header; `*` is returned as it is.

    Raises Invalid where the header is not a list of tags.
    """
    if header.strip() == "*":
        return frozenset({"*"})
    tags = frozenset(part.strip() for part in re.split(r",\s*(?=(?:W/)?\")", header.strip()) if part.strip())
    if not tags or not all(_TAG.fullmatch(tag) for tag in tags):
        raise Invalid(
            f"{name} is not a list of entity tags.",
            Fault("malformed", "Send the ETag as it was given, in quotes.", header=name),
        )
    return tags


def unchanged(if_none_match: str | None, tag: str) -> bool:
    """Say whether a reader has this representation already (weak comparison, RFC 9110 13.1.2)."""
    if not if_none_match:
        return False
    try:
        seen = read_tags(if_none_match, "If-None-Match")
    except Invalid:
        return False
    return "*" in seen or tag in {item.removeprefix("W/") for item in seen}
