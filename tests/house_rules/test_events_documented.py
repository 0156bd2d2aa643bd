"""What is written about events is what the catalogue says."""

import re

from casefile_api.events import EVENT_TYPES
from casefile_api.webhooks import connecting, schedule
from casefile_api.webhooks.drawing import events_table, members_table
from tests.house_rules.sources import PACKAGE, ROOT


def test_the_table_of_events_is_drawn_from_the_catalogue() -> None:
    written = (ROOT / "docs" / "events.md").read_text()
    assert events_table() in written
    assert members_table() in written


def test_every_event_recorded_anywhere_is_in_the_catalogue() -> None:
    nouns = "case_file|conflict|break_glass|attachment|early_advice|action|message|deadline|webhook_endpoint"
    named = re.compile(rf'"((?:{nouns})\.[a-z_]+)"')
    found = {
        (path.name, name)
        for path in PACKAGE.rglob("*.py")
        for name in named.findall(path.read_text())
        if not path.name.endswith("models.py")
    }
    unknown = {(path, name) for path, name in found if name not in EVENT_TYPES and not name.endswith(".sealed")}
    assert unknown == set()


def test_the_guide_for_receivers_names_the_times_that_hold() -> None:
    guide = " ".join((ROOT / "docs" / "receiving-webhooks.md").read_text().split())
    assert "5 seconds, 30 seconds, 2, 10 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours" in guide
    assert [wait.total_seconds() for wait in schedule.RETRY_WAITS] == [
        5, 30, 120, 600, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
    ]  # fmt: skip
    assert (connecting.CONNECT_SECONDS, connecting.TOTAL_SECONDS, connecting.ANSWER_BYTES_KEPT) == (5.0, 15.0, 256)
    assert schedule.DISABLED_AFTER.days == 5 and schedule.FAILING_AFTER == 3
