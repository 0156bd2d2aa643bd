"""A true log of any size, made fast: entries as the service writes them, their leaves, tiles and a signed checkpoint.

What comes out verifies like any other (`audit verify`). Cases, staff and days grow with the log, so that a case has
about fifty entries whether the log holds ten thousand or five million.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from casefile_api.clock import utc_micros
from casefile_api.ledger import tiles, tree
from casefile_api.ledger.checkpoints import Checkpoint, SignerKey, sign_checkpoint
from casefile_api.ledger.tiles import TileId

AT_ONCE = 8_192
BEGAN = datetime(2026, 10, 1, tzinfo=UTC)
ENTRIES_A_CASE, ENTRIES_A_PERSON, RARE = 50, 500, 20
_BEGAN_MILLISECONDS, _EVERY_MILLISECONDS = int(BEGAN.timestamp() * 1000), 200
EVERY = timedelta(milliseconds=_EVERY_MILLISECONDS)
FORCES = [f"police-{number:02d}" for number in range(1, 44)] + [f"cps-area-{number}" for number in range(14)]
ACTIONS = ("get_case_file", "list_case_files", "get_version", "get_attachment_content", "list_timeline")

# RFC 8785 writes members by name, so the same words always stand in the same places.
_TEMPLATE = (
    '{"action":"%s","case_file_id":"%s","client_id":"%s","erasable_hash":null,"id":"%s","justification_code":"investigation",'
    '"nonce":"%032x","occurred_at":"%s","operation":"consultation","organisation":"%s","outcome":"%s","recipients":null,'
    '"request_id":"%s","roles":["officer"],"source":"%064x","staff_id":"%s","target_id":"%s","target_type":"case_file",'
    '"target_version":1}'
)
_FOUND_BY = "id, occurred_at, operation, action, outcome, organisation, client_id, staff_id, case_file_id, owner"
_COLUMNS = {
    "audit_entry": f"{_FOUND_BY}, entry, leaf_hash",
    "audit_leaf": "leaf_index, entry_id, leaf_hash",
    "audit_search": f"leaf_index, {_FOUND_BY}",
}
_INDEXES = """
    select indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') from pg_index
    where indrelid = any(%s::regclass[]) and not indisprimary
"""


@dataclass(frozen=True)
class Filled:
    """What was put in, for whoever wants to look for it."""

    size: int

    @property
    def cases(self) -> int:
        """How many case files."""
        return max(1, self.size // ENTRIES_A_CASE)

    @property
    def people(self) -> int:
        """How many members of staff."""
        return max(1, self.size // ENTRIES_A_PERSON)

    def case(self, number: int) -> UUID:
        """One of the case files."""
        return UUID(int=_case(number % self.cases))

    def moment(self, leaf: int) -> datetime:
        """When the entry of a leaf occurred."""
        return BEGAN + EVERY * leaf

    def line(self, leaf: int, chance: random.Random) -> "Line":
        """An entry, written out."""
        at, bits = utc_micros(self.moment(leaf)), chance.getrandbits(74)
        milliseconds = _BEGAN_MILLISECONDS + leaf * _EVERY_MILLISECONDS
        identifier = _uuid(milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0x2 << 62 | bits & (1 << 62) - 1)
        case = _uuid(_case(chance.randrange(self.cases)))
        force = FORCES[leaf % len(FORCES)]
        action = "confirm_erasure" if leaf % max(1, self.size // RARE) == 7 else ACTIONS[chance.randrange(len(ACTIONS))]
        outcome = "refused" if leaf % 100 == 3 else "allowed"
        client, staff = f"{force}-rms", f"s{chance.randrange(self.people)}"
        words = (action, case, client, identifier, bits, at, force, outcome, identifier, bits, staff, case)
        entry = _TEMPLATE % words
        leaf_hash = hashlib.sha256(b"\0" + entry.encode()).digest()
        found_by = (identifier, at, "consultation", action, outcome, force, client, staff, case, force)
        return Line(leaf, identifier, entry, leaf_hash, "\t".join(found_by))


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in the three tables, in the words of COPY: nothing in it wants escaping."""

    leaf: int
    identifier: str
    entry: str
    leaf_hash: bytes
    found_by: str

    @property
    def rows(self) -> tuple[str, str, str]:
        """The entry, its leaf, and what searches go by."""
        leaf_hash = rf"\\x{self.leaf_hash.hex()}"
        return (
            f"{self.found_by}\t{self.entry}\t{leaf_hash}\n",
            f"{self.leaf}\t{self.identifier}\t{leaf_hash}\n",
            f"{self.leaf}\t{self.found_by}\n",
        )


def _uuid(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _case(number: int) -> int:
    return (0x7 << 76) | (0x2 << 62) | number


def batches(filled: Filled) -> Iterator[list[Line]]:
    """The entries, some at a time."""
    chance = random.Random(0)
    for start in range(0, filled.size, AT_ONCE):
        yield [filled.line(leaf, chance) for leaf in range(start, min(start + AT_ONCE, filled.size))]


def fill(url: str, signer: SignerKey, size: int) -> Filled:
    """Fill an empty log up to a size and sign it."""
    filled, grown, edge, number = Filled(size), 0, dict[TileId, bytes](), 0
    options = "-c synchronous_commit=off -c maintenance_work_mem=1GB"
    with psycopg.connect(url, options=options) as connection, _without_indexes(connection):
        for batch in batches(filled):
            _copy(connection, batch)
            changed = tiles.append(grown, edge, [line.leaf_hash for line in batch])
            _put(connection, changed)
            grown += len(batch)
            kept = edge | changed
            edge = {tile: kept[tile] for tile in tiles.right_edge(grown) if tile in kept}
            number += 1
            _sign(connection, signer, number, grown, edge, filled.moment(grown))
            connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return filled


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Make the indexes that searches go by at the end: millions of rows go in in minutes, and not in an hour."""
    found = connection.execute(_INDEXES, [list(_COLUMNS)]).fetchall()
    for name, _ in found:
        connection.execute(f"drop index {name}".encode())
    yield
    for _, definition in found:
        connection.execute(definition.encode())


def _copy(connection: psycopg.Connection[Any], batch: Sequence[Line]) -> None:
    for (table, columns), rows in zip(_COLUMNS.items(), zip(*(line.rows for line in batch), strict=True), strict=True):
        with connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin".encode()) as copy:
            copy.write("".join(rows))


def _put(connection: psycopg.Connection[Any], changed: Mapping[TileId, bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into audit_tile values (%s, %s, %s) on conflict (level, number)"
            " do update set hashes = excluded.hashes",
            [(tile.level, tile.number, hashes) for tile, hashes in changed.items()],
        )


def _sign(
    connection: psycopg.Connection[Any],
    signer: SignerKey,
    number: int,
    size: int,
    edge: dict[TileId, bytes],
    now: datetime,
) -> None:
    read = tiles.node_reader(edge)
    root = tree.fold([read(node) for node in tree.root_plan(size)])
    note = sign_checkpoint(Checkpoint(signer.name, size, root), [signer])
    connection.execute(
        "insert into audit_checkpoint (id, tree_size, root_hash, note, created_at) values (%s, %s, %s, %s, %s)",
        (number, size, root, note, now),
    )
