"""Who is charged, as a version shows it."""

from datetime import date
from typing import Any

import pytest

from casefile_api.case_files.charging import charges_shown

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("charges", "day"),
    [
        ([], None),
        ([{"state": "proposed"}, {"state": "authorised"}, {}], None),
        ([{"state": "charged"}], TODAY),
        ([{"charged_on": "2026-11-02"}], date(2026, 11, 2)),
        ([{"charged_at": "2026-07-01T23:30:00Z"}], date(2026, 7, 2)),
        ([{"charged_on": "2026-11-02", "charged_at": "2026-11-03T10:00:00Z"}], date(2026, 11, 2)),
        ([{"charged_on": "2026-11-09"}, {"charged_on": "2026-11-02"}], date(2026, 11, 2)),
        ([{"state": "withdrawn", "charged_on": "2026-11-02"}], None),
        ([{"state": "withdrawn", "charged_on": "2026-11-02"}, {"charged_on": "2026-11-09"}], date(2026, 11, 9)),
    ],
)
def test_the_first_charge_that_was_laid_and_stands_counts(charges: list[Any], day: date | None) -> None:
    content = {"suspects": [{"id": "s1", "proposed_charges": charges}, {"id": "s2"}]}
    assert charges_shown(content, on=TODAY) == ({"s1": day} if day else {})


def test_a_content_without_suspects_shows_nobody() -> None:
    assert charges_shown({}, on=TODAY) == {}
