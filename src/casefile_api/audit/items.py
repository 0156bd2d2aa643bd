"""An entry as it is served: its stored bytes put in place as they are, since they are what was hashed."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row

# An entry that is not here has left its leaf, and is served with that alone: erased because it was kept too long,
# detached into an archive, or (which a verification names) missing.
_LOG = "coalesce(cast(:log as integer), (select count(*) + 1 from audit_succession))"
_STATE = f"""case when e.id is not null then null
    when exists (select from audit_erasure r
                 where r.kind = 'entries' and r.confirmed_at is not null and r.log = {_LOG}
                     and r.leaves @> l.leaf_index) then 'erased'
    when (select not d.attached from audit_detached d where d.log = {_LOG} and d.leaves @> l.leaf_index
          order by d.happened_at desc limit 1) then 'detached'
    else 'missing' end as state"""
COLUMNS = f"l.leaf_index, l.entry_id as id, e.occurred_at, l.leaf_hash, e.entry, e.erasable, e.salt, {_STATE}"
# Of what was found by a search: the leaf itself is looked up where the entry is not here.
_LEAF = "coalesce(e.leaf_hash, (select leaf_hash from audit_leaf where leaf_index = l.leaf_index)) as leaf_hash"
FOUND_COLUMNS = f"l.leaf_index, l.id, e.occurred_at, {_LEAF}, e.entry, e.erasable, e.salt, {_STATE}"
WAITING_COLUMNS = (
    "cast(null as bigint) as leaf_index, e.id, e.occurred_at, e.leaf_hash, e.entry, e.erasable, e.salt,"
    " cast(null as text) as state"
)
ENTRY_KEYS = (
    "id", "occurred_at", "operation", "action", "outcome", "organisation", "client_id", "staff_id", "roles",
    "justification_code", "case_file_id", "target_type", "target_id", "target_version", "recipients", "request_id",
    "source", "erasable_hash", "nonce",
)  # fmt: skip
CSV_COLUMNS = ("leaf_index", "leaf_hash", *ENTRY_KEYS, "justification_text", "details", "salt")


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A stored entry with its place; where the entry is not here, `state` says why."""

    leaf_index: int | None
    id: UUID
    occurred_at: datetime | None
    leaf_hash: bytes
    entry: bytes | None
    erasable: bytes | None
    salt: str | None
    state: str | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> "EntryRow":
        """The entry of a row of COLUMNS."""
        kept = bytes(row.erasable) if row.erasable is not None else None
        entry = bytes(row.entry) if row.entry is not None else None
        place, moment = row.leaf_index, row.occurred_at
        return cls(place, row.id, moment, bytes(row.leaf_hash), entry, kept, row.salt, row.state)

    @property
    def about_case(self) -> str | None:
        """The case file that the entry is about."""
        return orjson.loads(self.entry)["case_file_id"] if self.entry is not None else None

    def members(self) -> bytes:
        """The members of the JSON item, without its braces."""
        place = b"null" if self.leaf_index is None else str(self.leaf_index).encode()
        salt = b"null" if self.salt is None else orjson.dumps(self.salt)
        return (
            b'"leaf_index":' + place + b',"leaf_hash":"' + self.leaf_hash.hex().encode() + b'"'
            + b',"entry":' + (self.entry or b"null")
            + b',"erasable":' + (self.erasable or b"null") + b',"salt":' + salt
            + (b',"state":"' + self.state.encode() + b'"' if self.state else b"")
        )  # fmt: skip

    def as_json(self) -> bytes:
        """The item of a listing."""
        return b"{" + self.members() + b"}"

    def as_line(self, tree_size: int, hashes: Sequence[bytes]) -> bytes:
        """A line of the NDJSON export, with the proof that it is in the tree of a size."""
        proof = orjson.dumps({"tree_size": tree_size, "hashes": [value.hex() for value in hashes]})
        return b"{" + self.members() + b',"inclusion":' + proof + b"}\n"

    def cells(self) -> list[str]:
        """The cells of a line of the CSV export."""
        entry: dict[str, Any] = orjson.loads(self.entry) if self.entry else dict.fromkeys(ENTRY_KEYS)
        erasable: dict[str, Any] = orjson.loads(self.erasable) if self.erasable else {}
        details = erasable.get("details")
        place = "" if self.leaf_index is None else str(self.leaf_index)
        text = _harmless(erasable.get("justification_text") or "")
        words = orjson.dumps(details).decode() if details else ""
        return [place, self.leaf_hash.hex(), *(_cell(entry[key]) for key in ENTRY_KEYS), text, words, self.salt or ""]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _harmless(text: str) -> str:
    """Free text that a spreadsheet would take for a formula is marked as text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Lines of RFC 4180 CSV."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
