"""Each operation has answered with success, and each refusal it documents has been seen: the table, and its check.

Counts what all contract tests before it were answered; by itself it has nothing to count.
"""

import pytest

from tests.contract import coverage
from tests.outside.client import Sandbox

pytestmark = pytest.mark.xdist_group("contract")
COUNTED = {"test_permission_matrix", "test_every_operation", "test_bad_input", "test_outages", "test_schemas"}


def test_every_operation_worked_and_every_documented_refusal_was_seen(
    sandboxes: list[Sandbox], request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    collected = {item.path.stem for item in request.session.items if item.path.parent.name == "contract"}
    if not collected >= COUNTED:
        pytest.skip("counts only after all contract tests")
    operations = coverage.documented(coverage.read_document())
    found = coverage.seen(operations, [exchange for one in sandboxes for exchange in one.exchanges])
    with capsys.disabled():
        print("\n" + coverage.table(operations, found))
    missing = {operation.name: sorted(operation.outcomes - found[operation.name]) for operation in operations}
    assert {name: outcomes for name, outcomes in missing.items() if outcomes} == {}
