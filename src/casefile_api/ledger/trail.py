"""What the audit entry of one request will say. Commands and queries fill it in as they learn what they touch.

The entry's id is known from the start, so that what a change writes can name its entry before it is complete.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from casefile_api.access.key_proofs import KeyProof
from casefile_api.access.permissions import Operation62
from casefile_api.identifiers import new_id


@dataclass(slots=True)
class Trail:
    """The trail of one request, or of one act of the worker or the command line."""

    action: str
    word: Operation62 | None = None
    request_id: str | None = None
    source: str | None = None
    case_file_id: UUID | None = None
    owner: str | None = None
    # Whose thing it is, where that is not the force whose case it is: what the CPS attached or advised, say.
    held_by: str | None = None
    target_type: str | None = None
    target_id: str | None = None
    target_version: int | None = None
    recipients: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    # The shape of what a list was asked for: never a value that could be about somebody.
    query: dict[str, Any] = field(default_factory=dict)
    # What the caller says of the call beside what it asks for: on whose behalf, in which session.
    context: dict[str, str] = field(default_factory=dict)
    entry_id: UUID = field(default_factory=new_id)
    # The break-glass openings by which alone the caller saw what they saw.
    broken_glass: list[str] = field(default_factory=list)
    told: bool = False
    recorded: bool = False
    # What the caller proved its key with: used up where the entry is written, or nothing is.
    key_proof: KeyProof | None = None

    def about(
        self,
        target_type: str,
        target_id: UUID | str | None,
        *,
        version: int | None = None,
        case_file_id: UUID | None = None,
        owner: str | None = None,
    ) -> None:
        """Say what the request is about; what is known already is kept."""
        self.target_type = target_type
        self.target_id = str(target_id) if target_id is not None else None
        self.target_version = version if version is not None else self.target_version
        self.case_file_id = case_file_id or self.case_file_id
        self.owner = owner or self.owner

    def showed(self, case_file_ids: Iterable[UUID | str | None]) -> None:
        """Say which case files came back from a list that is not of one case file."""
        shown = sorted({str(found) for found in case_file_ids if found is not None})
        self.details = {**self.details, "case_file_ids": shown}

    def about_those_of(self, organisations: Iterable[str], *, reader: str) -> None:
        """Say whose the things of a list are: one that is not the reader's own makes the look a disclosure."""
        others = sorted(set(organisations) - {reader})
        self.held_by = others[0] if others else self.held_by

    def seen_through(self, broken_glass: UUID | None) -> None:
        """Say that something was seen by break-glass alone, where it was: the details name the opening."""
        if broken_glass is not None and str(broken_glass) not in self.broken_glass:
            self.broken_glass.append(str(broken_glass))

    def disclosed_to(self, *recipients: str) -> None:
        """Say that the act discloses to these organisations or units (DPA 2018 s.62(3))."""
        self.word = Operation62.DISCLOSURE
        self.recipients.extend(name for name in recipients if name not in self.recipients)
