"""How tests are shared out between processes: those that need the same sandbox together, and what takes long first.

A sandbox costs seconds of processor time to start, and some all the while that it runs: three processes that each
start one for a few files of tests are slower than one that does for all. A file that takes a minute is no good last.
"""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling

# Files that share a sandbox of their own kind go to one process; the first that fits counts.
TOGETHER = {
    "tests/contract/": "tests/contract",
    "tests/api/test_early_advice_deadlines.py": "a clock that is moved",
    "tests/api/test_early_advice_lists.py": "a clock that is moved",
    "tests/api/test_early_advice_table.py": "a clock that is moved",
    "tests/api/test_early_advice_transferred.py": "a clock that is moved",
}
# What takes longest, the longest first.
FIRST: Sequence[str] = (
    "tests/contract/",
    "tests/api/test_early_advice_table.py",
    "tests/faults/test_webhook_delivery.py",
    "tests/api/test_early_advice_deadlines.py",
    "tests/api/test_early_advice_lists.py",
    "tests/api/test_early_advice_transferred.py",
    "tests/faults/test_attachments_in_hard_times.py",
    "tests/house_rules/test_migrations.py",
    "tests/faults/test_kills.py",
    "tests/api/test_sender_bound_tokens.py",
    "tests/api/test_webhooks.py",
    "tests/api/test_webhooks_told.py",
    "tests/api/test_webhook_endpoints.py",
    "tests/journeys/",
    "tests/api/test_sequencer.py",
    "tests/api/test_statistics.py",
    "tests/api/test_token_keys.py",
    "tests/faults/",
    "tests/api/",
)


class BySandbox(LoadFileScheduling):
    """Shares out file by file, but what needs the same sandbox as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((room for start, room in TOGETHER.items() if file.startswith(start)), file)


def longest_first(items: list[pytest.Item]) -> None:
    """Order tests so that the longest files are begun first; the others stay as they are."""

    def place(item: pytest.Item) -> int:
        return next((at for at, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))

    items.sort(key=place)
