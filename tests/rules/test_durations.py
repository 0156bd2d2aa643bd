"""How far the sandbox's clock is moved, as ISO 8601 writes it."""

from datetime import UTC, datetime, timedelta

import pytest

from casefile_api.sandbox.durations import read_duration

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P21D", timedelta(days=21)),
        ("P2W", timedelta(weeks=2)),
        ("PT36H", timedelta(hours=36)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("P1M", timedelta(days=28)),
        ("P1Y", timedelta(days=365)),
        ("P1Y1M1D", timedelta(days=365 + 28 + 1)),
        ("PT0S", timedelta()),
    ],
)
def test_a_duration_is_read_by_the_calendar(text: str, length: timedelta) -> None:
    assert read_duration(text, START) == length


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "21D", "P-1D", "-P1D", "P1.5D", "P1H", "PT1D", "P1D1W", "p1d", "P1D ", "P9999Y", "P10000D"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        read_duration(text, START)


def test_the_end_of_the_calendar_is_the_end() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        read_duration("P999Y", datetime(9500, 1, 1, tzinfo=UTC))
