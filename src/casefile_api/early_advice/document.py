"""What a document on paper says: headings and lines, under a title, a mark and a reference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading within the document."""

    words: str


@dataclass(frozen=True)
class Lines:
    """Words as somebody wrote them, line by line; under a lead of a few words where there is one."""

    words: str
    lead: str | None = None


Block: TypeAlias = Heading | Lines


@dataclass(frozen=True)
class Document:
    """A document: its title, the mark that stands on every page, its reference, and what it says."""

    title: str
    mark: str
    reference: str
    blocks: Sequence[Block] = field(default_factory=tuple)
