"""One entry held against its own hash and its commitment. Pure: the same for the database and for an export."""

from typing import Any

import orjson

from casefile_api.audit.items import ENTRY_KEYS
from casefile_api.canonical import canonical_json, sha256_hex


def read_entry(entry: bytes) -> dict[str, Any] | str:
    """The entry of stored bytes; or what is wrong with them, where they are not the canonical bytes of an entry."""
    try:
        fields = orjson.loads(entry)
    except ValueError:
        return "its bytes are not JSON"
    return wrong_shape(fields) or ("its bytes are not canonical" if canonical_json(fields) != entry else fields)


def wrong_shape(fields: object) -> str | None:
    """What is wrong with the members of an entry."""
    if not isinstance(fields, dict) or set(fields) != set(ENTRY_KEYS):
        return "it has not the members of an entry"
    return None


def wrong_commitment(fields: dict[str, Any], erasable: object, salt: object) -> str | None:
    """What is wrong between the erasable part and the hash that committed to it; an erased part is not wrong."""
    committed = fields["erasable_hash"]
    if erasable is None and salt is None:
        return None
    if committed is None:
        return "it has free text or details, but committed to none"
    if erasable is None or salt is None:
        return "only one of its free text and its salt is there"
    if sha256_hex(canonical_json({"erasable": erasable, "salt": salt})) != committed:
        return "its free text or details do not match the commitment"
    return None


def is_erased(fields: dict[str, Any], erasable: object) -> bool:
    """Whether there was something erasable and it was erased."""
    return fields["erasable_hash"] is not None and erasable is None
