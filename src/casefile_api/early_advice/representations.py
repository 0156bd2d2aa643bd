"""Parts of what callers get: what is the same in requests, actions, escalations and messages."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from casefile_api.case_files.schemas import ActorView
from casefile_api.early_advice.clocks import ClockKind, Side


class Representation(BaseModel):
    """An outbound body."""

    model_config = ConfigDict(populate_by_name=True)


class Prosecutor(Representation):
    """The prosecutor to whom a request is allocated."""

    staff_id: str
    name: str | None = None
    rank: str | None = None


class ClockView(Representation):
    """A deadline with its history. `due_at` is the last second of the London due date, in UTC."""

    kind: ClockKind
    started_at: str
    due_at: str
    paused_at: str | None
    paused_days: int
    stopped_at: str | None
    breached_at: str | None
    with_: Side = Field(alias="with", description="who holds the ball")


class OpenStep(Representation):
    """A step that may follow, and whether this caller may take it now."""

    step: str
    href: str
    allowed: bool


class TakenStep(Representation):
    """A step that was taken, and what was said with it."""

    number: int
    step: str
    from_: str | None = Field(alias="from")
    to: str
    at: str
    by: ActorView
    version: int | None
    said: dict[str, Any]


class QuestionView(Representation):
    """A matter on which advice is wanted."""

    topic: str
    question: str


class AdviceText(Representation):
    """Advice on a topic."""

    topic: str
    text: str


class AdviceView(Representation):
    """The advice as issued: privileged, for the parties to the request alone."""

    issued_at: str
    issued_by: ActorView
    advice: list[AdviceText]
    strategy: str | None
    proposed_charges: list[dict[str, Any]]
    attachment_ids: list[str]


class ReceivedFile(Representation):
    """An attachment as received."""

    id: str
    sha256: str


class Receipt(Representation):
    """Proof of what the CPS received: digest, hashes, time, and the entry in the log."""

    version: int
    digest: str
    attachments: list[ReceivedFile]
    received_at: str
    audit_entry_id: str
    leaf_hash: str


class Spell(Representation):
    """A time in which one side held the ball; the last has no end while the request is open."""

    with_: Side = Field(alias="with", description="who was to act")
    since: str
    until: str | None
    seconds: int | None
