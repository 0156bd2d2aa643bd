"""`python -m benchmarks.contents`: a content at the 1 MiB limit written, read, compared, judged and patched.

Each is called several times against a sandbox of its own, over HTTP as a force's system would; the table has the
quickest and the middle one. The rules alone are measured beside it, without HTTP, database or log.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
from httpx2 import Response
from rich.console import Console
from rich.table import Table

from casefile_api.case_files.changes import changes_between, json_patch
from casefile_api.case_files.checks import check_content, warnings
from casefile_api.case_files.content import content_faults
from casefile_api.file_standards.readiness import evaluate
from tests.outside.cases import opening
from tests.outside.client import Party
from tests.outside.running import running_sandbox
from tests.rules.limit_contents import content_at_the_limit, version_later

TRIES = 7


def main() -> None:
    """Measure and print the table."""
    table = Table("what", "quickest, ms", "middle, ms", title="A content at the limit of 1 MiB")
    before = content_at_the_limit()
    after = version_later(before)
    measure_rules(table, before, after)
    folder = Path(tempfile.mkdtemp(prefix="casefile-bench-"))
    folder.chmod(0o711)
    with running_sandbox(folder / "sandbox") as sandbox:
        measure_calls(table, sandbox.person("officer", unit="police-53-rasso"), before, after)
    Console().print(table)


def measure_rules(table: Table, before: dict[str, object], after: dict[str, object]) -> None:
    """The pure rules."""
    none = {"attachments_before": [], "attachments_after": []}
    today = date(2026, 11, 24)
    timed(table, "rules: changes", lambda: changes_between(before, after, from_number=1, to_number=2, **none))
    timed(table, "rules: changes as JSON Patch", lambda: json_patch(before, after))
    for standard in ("early_advice", "full_code_test", "trial"):
        judged = lambda name=standard: evaluate(name, before, envelope={}, request=None, on=today)  # noqa: E731
        timed(table, f"rules: readiness, {standard}", judged)
    timed(table, "rules: shape", lambda: content_faults(before))
    timed(table, "rules: errors", lambda: check_content(before, attachment_ids=[], on=today))
    timed(table, "rules: warnings", lambda: warnings(before, on=today))


def measure_calls(table: Table, officer: Party, before: dict[str, object], after: dict[str, object]) -> None:
    """The calls."""
    case = sent(officer, "/v1/case-files", opening(content=before)).json()
    path = f"/v1/case-files/{case['id']}"

    def write(content: dict[str, object]) -> None:
        body = {"content": content, "note": "again"}
        sent(officer, f"{path}/versions", body, if_match=officer.etag(path))

    contents = iter([after, before] * TRIES)
    timed(table, "calls: write a version (and read its tag)", lambda: write(next(contents)))
    timed(table, "calls: read", lambda: officer.get(path, expect=200))
    timed(table, "calls: changes", lambda: officer.get(f"{path}/versions/2/changes?since=1", expect=200))
    readiness = f"{path}/versions/2/readiness?standard=full_code_test"
    timed(table, "calls: readiness", lambda: officer.get(readiness, expect=200))
    numbers = iter(range(100))
    issues = lambda: {"content": {"issues": f"Another {next(numbers)}."}, "note": "patched"}  # noqa: E731
    timed(table, "calls: patch (and read its tag)", lambda: officer.change(path, issues()))


def sent(officer: Party, path: str, body: dict[str, object], **rest: str) -> Response:
    """A body as short as it can be written: there is no room at the limit."""
    answer = officer.call("POST", path, content=orjson.dumps(body), media_type="application/json", **rest)
    assert answer.status_code == 201, answer.text[:300]
    return answer


def timed(table: Table, what: str, act: Callable[[], object]) -> None:
    """Adds a row."""
    spent = []
    for _ in range(TRIES):
        started = time.perf_counter()
        act()
        spent.append((time.perf_counter() - started) * 1_000)
    table.add_row(what, f"{min(spent):.1f}", f"{statistics.median(spent):.1f}")


if __name__ == "__main__":
    main()
