"""A failed webhook is retried within seconds at first and for 75 hours at least, and a dead endpoint is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from casefile_api.webhooks import schedule

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def retries(jitter: float) -> list[timedelta]:
    """The waits of a delivery that never succeeds."""
    waits: list[timedelta] = []
    while (wait := schedule.next_wait(len(waits) + 1, sum(waits, timedelta()), jitter, None)) is not None:
        waits.append(wait)
    return waits


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_delivery_is_retried_for_at_least_75_hours(jitter: float) -> None:
    assert timedelta(hours=75) <= sum(retries(jitter), timedelta()) <= timedelta(hours=100)


def test_the_first_retry_comes_within_seconds() -> None:
    assert retries(1.0)[0] <= timedelta(seconds=10)


def test_jitter_lengthens_a_wait_and_never_shortens_it() -> None:
    assert all(late >= early for early, late in zip(retries(0.0), retries(1.0), strict=True))
    assert retries(0.3) != retries(0.7)


def test_a_delivery_tried_often_in_a_short_time_is_not_given_up() -> None:
    assert schedule.next_wait(50, timedelta(hours=3), 0.0, None) is not None
    assert schedule.next_wait(50, timedelta(hours=76), 0.0, None) is None


def test_retry_after_is_honoured_within_reason() -> None:
    assert schedule.next_wait(1, timedelta(), 0.0, timedelta(minutes=7)) == timedelta(minutes=7)
    assert schedule.next_wait(1, timedelta(), 0.0, timedelta(days=365)) == timedelta(hours=24)
    assert schedule.next_wait(1, timedelta(), 0.0, timedelta(0)) == timedelta(seconds=5)


def test_an_endpoint_that_fails_in_a_row_is_asked_at_growing_intervals() -> None:
    waits = [schedule.next_probe_wait(failures) for failures in range(10)]
    assert waits[:3] == [None, None, None]
    grown = [wait for wait in waits[3:] if wait is not None]
    assert grown == sorted(grown)
    assert len(grown) == 7
    assert grown[-1] == timedelta(minutes=5)


def test_five_days_of_nothing_but_failures_is_the_end() -> None:
    assert not schedule.is_dead(None, NOW)
    assert not schedule.is_dead(NOW - timedelta(days=4, hours=23), NOW)
    assert schedule.is_dead(NOW - timedelta(days=5), NOW)
