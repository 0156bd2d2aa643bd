"""A receiver is told no faster than it can bear: its own limits, and gently after it was away."""

from casefile_api.webhooks import pacing
from casefile_api.webhooks.pacing import Pace


def sent_within(pace: Pace, seconds: float) -> int:
    """How many go, one after the other and all taken, within so long."""
    now, count = 100.0, 0
    while (now := now + pace.wait(now)) < 100.0 + seconds:
        pace.go(now)
        pace.taken()
        count += 1
        now += 0.0001
    return count


def test_who_sets_no_limit_is_told_as_fast_as_they_take() -> None:
    assert Pace(4).wait(0.0) == 0.0
    assert sent_within(Pace(4), 0.5) > 1000


def test_a_limit_of_so_many_a_second_holds() -> None:
    assert 198 <= sent_within(Pace(4, 20.0), 10) <= 202


def test_so_many_at_a_time_and_no_more() -> None:
    pace = Pace(3)
    assert [pace.free(under_way) for under_way in (0, 2, 3)] == [True, True, False]
    pace.limit(1, None)
    assert [pace.free(under_way) for under_way in (0, 1)] == [True, False]


def test_who_was_away_is_told_one_at_a_time_and_slowly_at_first() -> None:
    pace = Pace(4)
    pace.begin_gently()
    assert [pace.free(under_way) for under_way in (0, 1)] == [True, False]
    first = sent_within(pace, 1)
    assert pacing.GENTLE_PER_SECOND <= first <= pacing.GENTLE_PER_SECOND * 2
    pace.begin_gently()
    pace.next_at = 0.0
    assert sent_within(pace, 3) > first * 5
    pace.begin_gently()
    sent_within(pace, 12)
    assert pace.gentle is None and pace.free(3)


def test_a_failure_on_the_way_slows_it_down_again() -> None:
    pace = Pace(8)
    pace.begin_gently()
    sent_within(pace, 3)
    before, at_once = pace.gentle, pace.at_once
    assert before is not None
    pace.failed()
    assert pace.gentle == max(before / 2, pacing.GENTLE_PER_SECOND)
    assert pace.at_once == at_once / 2
    for _ in range(20):
        pace.failed()
    assert (pace.gentle, pace.at_once) == (pacing.GENTLE_PER_SECOND, 1.0)


def test_a_single_failure_of_a_receiver_that_is_well_leaves_its_pace_alone() -> None:
    pace = Pace(4)
    pace.failed()
    assert pace.gentle is None and pace.wait(0.0) == 0.0


def test_a_gentle_pace_never_exceeds_the_receivers_own() -> None:
    pace = Pace(4, 5.0)
    pace.begin_gently()
    assert 9 <= sent_within(pace, 2) <= 11
