"""Columns that tables of early advice share: words that are sealed, lists of codes and ids, and states of a list."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Column, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB


def one_of(column: str, values: type[StrEnum]) -> str:
    """Return the condition that a column holds one of these."""
    return f"{column} in ({', '.join(repr(value.value) for value in values)})"


def sealed_column(*, nullable: bool = False) -> Column[bytes]:
    """Return a column for words that are sealed."""
    return Column(LargeBinary, nullable=nullable)


def listed_column() -> Column[Any]:
    """Return a column for a list of codes, ids or numbers."""
    return Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
