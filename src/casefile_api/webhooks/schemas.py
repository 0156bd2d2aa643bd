"""Bodies of webhook endpoints: what callers send and what they get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, field_validator, model_validator

from casefile_api.case_files.content.parts import Word
from casefile_api.clock import utc_text
from casefile_api.events import is_pattern
from casefile_api.outward.addresses import MAX_URL_LENGTH
from casefile_api.web.bodies import Body
from casefile_api.web.etags import tag_of
from casefile_api.webhooks.models import WebhookEndpoint
from casefile_api.webhooks.signing import Scheme


def _known_pattern(text: str) -> str:
    if not is_pattern(text):
        raise ValueError("Give the name of an event, all events of one noun (early_advice.*), or all (*).")
    return text


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("Give a time in UTC, with Z.")
    return moment


def _different(patterns: list[str]) -> list[str]:
    if len(set(patterns)) != len(patterns):
        raise ValueError("Name each once.")
    return patterns


Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_URL_LENGTH, pattern=r"^[!-~]+$"),
    Field(description="An https URL on the public internet, without credentials or fragment."),
]
Pattern = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$"), AfterValidator(_known_pattern)
]
Patterns = Annotated[
    list[Pattern],
    Field(min_length=1, max_length=50, description="Events to be told of: exact, `noun.*`, or `*`."),
    AfterValidator(_different),
]
Units = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=64)]],
    Field(max_length=50, description="Units of your own whose case files it hears of; all, where none is named."),
    AfterValidator(_different),
]
CaseTypes = Annotated[
    list[Annotated[str, Word("content_case_type")]],
    Field(max_length=50, description="Case types of the case files it hears of; all, where none is named."),
    AfterValidator(_different),
]
Description = Annotated[
    str, StringConstraints(max_length=500), Field(description="For your own people; no case details.")
]

Moment = Annotated[datetime, AfterValidator(_with_zone)]
AtOnce = Annotated[
    int,
    Field(ge=1, le=100, description="Deliveries under way at a time at the most; never more than the service allows."),
]
PerSecond = Annotated[int, Field(ge=1, le=1000, description="Deliveries a second at the most; else no limit.")]


class CreateEndpointRequest(Body):
    """Register a webhook endpoint."""

    url: Url
    event_types: Patterns
    units: Units = Field(default_factory=list)
    case_types: CaseTypes = Field(default_factory=list)
    description: Description | None = None
    signature_scheme: Scheme = Field(
        Scheme.SYMMETRIC, description="`v1`: HMAC by a secret shown once; `v1a`: Ed25519, verified by `public_keys`."
    )
    max_at_once: AtOnce | None = None
    max_per_second: PerSecond | None = None


class PatchEndpointRequest(Body):
    """Change a webhook endpoint (merge patch): a new URL, or the URL of a disabled one again, is verified anew."""

    url: Url | None = None
    event_types: Patterns | None = None
    units: Units | None = Field(None, description="Null takes the choice away.")
    case_types: CaseTypes | None = Field(None, description="Null takes the choice away.")
    description: Description | None = None
    max_at_once: AtOnce | None = None
    max_per_second: PerSecond | None = None
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        None, description="The client of your organisation that answers for the endpoint from now on."
    )
    state: Literal["disabled"] | None = Field(
        None, description="Ends it for now; its url, patched again, has it verified and active."
    )

    @field_validator("url", "event_types", "client_id", "state")
    @classmethod
    def _cannot_go(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("This cannot be taken away: give another value, or leave it out.")
        return value


class RedeliverRequest(Body):
    """Send again: one event, or the endpoint's events since a time: all, up to another time, or what was given up."""

    event_id: UUID | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="With `since`: what happened before this time only.")
    state: Literal["given_up"] | None = Field(None, description="With `since`: only what was given up.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.event_id is None) == (self.since is None):
            raise ValueError("Give either event_id or since.")
        if self.since is None and (self.until is not None or self.state is not None):
            raise ValueError("Give until and state with since only.")
        return self


EndpointState = Literal["pending", "active", "failing", "disabled"]


class EndpointView(BaseModel):
    """A webhook endpoint. The secret is shown only when it is made."""

    id: UUID
    organisation: str
    client_id: str
    url: str
    event_types: list[str]
    units: list[str]
    case_types: list[str]
    description: str | None
    state: EndpointState
    reason: str | None = Field(
        description="`disabled`: `gone`, `failing`, `not_verified`, `client_revoked` or `by_owner`; `failing`: what the"
        " last attempt ran into, as in `error` of an attempt."
    )
    failing_since: str | None = Field(description="Since when it has taken nothing; null where the last was taken.")
    disabled_at: str | None
    disabled_by: str | None = Field(description="The client that disabled it, or `service`.")
    max_at_once: int | None
    max_per_second: int | None
    signature_scheme: Scheme
    public_keys: list[str] = Field(
        description="With `v1a` the keys to verify by (`whpk_…`), the present one first, then the one before it."
    )
    created_at: str
    updated_at: str


class EndpointWithSecret(EndpointView):
    """A webhook endpoint with a secret that was just made."""

    secret: str | None = Field(
        default="", description="Shown this once; a repeated call is answered without it. With `v1a` there is none."
    )
    previous_secret_expires_at: str | None = None


class EndpointItem(EndpointView):
    """A webhook endpoint in a list."""

    etag: str


class EndpointList(BaseModel):
    """A page of webhook endpoints."""

    items: list[EndpointItem]
    next_cursor: str | None


class AttemptView(BaseModel):
    """One attempt at a delivery."""

    number: int
    at: str
    status: int | None
    latency_ms: int
    error: str | None
    answer: str | None


class DeliveryView(BaseModel):
    """One event owed to an endpoint, with every attempt at it."""

    id: UUID
    event_id: UUID
    event_type: str
    case_file_id: UUID | None
    state: Literal["waiting", "delivered", "given_up"]
    next_attempt_at: str | None
    created_at: str
    attempts: list[AttemptView]


class DeliveryList(BaseModel):
    """A page of deliveries, the newest first."""

    items: list[DeliveryView]
    next_cursor: str | None


class FailureView(BaseModel):
    """A failed attempt: when, and what came back."""

    at: str
    status: int | None
    error: str


class RecentView(BaseModel):
    """What came of attempts in the time just past, and how long the receiver took."""

    taken: int
    failed: int
    latency_ms_p50: int | None
    latency_ms_p95: int | None


class EndpointStatus(BaseModel):
    """How an endpoint fares: what waits for it, when it is tried next, and what came of late."""

    id: UUID
    as_of: str
    state: EndpointState
    reason: str | None
    failing_since: str | None
    failures_in_a_row: int
    waiting: int = Field(description="Deliveries owed and not made yet.")
    oldest_waiting_since: str | None
    unread: int = Field(description="Events of your feed not looked through for it yet; not all may be for it.")
    next_attempt_at: str | None
    given_up: int = Field(description="Deliveries that are tried no more; `redeliver` sends them again.")
    last_taken_at: str | None
    last_failure: FailureView | None
    last_hour: RecentView
    last_day: RecentView


class TestSent(BaseModel):
    """A test event is on its way."""

    __test__ = False

    event_id: UUID
    state: str


class Redelivering(BaseModel):
    """So many events are sent again."""

    deliveries: int


class EventBody(BaseModel):
    """An event as it is told: in the feed and as the body of a webhook."""

    type: str
    timestamp: str
    data: dict[str, Any]


class EventPage(BaseModel):
    """A page of the feed; `next_cursor` is where to go on, also when there was nothing new."""

    items: list[EventBody]
    next_cursor: str


def endpoint_view(row: WebhookEndpoint) -> dict[str, Any]:
    """Return an endpoint as its organisation sees it."""
    return {
        "id": str(row.id),
        "organisation": row.organisation,
        "client_id": row.client_id,
        "url": row.url,
        "event_types": list(row.event_types),
        "units": list(row.units),
        "case_types": list(row.case_types),
        "description": row.description,
        "state": "failing" if row.failing else row.state,
        "reason": (row.last_error or "not_kept") if row.failing else row.reason,
        "failing_since": utc_text(row.failing_since) if row.failing_since else None,
        "disabled_at": utc_text(row.disabled_at) if row.disabled_at else None,
        "disabled_by": row.disabled_by,
        "max_at_once": row.max_at_once,
        "max_per_second": row.max_per_second,
        "signature_scheme": row.signature_scheme,
        "public_keys": list(row.public_keys),
        "created_at": utc_text(row.created_at),
        "updated_at": utc_text(row.updated_at),
    }


def endpoint_item(row: WebhookEndpoint) -> dict[str, Any]:
    """Return an endpoint as it stands in a list."""
    view = endpoint_view(row)
    return {**view, "etag": tag_of(view)}


def delivery_view(row: Any, attempts: Sequence[Any]) -> dict[str, Any]:
    """Return a delivery with its attempts."""
    return {
        "id": str(row.id),
        "event_id": str(row.event_id),
        "event_type": row.event_type,
        "case_file_id": str(row.case_file_id) if row.case_file_id else None,
        "state": row.state,
        "next_attempt_at": utc_text(row.due_at) if row.state == "waiting" else None,
        "created_at": utc_text(row.created_at),
        "attempts": [
            {
                "number": attempt.number,
                "at": utc_text(attempt.tried_at),
                "status": attempt.status,
                "latency_ms": attempt.latency_ms,
                "error": attempt.error,
                "answer": attempt.answer,
            }
            for attempt in attempts
        ],
    }
