"""Rules for deadlines that a setting adds: they hold from their date on, and a faulty setting is told in a sentence."""

from datetime import UTC, date, datetime

import pytest

from casefile_api.early_advice.clock_keeping import rules_of
from casefile_api.early_advice.clocks import ClockKind, start
from casefile_api.errors import Misconfigured
from casefile_api.settings import Settings

ADDED = (
    '[{"kind": "advice", "effective_from": "2027-04-01", "target_days": 14, "unit": "calendar_days",'
    ' "unit_kinds": ["rasso"], "warn_days": 2}]'
)


def due(settings: Settings, received: datetime) -> date:
    clock = start(rules_of(settings), ClockKind.ADVICE, received, unit_kind="rasso")
    assert clock is not None
    return clock.due_on


def test_an_added_rule_holds_from_its_date_on_and_the_usual_one_before() -> None:
    settings = Settings(clock_rules=ADDED)
    assert due(settings, datetime(2027, 3, 31, 12, tzinfo=UTC)) == date(2027, 4, 21)
    assert due(settings, datetime(2027, 4, 1, 12, tzinfo=UTC)) == date(2027, 4, 15)


@pytest.mark.parametrize("faulty", ["{", "[1]", '[{"kind": "tea"}]', '{"kind": "advice"}'])
def test_a_faulty_setting_is_said_in_one_sentence(faulty: str) -> None:
    with pytest.raises(Misconfigured, match="CASEFILE_CLOCK_RULES"):
        rules_of(Settings(clock_rules=faulty))
