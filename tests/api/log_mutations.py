"""Ways to tamper with one row of the log, generated from the tables themselves."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]

KEYS = {
    "audit_entry": ("id",),
    "audit_leaf": ("leaf_index",),
    "audit_search": ("leaf_index",),
    "audit_tile": ("level", "number"),
    "audit_checkpoint": ("id",),
}
FORCE = "police-52"
PUT_IN = {"staff_id": "x", "client_id": "x", "organisation": FORCE, "owner": FORCE, "case_file_id": UUID(int=1)}
NOT_SIGNED = {("audit_checkpoint", "created_at")}
"""When a checkpoint was made is told by nobody but the database; no proof goes by it."""


@dataclass(frozen=True)
class Mutation:
    """What is done to the log, in words, and the statements that do it."""

    what: str
    statements: Sequence[tuple[str, Sequence[object]]]


class Tampering:
    """One table's rows, as they were written, and every way to tamper with one of them."""

    def __init__(self, connection: Connection, table: str, chance: random.Random) -> None:
        self.table, self.keys, self.chance = table, KEYS[table], chance
        cursor = connection.execute(cast(LiteralString, f"select * from {table} order by {', '.join(self.keys)}"))
        self.columns = [column.name for column in cursor.description or ()]
        self.rows = cursor.fetchall()

    def changed_values(self, rows: int) -> Iterator[Mutation]:
        """One byte (or as little as the type allows) of every column, in some rows."""
        for row in self.some(rows):
            for at, column in enumerate(self.columns):
                if (self.table, column) in NOT_SIGNED:
                    continue
                new = self.altered(column, row[at])
                if new is not None:
                    yield self.update(row, {column: new}, f"{column} changed")

    def removed(self, rows: int) -> Iterator[Mutation]:
        for row in self.some(rows):
            statement = f"delete from {self.table} where {self.where}"
            yield Mutation(f"{self.named(row)} removed", [(statement, self.key(row))])

    def inserted(self, rows: int) -> Iterator[Mutation]:
        """A copy of a row, under a key that is free."""
        for row in self.some(rows):
            copy = dict(zip(self.columns, row, strict=True))
            copy |= {key: self.free(key, copy[key]) for key in self.keys}
            if self.table == "audit_leaf":
                copy["entry_id"] = UUID(int=self.chance.getrandbits(128))
            marks = ", ".join(["%s"] * len(copy))
            statement = f"insert into {self.table} ({', '.join(copy)}) values ({marks})"
            yield Mutation(f"{self.named(list(copy.values()))} put in", [(statement, list(copy.values()))])

    def swapped(self, pairs: int) -> Iterator[Mutation]:
        """Two rows with each other's keys."""
        for _ in range(pairs):
            one, other = self.chance.sample(self.rows, 2)
            nowhere = [self.free(key, value) for key, value in zip(self.keys, self.key(one), strict=True)]
            move = f"update {self.table} set {', '.join(f'{key} = %s' for key in self.keys)} where {self.where}"
            moves = [(nowhere, self.key(one)), (self.key(one), self.key(other)), (self.key(other), nowhere)]
            statements = [(move, [*to, *of]) for to, of in moves]
            yield Mutation(f"{self.named(one)} and {self.named(other)} swapped", statements)

    def update(self, row: Sequence[Any], new: dict[str, object], what: str) -> Mutation:
        places = ", ".join(f"{column} = %s" for column in new)
        statement = f"update {self.table} set {places} where {self.where}"
        return Mutation(f"{self.named(row)}: {what}", [(statement, [*new.values(), *self.key(row)])])

    def some(self, count: int) -> list[Any]:
        """Some rows, the first and the last among them."""
        inner = self.rows[1:-1]
        return [self.rows[0], *self.chance.sample(inner, min(count - 2, len(inner))), self.rows[-1]]

    @property
    def where(self) -> str:
        return " and ".join(f"{key} = %s" for key in self.keys)

    def key(self, row: Sequence[Any]) -> list[object]:
        return [row[self.columns.index(key)] for key in self.keys]

    def named(self, row: Sequence[Any]) -> str:
        return f"{self.table} {', '.join(map(str, self.key(row)))}"

    def free(self, key: str, value: object) -> object:
        if isinstance(value, UUID):
            return UUID(int=self.chance.getrandbits(128))
        return 9 if key == "level" else max(row[self.columns.index(key)] for row in self.rows) + 1

    def altered(self, column: str, value: object) -> object | None:
        """The least that can be changed of a value; None where there is nothing to change."""
        if isinstance(value, bytes):
            at, changed = self.chance.randrange(len(value)), bytearray(value)
            changed[at] ^= 1 << self.chance.randrange(8)
            return bytes(changed)
        if column == "outcome":
            return "refused" if value == "allowed" else "allowed"
        if isinstance(value, str):
            at = self.chance.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        if isinstance(value, int):
            taken = {row[self.columns.index(column)] for row in self.rows}
            return next(number for number in (value + 1, value - 1, max(taken) + 1) if number not in taken)
        if isinstance(value, UUID):
            return UUID(int=value.int ^ (1 << self.chance.randrange(128)))
        return value + timedelta(microseconds=1) if isinstance(value, datetime) else PUT_IN.get(column)
