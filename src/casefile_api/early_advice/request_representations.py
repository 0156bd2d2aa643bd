"""What callers get of a request and of the queue: the shapes that the OpenAPI document promises."""

from pydantic import Field

from casefile_api.early_advice.clocks import Side
from casefile_api.early_advice.following_representations import OutcomeView
from casefile_api.early_advice.representations import (
    AdviceView,
    ClockView,
    OpenStep,
    Prosecutor,
    QuestionView,
    Receipt,
    Representation,
    Spell,
    TakenStep,
)
from casefile_api.early_advice.work_lists import WorkList
from casefile_api.early_advice.workflow import State


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
