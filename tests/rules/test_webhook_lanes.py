"""Events of one case file go one after the other, whatever fails meanwhile; those of others do not wait for them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from casefile_api.webhooks.lanes import Lanes
from casefile_api.webhooks.queue import Due

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ONE, OTHER = UUID(int=101), UUID(int=102)


def due(number: int, case: UUID | None = ONE) -> Due:
    return Due(UUID(int=number), UUID(int=number), "case_file.opened", case, 0, None, b"{}", None, NOW)


@pytest.fixture
def lanes() -> Lanes:
    lanes = Lanes()
    lanes.look_begins()
    return lanes


def all_that_go(lanes: Lanes) -> list[int]:
    return [lanes.go().id.int for _ in iter(lambda: lanes.ready, False)]


def test_one_of_a_case_goes_at_a_time_and_those_of_no_case_all_at_once(lanes: Lanes) -> None:
    lanes.take_up([due(1), due(2), due(3, OTHER), due(4, None), due(5, None)])
    assert all_that_go(lanes) == [1, 3, 4, 5]
    lanes.taken(due(1))
    assert all_that_go(lanes) == [2]
    assert lanes.under_way == 4


def test_what_is_found_while_another_of_its_case_is_under_way_goes_behind_it(lanes: Lanes) -> None:
    lanes.take_up([due(1)])
    lanes.go()
    lanes.take_up([due(2)])
    assert not lanes.ready
    lanes.taken(due(1))
    assert all_that_go(lanes) == [2]


def test_it_is_in_hand_until_it_is_written(lanes: Lanes) -> None:
    lanes.take_up([due(1), due(2)])
    lanes.taken(lanes.go())
    assert lanes.in_hand == {UUID(int=1), UUID(int=2)}
    lanes.written([due(1)])
    assert lanes.in_hand == {UUID(int=2)}


def test_what_is_behind_a_failure_goes_back_to_the_queue(lanes: Lanes) -> None:
    lanes.take_up([due(1), due(2), due(3, OTHER)])
    failed = lanes.go()
    lanes.failed(failed)
    assert lanes.in_hand == {UUID(int=1), UUID(int=3)}
    assert all_that_go(lanes) == [3]


def test_what_a_look_found_before_a_failure_was_written_comes_too_early(lanes: Lanes) -> None:
    lanes.take_up([due(1)])
    failed = lanes.go()
    lanes.failed(failed)
    lanes.look_begins()  # the failure is not written yet
    lanes.failure_written(failed)
    lanes.written([failed])
    lanes.take_up([due(2), due(3, OTHER)])
    assert all_that_go(lanes) == [3]
    lanes.look_begins()
    lanes.take_up([due(1), due(2)])
    assert all_that_go(lanes) == [1]


def test_what_is_let_go_is_in_nobodys_hand_and_may_be_found_again(lanes: Lanes) -> None:
    lanes.take_up([due(1), due(2), due(3, OTHER)])
    lanes.go()
    lanes.let_go()
    lanes.take_up([due(4, None)])  # found by a look that began before
    assert (lanes.in_hand, lanes.ready) == ({UUID(int=1)}, False)
    lanes.look_begins()
    lanes.take_up([due(2), due(3, OTHER)])
    assert all_that_go(lanes) == [3]
    lanes.taken(due(1))
    assert all_that_go(lanes) == [2]
