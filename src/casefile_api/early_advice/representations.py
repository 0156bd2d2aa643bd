"""What callers get: the shapes that the OpenAPI document promises for requests, actions and messages."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from casefile_api.case_files.schemas import ActorView
from casefile_api.early_advice.actions_workflow import ActionState
from casefile_api.early_advice.clocks import ClockKind, Side
from casefile_api.early_advice.ladder import Outcome, Subject
from casefile_api.early_advice.work_lists import WorkList
from casefile_api.early_advice.workflow import State


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


class RequestItem(Representation):
    """A request as an item of a queue."""

    id: str
    case_file_id: str
    previous_request_id: str | None
    organisation: str
    police_unit: str
    cps_organisation: str | None
    cps_unit: str | None
    state: State
    with_: Side = Field(alias="with", description="who is to act")
    suspect_ids: list[str]
    method: str | None
    version: int | None = Field(description="the version endorsed or shared last")
    review_type: str | None
    case_type: str | None
    prosecutor: Prosecutor | None
    response_due_on: str | None
    created_at: str
    submitted_at: str | None
    updated_at: str
    clocks: list[ClockView]
    steps: list[OpenStep]


class QueueItem(RequestItem):
    """A request in a list, with its tag."""

    etag: str


class Spell(Representation):
    """A time in which one side held the ball; the last has no end while the request is open."""

    with_: Side = Field(alias="with", description="who was to act")
    since: str
    until: str | None
    seconds: int | None


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


class RequestView(RequestItem):
    """The whole story of a request."""

    facts: str
    issues: str
    advice_sought: list[QuestionView]
    advice: AdviceView | None
    outcomes: list[OutcomeView] = Field(description="what became of the suspects, as the police told it")
    held: list[Spell] = Field(description="who held the ball for how long, without a gap while the request is open")
    history: list[TakenStep]
    receipt: Receipt | None = Field(None, description="in the answer to a step that shares a version")


class QueuePage(Representation):
    """A page of the queue."""

    items: list[QueueItem]
    next_cursor: str | None


class QueueCount(Representation):
    """How many open requests are on one of the caller's lists."""

    queue: WorkList
    count: int
    href: str


class QueueCounts(Representation):
    """All lists of the caller with their counts at a moment."""

    as_of: str
    queues: list[QueueCount]


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


class FileChanges(Representation):
    """Which two versions of the case file to compare to see what an answer brought, and where."""

    since: int
    version: int
    href: str


class ActionItem(Representation):
    """An action of the action plan."""

    id: str
    early_advice_request_id: str
    case_file_id: str
    number: int
    state: ActionState
    with_: Side = Field(alias="with", description="who is to act")
    category: str
    description: str
    justification: str | None
    gating: Literal["pre_decision", "post_charge"]
    suspect_ids: list[str]
    due_on: str
    extension_requested_to: str | None
    cycle: int
    set_at: str
    updated_at: str
    clocks: list[ClockView]
    steps: list[OpenStep]


class ListedAction(ActionItem):
    """An action in a list, with its tag."""

    etag: str


class TakenActionStep(TakenStep):
    """A step that was taken with an action."""

    cycle: int
    due_on: str | None
    due_on_before: str | None


class ActionView(ActionItem):
    """An action with its history."""

    file_changes: FileChanges | None = Field(
        description="between the version the action was set on and the newest one it was answered with"
    )
    history: list[TakenActionStep]
    receipt: Receipt | None = Field(None, description="in the answer to a return that shares a version")


class ActionPage(Representation):
    """A page of an action plan."""

    items: list[ListedAction]
    next_cursor: str | None


class RequirementResult(Representation):
    """What the standard says of one requirement."""

    code: str
    level: str
    outcome: str
    pointer: str | None
    message: str
    mend: str | None = None
    prevents: list[str] = Field(default_factory=list)


class RequestReadiness(Representation):
    """Whether the newest version and the request together meet the standard for early advice."""

    standard: str
    rule_set: str
    ready: bool
    results: list[RequirementResult]


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
