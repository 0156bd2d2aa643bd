"""A true log of any size, made fast: entries as the service writes them, their leaves, tiles and a signed checkpoint.

What comes out verifies like any other (`audit verify`). Cases, staff and days grow with the log, so that a case has
about fifty entries whether the log holds ten thousand or five million.
"""

import hashlib
import random
from collections.abc import Iterator
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
EVERY = timedelta(milliseconds=200)
FORCES = [f"police-{number:02d}" for number in range(1, 44)] + [f"cps-area-{number}" for number in range(14)]
ACTIONS = ("get_case_file", "list_case_files", "get_version", "get_attachment_content", "list_timeline")

# RFC 8785 writes members by name, so the same words always stand in the same places.
_TEMPLATE = (
    '{"action":"%s","case_file_id":"%s","client_id":"%s","erasable_hash":null,"id":"%s","justification_code":"investigation",'
    '"nonce":"%032x","occurred_at":"%s","operation":"consultation","organisation":"%s","outcome":"%s","recipients":null,'
    '"request_id":"%s","roles":["officer"],"source":"%064x","staff_id":"%s","target_id":"%s","target_type":"case_file",'
    '"target_version":1}'
)
_COLUMNS = (
    "id, occurred_at, entry, leaf_hash, operation, action, outcome, organisation, client_id, staff_id, case_file_id,"
    " owner"
)

_FOUND_BY = "id, occurred_at, operation, action, outcome, organisation, client_id, staff_id, case_file_id, owner"


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
        return UUID(int=(0x7 << 76) | (0x2 << 62) | (number % self.cases))

    def moment(self, leaf: int) -> datetime:
        """When the entry of a leaf occurred."""
        return BEGAN + EVERY * leaf

    def row(self, leaf: int, chance: random.Random) -> tuple[Any, ...]:
        """An entry: its columns, its canonical bytes and its leaf."""
        at = self.moment(leaf)
        bits = chance.getrandbits(74)
        milliseconds = int(at.timestamp() * 1000)
        identifier = UUID(int=milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0x2 << 62 | bits & (1 << 62) - 1)
        case = self.case(chance.randrange(self.cases))
        force = FORCES[leaf % len(FORCES)]
        action = "confirm_erasure" if leaf % max(1, self.size // RARE) == 7 else ACTIONS[chance.randrange(len(ACTIONS))]
        outcome = "refused" if leaf % 100 == 3 else "allowed"
        client, staff = f"{force}-rms", f"s{chance.randrange(self.people)}"
        words = (action, case, client, identifier, bits, utc_micros(at), force, outcome, identifier, bits, staff, case)
        entry = (_TEMPLATE % words).encode()
        leaf_hash = hashlib.sha256(b"\0" + entry).digest()
        return (identifier, at, entry, leaf_hash, "consultation", action, outcome, force, client, staff, case, force)


def rows(filled: Filled, first: int) -> Iterator[list[tuple[Any, ...]]]:
    """The entries from a leaf on, some at a time."""
    chance = random.Random(first)
    for start in range(first, filled.size, AT_ONCE):
        yield [filled.row(leaf, chance) for leaf in range(start, min(start + AT_ONCE, filled.size))]


def fill(url: str, signer: SignerKey, size: int) -> Filled:
    """Fill an empty log up to a size and sign it."""
    filled, grown, edge, number = Filled(size), 0, dict[TileId, bytes](), 0
    with psycopg.connect(url) as connection:
        for batch in rows(filled, 0):
            with connection.cursor() as cursor:
                with cursor.copy(f"copy audit_entry ({_COLUMNS}) from stdin".encode()) as copy:
                    for row in batch:
                        copy.write_row(row)
                with cursor.copy(b"copy audit_leaf (leaf_index, entry_id, leaf_hash) from stdin") as copy:
                    for place, row in enumerate(batch, start=grown):
                        copy.write_row((place, row[0], row[3]))
                with cursor.copy(f"copy audit_search (leaf_index, {_FOUND_BY}) from stdin".encode()) as copy:
                    for place, row in enumerate(batch, start=grown):
                        copy.write_row((place, *row[:2], *row[4:]))
                changed = tiles.append(grown, edge, [row[3] for row in batch])
                cursor.executemany(
                    "insert into audit_tile values (%s, %s, %s) on conflict (level, number)"
                    " do update set hashes = excluded.hashes",
                    [(tile.level, tile.number, hashes) for tile, hashes in changed.items()],
                )
            grown += len(batch)
            kept = edge | changed
            edge = {tile: kept[tile] for tile in tiles.right_edge(grown) if tile in kept}
            number += 1
            _sign(connection, signer, number, grown, edge, filled.moment(grown))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return filled


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
