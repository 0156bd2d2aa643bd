"""Where the program's own lines go."""

import io
import json
import sys

import pytest
import structlog

from casefile_api.logs import write_logs


def test_lines_go_to_standard_error_as_it_is_and_not_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", gone)
    write_logs()
    gone.close()
    monkeypatch.setattr(sys, "stderr", now)
    structlog.get_logger("test").error("part_died", deaths=1)
    assert json.loads(now.getvalue())["event"] == "part_died"
