"""Figures from counts: medians are exact, and what is left out for oversight cannot be worked out from the rest."""

import statistics
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casefile_api.statistics.describing import measures_page
from casefile_api.statistics.histograms import Histogram
from casefile_api.statistics.measures import DEFINITIONS
from casefile_api.statistics.schemas import Group
from casefile_api.statistics.scope import parts_of
from casefile_api.statistics.suppression import (
    PARTS_OF_A_SUM,
    SMALL,
    hidden_cells,
    hidden_within_units,
    with_sums,
    within,
)
from tests.house_rules import sources

COUNTS = st.dictionaries(
    st.tuples(*(st.sampled_from(of) for of in (["a", "b", "c"], ["state", "requests"], ["x", "y", "z"]))),
    st.integers(0, 12),
    max_size=18,
)


@given(st.lists(st.integers(0, 90), min_size=2, max_size=60))
def test_percentiles_are_those_of_the_numbers_themselves(days: list[int]) -> None:
    counted = Histogram({day: days.count(day) for day in days})
    assert counted.percentile(0.5) == statistics.median(days)
    ninth = statistics.quantiles(days, n=10, method="inclusive")[8]
    assert counted.percentile(0.9) is not None and abs(counted.percentile(0.9) - ninth) < 1e-9


def test_ages_are_reckoned_from_days_of_the_calendar() -> None:
    assert Histogram({100: 2, 90: 1}).ages(110).counts == {10: 2, 20: 1}
    assert Histogram().percentile(0.5) is None and Histogram().mean is None


@given(COUNTS)
def test_no_sum_lacks_one_part_alone(counts: dict[tuple[str, str, str], int]) -> None:
    hidden = hidden_cells(counts)
    shown = {cell: count for cell, count in counts.items() if count and cell not in hidden}
    assert all(count >= SMALL for count in shown.values())
    families: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    for group, measure, key in counts:
        families.setdefault(("across", measure, key), []).append((group, measure, key))
        if measure in PARTS_OF_A_SUM:
            families.setdefault((group, measure), []).append((group, measure, key))
    for cells in families.values():
        there = [cell for cell in cells if counts[cell]]
        left_out = [cell for cell in there if cell in hidden]
        assert safe(counts, there, left_out), "what is left out is the sum less the others"


def safe(counts: dict[tuple[str, str, str], int], there: list[Any], left_out: list[Any]) -> bool:
    """Whether the sum of these, which is told, tells neither one that was left out nor a few together."""
    several = len(left_out) > 1 and sum(counts[cell] for cell in left_out) >= SMALL
    return not left_out or several or left_out == there


BY_UNIT = st.dictionaries(
    st.tuples(st.sampled_from([within(u, g) for u in "ABC" for g in "123"]), st.just("clock"), st.just("x")),
    st.integers(0, 12),
    max_size=9,
)


@given(BY_UNIT)
def test_neither_another_unit_nor_all_together_tells_what_was_left_out_of_one(counts: dict[Any, int]) -> None:
    hidden = hidden_within_units(counts)
    for place in (0, 1):  # units by what they are divided into, and the other way round
        sums: dict[str, dict[Any, int]] = {}
        for cell, count in counts.items():
            if count:
                sums.setdefault(cell[0].split(within("", ""))[place], {})[cell] = count
        told = {(name, "clock", "x"): sum(parts.values()) for name, parts in sums.items()}
        untold = {name for name, _, _ in hidden_cells(told)}
        for name, parts in sums.items():
            left_out = [cell for cell in parts if cell in hidden]
            assert left_out if name in untold else safe(counts, list(parts), left_out)


def test_a_unit_that_went_with_a_small_one_is_not_told_when_it_is_asked_for_alone() -> None:
    counts = {(within(unit, "all"), "requests", ""): count for unit, count in (("A", 3), ("B", 9), ("C", 20))}
    assert {cell[0] for cell in hidden_within_units(counts)} == {within("A", "all"), within("B", "all")}


def test_a_group_of_few_is_left_out_as_a_whole_and_the_next_smallest_with_it() -> None:
    counts = {("a", "requests", ""): 3, ("b", "requests", ""): 9, ("c", "requests", ""): 20, ("b", "clock", "x"): 7}
    assert hidden_cells(counts) == {("a", "requests", ""), ("b", "requests", ""), ("b", "clock", "x")}


def test_a_sum_that_is_told_is_left_out_when_it_is_small() -> None:
    counts = with_sums({("a", "late", "answered"): 2, ("a", "late", "unanswered"): 1, ("a", "requests", ""): 30})
    assert ("a", "whole late", "") in hidden_cells(counts)


def test_every_figure_of_the_answer_has_its_definition() -> None:
    assert set(Group.model_fields) - {"group"} | {"breaches", "suppression"} == set(DEFINITIONS)


def test_the_page_of_measures_is_written_from_the_table() -> None:
    page = sources.ROOT / "docs" / "measures.md"
    assert page.read_text() == measures_page(), "python -m casefile_api.statistics.describing > docs/measures.md"


MONTHS = st.integers(2020 * 12, 2031 * 12).map(lambda number: date(number // 12, number % 12 + 1, 1))


@given(MONTHS, MONTHS)
def test_a_period_is_summed_of_years_quarters_and_months_without_gap_or_overlap(since: date, until: date) -> None:
    parts = list(parts_of(since, until))
    assert [part[1] for part in parts[1:]] == [part[2] for part in parts[:-1]]
    assert (parts[0][1], parts[-1][2]) == (since, until) if since < until else not parts
    for months, first, last in parts:
        assert first < last and not (first.month - 1) % months and not (last.month - 1) % months
    count = sum(((last.year - first.year) * 12 + last.month - first.month) // months for months, first, last in parts)
    # Before the first year and after the last: at most three quarters and two months each.
    assert count <= 10 + max(0, until.year - since.year - 1)
