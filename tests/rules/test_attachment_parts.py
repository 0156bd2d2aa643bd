"""How files are cut into parts, and what makes a file acceptable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefile_api.attachments.parts import FILE_LIMIT_BYTES, MIB, PART_FLOOR_BYTES, PART_LIMIT, plan_parts


@given(st.integers(0, FILE_LIMIT_BYTES))
def test_the_parts_of_any_file_add_up_and_keep_to_what_storage_takes(size: int) -> None:
    plan = plan_parts(size)
    assert plan.part_size_bytes * (plan.part_count - 1) + plan.size_of(plan.part_count) == size
    assert 1 <= plan.part_count <= PART_LIMIT
    assert plan.size_of(plan.part_count) <= plan.part_size_bytes <= 5 * 1024 * MIB
    assert plan.part_size_bytes >= 5 * MIB


@pytest.mark.parametrize(
    ("size", "count"), [(0, 1), (1, 1), (PART_FLOOR_BYTES, 1), (PART_FLOOR_BYTES + 1, 2), (FILE_LIMIT_BYTES, 9987)]
)
def test_a_file_goes_in_one_part_when_it_fits(size: int, count: int) -> None:
    plan = plan_parts(size)
    assert plan.part_count == count
    assert plan.is_multipart == (count > 1)


def test_the_missing_parts_are_named_in_order() -> None:
    plan = plan_parts(4 * PART_FLOOR_BYTES + 1)
    assert plan.missing([5, 2]) == [1, 3, 4]
    assert plan.missing(range(1, 6)) == []


@pytest.mark.parametrize("size", [-1, FILE_LIMIT_BYTES + 1])
def test_a_size_no_file_has_is_an_error_of_ours(size: int) -> None:
    with pytest.raises(ValueError, match="no file has"):
        plan_parts(size)
