"""What is told of attempts is by endpoint only for so many: the number of series has an end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prometheus_client.registry import REGISTRY

from casefile_api.webhooks import measuring
from casefile_api.webhooks.connecting import Answer
from casefile_api.webhooks.outcomes import Sent
from casefile_api.webhooks.queue import Due

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def sent(endpoint: UUID, status: int, *, failures: int = 0) -> Sent:
    event = uuid4()
    due = Due(event, event, "case_file.opened", None, failures, None, b"{}", None, NOW)
    answer = Answer(status, None if status == 204 else "status", 20)
    return Sent(endpoint, "https://example.org/", due, NOW + timedelta(seconds=0.3), answer)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_attempts_are_counted_by_endpoint_for_so_many_and_the_rest_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_named", set())
    monkeypatch.setattr(measuring, "ENDPOINTS_BY_NAME", 1)
    named, other, another = uuid4(), uuid4(), uuid4()
    total, together = (
        "casefile_webhook_endpoint_attempts_total",
        value("casefile_webhook_endpoint_attempts_total", endpoint="other", taken="no"),
    )
    for endpoint, status in ((named, 204), (named, 204), (named, 500), (other, 500), (another, 500)):
        measuring.measure(sent(endpoint, status))
    assert value(total, endpoint=str(named), taken="yes") == 2
    assert value(total, endpoint=str(named), taken="no") == 1
    assert value(total, endpoint=str(other), taken="no") == 0
    assert value(total, endpoint="other", taken="no") == together + 2


def test_only_the_first_attempt_says_how_soon_somebody_was_told() -> None:
    seconds, count = "casefile_webhook_first_attempt_seconds_sum", "casefile_webhook_first_attempt_seconds_count"
    before = value(seconds), value(count)
    measuring.measure(sent(uuid4(), 204))
    measuring.measure(sent(uuid4(), 204, failures=1))
    assert (value(seconds) - before[0], value(count) - before[1]) == (pytest.approx(0.3), 1)
