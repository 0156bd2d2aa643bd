"""Counts over the whole run, however many processes it was spread over: what has worked, and which refusals were seen.

Each test process says at its end what its contract sandboxes were answered; the first process puts it together, prints
the table, and fails the run where something documented was never seen. Counted only where all contract tests ran.
"""

from collections import Counter
from typing import Any

import pytest

from tests.contract import coverage
from tests.outside.client import Exchange, Sandbox

COUNTED = ("test_permission_matrix", "test_every_operation", "test_bad_input", "test_outages", "test_schemas")
SANDBOXES: list[Sandbox] = []
"""every sandbox the contract was tried on in this process"""


class Count:
    """What has been gathered."""

    def __init__(self) -> None:
        self.seen: set[Exchange] = set()
        self.collected: Counter[str] = Counter()
        self.ran: Counter[str] = Counter()
        self.missing: dict[str, list[str]] = {}
        self.table = ""

    def add_sandboxes(self) -> None:
        """What this process was answered, without the parts of an address that do not matter."""
        self.seen |= {
            Exchange(one.method, coverage.path_of(one.url), one.status, one.code)
            for sandbox in SANDBOXES
            for one in sandbox.exchanges
        }

    @property
    def whole(self) -> bool:
        """Whether every contract test there is has run."""
        return all(self.collected[name] and self.ran[name] >= self.collected[name] for name in COUNTED)

    def check(self) -> None:
        """Compares with the document."""
        operations = coverage.documented(coverage.read_document())
        found = coverage.seen(operations, self.seen)
        self.table = coverage.table(operations, found)
        gaps = {operation.name: sorted(operation.outcomes - found[operation.name]) for operation in operations}
        self.missing = {name: outcomes for name, outcomes in gaps.items() if outcomes}


COUNT = Count()


def _contract_module(node_id: str) -> str | None:
    path, _, _ = node_id.partition("::")
    folder, _, name = path.rpartition("/")
    return name.removesuffix(".py") if folder.endswith("tests/contract") else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """How many tests each contract module has."""
    names = (_contract_module(item.nodeid) for item in session.items)
    COUNT.collected = Counter(name for name in names if name)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """How many of them ran."""
    name = _contract_module(report.nodeid)
    if name and report.when == "call":
        COUNT.ran[name] += 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """What another process was answered."""
    told = getattr(node, "workeroutput", {}).get("contract")
    if told:
        COUNT.seen |= {Exchange(*one) for one in told["seen"]}
        COUNT.collected |= Counter(told["collected"])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hands over to the first process; there, checks."""
    COUNT.add_sandboxes()
    if hasattr(session.config, "workeroutput"):
        seen = [(one.method, one.url, one.status, one.code) for one in COUNT.seen]
        session.config.workeroutput["contract"] = {"seen": seen, "collected": dict(COUNT.collected)}
    elif COUNT.whole:
        COUNT.check()
        if COUNT.missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table, and what it lacks."""
    if COUNT.table:
        terminalreporter.section("what the API documents, and what of it was seen")
        terminalreporter.write_line(COUNT.table)
    for name, outcomes in COUNT.missing.items():
        terminalreporter.write_line(f"NEVER SEEN: {name}: {', '.join(outcomes)}", red=True)
