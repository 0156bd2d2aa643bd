"""What callers get beside a request: drafts of advice, escalations, outcomes, advice not sought, messages."""

from typing import Any, Literal

from pydantic import Field

from casefile_api.case_files.schemas import ActorView
from casefile_api.early_advice.ladder import Outcome, Subject
from casefile_api.early_advice.representations import AdviceText, ClockView, Representation


class AdviceDraftView(Representation):
    """Advice as it was saved while it was written: the CPS unit's alone."""

    id: str
    early_advice_request_id: str
    number: int
    saved_at: str
    by: ActorView
    advice: list[AdviceText]
    strategy: str | None
    proposed_charges: list[dict[str, Any]]
    actions: list[dict[str, Any]]


class AdviceDraftPage(Representation):
    """A page of the versions of a draft."""

    items: list[AdviceDraftView]
    next_cursor: str | None


class EscalationView(Representation):
    """A disagreement at one level of the ladder, with its answer."""

    id: str
    early_advice_request_id: str
    number: int
    level: int
    to_side: Literal["police", "cps"] = Field(description="the side that answers")
    subject: Subject
    action_id: str | None
    previous_id: str | None
    grounds: str
    raised_at: str
    raised_by: ActorView
    due_at: str
    clock: ClockView | None = Field(description="the deadline of the answer; null for one raised before there were any")
    answered_at: str | None
    answered_by: ActorView | None
    outcome: Outcome | None
    reason: str | None


class ListedEscalation(EscalationView):
    """An escalation in a list, with its tag."""

    etag: str


class EscalationList(Representation):
    """All escalations of a request: a handful."""

    items: list[ListedEscalation]


class OutcomeView(Representation):
    """What became of a suspect of a request, as the police told it."""

    id: str
    early_advice_request_id: str
    suspect_id: str
    outcome: str
    decided_on: str
    days_after_submission: int = Field(description="London dates from the request's first submission to the decision")
    stands: bool = Field(description="whether nothing newer was told of the suspect")
    reason: str | None
    recorded_at: str
    by: ActorView


class OutcomeList(Representation):
    """All that was told of the suspects of a request: a handful."""

    items: list[OutcomeView]


class NotSoughtView(Representation):
    """That early advice was not sought for these suspects, and why."""

    id: str
    case_file_id: str
    suspect_ids: list[str]
    code: str
    reason: str | None
    recorded_at: str
    by: ActorView


class NotSoughtPage(Representation):
    """A page of what was recorded of a case file."""

    items: list[NotSoughtView]
    next_cursor: str | None


class ReadBy(Representation):
    """Somebody who marked a message as read."""

    organisation: str
    staff_id: str | None
    read_at: str


class MessageView(Representation):
    """A message between officer and prosecutor."""

    id: str
    early_advice_request_id: str
    number: int
    sent_at: str
    by: ActorView
    to_side: Literal["police", "cps"]
    to_staff_id: str | None
    text: str
    attachment_ids: list[str]
    read_by: list[ReadBy] = Field(description="who marked it as read, and when first; never who sent it")


class ReadMark(Representation):
    """That the caller has read the messages up to a number."""

    early_advice_request_id: str
    up_to: int
    read_at: str


class MessagePage(Representation):
    """A page of a thread."""

    items: list[MessageView]
    next_cursor: str | None
