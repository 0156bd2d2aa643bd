"""What an operator watches of the telling: what came of attempts, how long receivers took, how soon they were told.

By endpoint only for so many, so that the number of series stays bounded; the rest count together as `other`.
"""

from datetime import datetime

from prometheus_client import Counter, Histogram

from casefile_api.webhooks.outcomes import Sent

ENDPOINTS_BY_NAME = 200
OTHER = "other"

ATTEMPTS = Counter("casefile_webhook_attempts", "Attempts to deliver a webhook, by what came of them", ["outcome"])
BY_ENDPOINT = Counter(
    "casefile_webhook_endpoint_attempts", "Attempts to deliver a webhook, by endpoint", ["endpoint", "taken"]
)
LATENCY = Histogram(
    "casefile_webhook_seconds", "Time that receivers took", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
)
FIRST = Histogram(
    "casefile_webhook_first_attempt_seconds",
    "Time from an event to the first attempt to tell of it",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300),
)

_named: set[str] = set()


def measure(sent: Sent) -> None:
    """Count an attempt."""
    ATTEMPTS.labels(sent.answer.error or "delivered").inc()
    BY_ENDPOINT.labels(_name(str(sent.endpoint_id)), "yes" if sent.answer.succeeded else "no").inc()
    LATENCY.observe(sent.answer.latency_ms / 1000)
    if sent.due.first_tried_at is None and sent.due.failures == 0:
        FIRST.observe(_seconds(sent.due.occurred_at, sent.tried_at))


def _name(endpoint: str) -> str:
    if endpoint not in _named:
        if len(_named) >= ENDPOINTS_BY_NAME:
            return OTHER
        _named.add(endpoint)
    return endpoint


def _seconds(begun: datetime, ended: datetime) -> float:
    return max(0.0, (ended - begun).total_seconds())
